/**
 * Element-wise operations of optimizers and of algorithms that precondition: a part of the Compute
 * contract.
 *
 * All vectors of one call have the same length. `dest` may be any of the operands unless it says otherwise.
 * Nothing is guarded: a NaN or an infinity that goes in comes out where it was.
 */
import type { ChunkBounds, Vector } from './compute.ts';
import type { ChunkFactors } from './slices.ts';

export interface AdaptiveStep {
  /** Learning rate γ. */
  readonly rate: number;
  /** ε, added to the root. */
  readonly epsilon: number;
  /** λ of decoupled weight decay: one for all, or one for each chunk. Default 0. */
  readonly weightDecay?: number | ChunkFactors;
  /** Bias corrections c1 = 1 − β1^t and c2 = 1 − β2^t, which divide m and v. Default [1, 1]. */
  readonly correction?: readonly [c1: number, c2: number];
}

export interface Optimization {
  /** dest = β v + (1 − β) g²: the running second moment. */
  secondMoment(dest: Vector, v: Vector, g: Vector, beta: number): void;
  /**
   * dest = x − γ ( (m / c1) / (√(v / c2) + ε) + λ x ): the step of Adam and its kin (Kingma and Ba, arXiv
   * 1412.6980; decoupled λ: Loshchilov and Hutter, arXiv 1711.05101). `dest` may be `x`, not `m` or `v`.
   */
  adaptiveStep(dest: Vector, x: Vector, m: Vector, v: Vector, step: AdaptiveStep): void;
  /** dest = m / (√v + ε). */
  precondition(dest: Vector, m: Vector, v: Vector, epsilon: number): void;
  /** dest = u ⊙ (√v + ε), the inverse of `precondition`. */
  unprecondition(dest: Vector, u: Vector, v: Vector, epsilon: number): void;
  /** dest = a ⊙ b. */
  product(dest: Vector, a: Vector, b: Vector): void;
  /**
   * out[index + c] = max_k (√a_k + ε) / (√b_k + ε) over chunk c; 0 for an empty chunk, NaN if any ratio is.
   * `a` and `b` hold no negative numbers.
   */
  maximumRatio(a: Vector, b: Vector, bounds: ChunkBounds, epsilon: number, out: Vector, index: number): void;
  /**
   * dest = source · min(1, maxNorm / ‖source‖): clipping by the global Euclidean norm, without a read-back
   * (Pascanu, Mikolov and Bengio, arXiv 1211.5063). A norm that is not finite in f32 leaves all as it was,
   * so that what is wrong stays visible where it is.
   */
  scaleToNorm(dest: Vector, source: Vector, maxNorm: number): void;
}
