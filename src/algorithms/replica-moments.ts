/**
 * Running moments and Adam's direction on replicas: the same bits on every worker, whatever its device.
 *
 *   m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²,   u = (m / c1) / (√(v / c2) + ε),   c = 1 − β^t or 1
 *
 * Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, arXiv 1412.6980. Every step here
 * is one product or one sum, which all devices round alike, or a portable quotient; the fused operations
 * of `src/optimizers` are for steps that a worker takes by itself.
 */
import { numberOption, type OptionSchema, type Options } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import { BETA_1, BETA_2, BIAS_CORRECTION, epsilonOption } from '../optimizers/moments.ts';
import { biasCorrection } from '../optimizers/powers.ts';
import { decayChunks, weightDecayOption } from '../optimizers/weight-decay.ts';
import type { Node } from './algorithm.ts';

export const ADAM_OPTIONS: OptionSchema = {
  beta1: BETA_1,
  beta2: BETA_2,
  epsilon: epsilonOption(1e-8),
  weightDecay: weightDecayOption(0),
  biasCorrection: BIAS_CORRECTION,
};

/**
 * For what compresses over a frozen variance. A coordinate that is hardly ever seen has a √v̂ far below the
 * scale that its sign is sent with, and would jump by their quotient; a larger ε bounds it.
 */
export const FROZEN_ADAM_OPTIONS: OptionSchema = { ...ADAM_OPTIONS, epsilon: epsilonOption(1e-5) };

/** What replicas are stepped with: a node's, or that of a part of its layout. */
export type Workbench = Pick<Node, 'compute' | 'layout' | 'scratch'>;

export interface Betas {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Whether moments are divided by the weight they have gathered: c = 1 − β^t. If not, c = 1. */
  readonly corrects: boolean;
}

export function betasOf(options: Options): Betas {
  return {
    beta1: numberOption(options, 'beta1'),
    beta2: numberOption(options, 'beta2'),
    epsilon: numberOption(options, 'epsilon'),
    weightDecay: numberOption(options, 'weightDecay'),
    corrects: options.biasCorrection !== false,
  };
}

/** c1 = 1 − β1^t or c2 = 1 − β2^t, by which a moment of t steps is divided; 1 where none is corrected. */
export function weightOf(betas: Betas, which: 'beta1' | 'beta2', t: number): number {
  return betas.corrects ? biasCorrection(betas[which], t) : 1;
}

/** dest ← a + b. `dest` may be either. */
export function addReplicas({ compute }: Workbench, dest: Vector, a: Vector, b: Vector): void {
  compute.linear(dest, [
    [1, a],
    [1, b],
  ]);
}

/** dest ← β old + (1 − β) value. `dest` must be neither. */
export function runningMean(node: Workbench, dest: Vector, old: Vector, value: Vector, beta: number): void {
  const { compute } = node;
  const share = node.scratch('share of a running mean');
  compute.linear(share, [[1 - beta, value]]);
  compute.linear(dest, [[beta, old]]);
  addReplicas(node, dest, dest, share);
}

/** dest ← β old + (1 − β) value². `dest` must be neither. */
export function runningSquare(node: Workbench, dest: Vector, old: Vector, value: Vector, beta: number): void {
  const square = node.scratch('square');
  node.compute.optimization.product(square, value, value);
  runningMean(node, dest, old, square, beta);
}

/** dest ← source / c: without the weight that the zeros at the start still have. */
export function corrected(node: Workbench, dest: Vector, source: Vector, weight: number): void {
  node.compute.linear(dest, [[1 / weight, source]]);
}

/** u ← (m / c1) / (√v̂ + ε), v̂ being corrected as it should be. `u` must be neither. */
export function adamDirection(
  node: Workbench,
  u: Vector,
  m: Vector,
  vHat: Vector,
  t: number,
  betas: Betas,
): void {
  node.compute.portable.preconditioned(u, m, vHat, betas.epsilon);
  corrected(node, u, u, weightOf(betas, 'beta1', t));
}

/** dest ← dest + λ x on weights: tensors with more than one axis. */
export function addReplicaDecay(node: Workbench, dest: Vector, x: Vector, weightDecay: number): void {
  const chunks = decayChunks(node.layout, weightDecay);
  if (chunks === null) return;
  const decay = node.scratch('decay');
  node.compute.slices.addScaledChunks(decay, x, chunks.bounds, chunks.factors, 'set');
  addReplicas(node, dest, dest, decay);
}
