/**
 * Operations of optimizers, each step in one pass over the numbers, and of algorithms that precondition:
 * a part of the Compute contract.
 *
 * All vectors of one call have the same length. Results are other vectors than the operands unless it says
 * otherwise. Nothing is guarded: a NaN or an infinity that goes in comes out where it was.
 */
import type { ChunkBounds, Vector } from './compute.ts';

/** Learning rate γ_c and weight decay λ_c of every chunk c; both have one entry fewer than `bounds`. */
export interface ChunkRates {
  readonly bounds: ChunkBounds;
  readonly rates: readonly number[];
  readonly decays: readonly number[];
}

/** What an optimizer with momentum goes on from, or where the next of it is written. */
export interface MomentumState {
  readonly x: Vector;
  readonly m: Vector;
}

export interface MomentumStep {
  /** μ. */
  readonly momentum: number;
  /** Whether to look one step ahead: x' = x − γ (g' + μ m') instead of x − γ m'. */
  readonly nesterov: boolean;
  /**
   * Where γ enters: it scales the `step` (m is in the gradient's units, and a new γ applies to all of it at
   * once), or the `momentum` sums up what it has already scaled (m is in the parameters' units).
   */
  readonly rate: 'step' | 'momentum';
}

export interface AdaptiveState extends MomentumState {
  readonly v: Vector;
}

export interface AdaptiveStep {
  readonly beta1: number;
  readonly beta2: number;
  /** ε, added to the root. */
  readonly epsilon: number;
  /** Bias corrections c1 = 1 − β1^t and c2 = 1 − β2^t, which divide m and v; [1, 1] for none. */
  readonly correction: readonly [c1: number, c2: number];
  /** Whether decay is a part of the gradient (Adam), or of the step (AdamW). */
  readonly decay: 'coupled' | 'decoupled';
  /** `step`: x' = x − γ u; `direction`: x' = u, for rules that weigh it first; γ is not used then. */
  readonly result: 'step' | 'direction';
}

export interface Optimization {
  /** dest = x − γ (g + λ x). `dest` may be `g`. */
  descend(dest: Vector, x: Vector, g: Vector, rates: ChunkRates): void;
  /**
   * With g' = g + λ x: m' = μ m + g', x' = x − γ m' (or as `nesterov` says); where the rate is inside,
   * m' = μ m + γ g', x' = x − m' (or x − (γ g' + μ m')).
   */
  momentumStep(
    next: MomentumState,
    held: MomentumState,
    g: Vector,
    rates: ChunkRates,
    step: MomentumStep,
  ): void;
  /**
   * m' = β1 m + (1 − β1) g, v' = β2 v + (1 − β2) g², u = (m' / c1) / (√(v' / c2) + ε) + λ x, x' = x − γ u:
   * the step of Adam and its kin (Kingma and Ba, arXiv 1412.6980; decoupled λ: Loshchilov and Hutter,
   * arXiv 1711.05101). Coupled, g + λ x takes the place of g, and u is without λ.
   */
  adaptiveStep(
    next: AdaptiveState,
    held: AdaptiveState,
    g: Vector,
    rates: ChunkRates,
    step: AdaptiveStep,
  ): void;
  /** dest = u ⊙ (√v + ε). `dest` may be either. */
  unprecondition(dest: Vector, u: Vector, v: Vector, epsilon: number): void;
  /** dest = a ⊙ b. `dest` may be either. */
  product(dest: Vector, a: Vector, b: Vector): void;
  /**
   * out[index + c] = max_k (√a_k + ε) / (√b_k + ε) over chunk c; 0 for an empty chunk, NaN if any ratio is.
   * `a` and `b` hold no negative numbers.
   */
  maximumRatio(a: Vector, b: Vector, bounds: ChunkBounds, epsilon: number, out: Vector, index: number): void;
  /**
   * dest = source · min(1, maxNorm / ‖source‖): clipping by the global Euclidean norm, without a read-back
   * (Pascanu, Mikolov and Bengio, arXiv 1211.5063). A norm that is not finite in f32 leaves all as it was,
   * so that what is wrong stays visible where it is. `dest` may be `source`.
   */
  scaleToNorm(dest: Vector, source: Vector, maxNorm: number): void;
}

/** @throws {RangeError} unless there are a rate and a decay for every chunk. */
export function checkRates({ bounds, rates, decays }: ChunkRates): void {
  if (rates.length !== bounds.length - 1 || decays.length !== rates.length) {
    throw new RangeError(
      `${bounds.length - 1} chunks need as many rates and decays, not ${rates.length} and ${decays.length}.`,
    );
  }
}
