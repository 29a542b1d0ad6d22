/**
 * The two running moments of Adam's family, and their options:
 *
 *   m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²,   t ← t + 1
 */
import type { NumberOption } from '../base/options.ts';
import type { Compute, Vector } from '../compute/compute.ts';
import { numberIn, type OptimizerState, vectorIn } from './optimizer.ts';

export const BETA_1: NumberOption = {
  kind: 'number',
  default: 0.9,
  min: 0,
  max: 0.9999,
  label: 'β1',
  help: 'Share of the running mean of gradients that is kept each step.',
};

export const BETA_2: NumberOption = {
  kind: 'number',
  default: 0.999,
  min: 0,
  max: 0.999999,
  label: 'β2',
  help: 'Share of the running mean of squared gradients that is kept each step.',
};

export function epsilonOption(byDefault: number): NumberOption {
  return {
    kind: 'number',
    default: byDefault,
    min: 1e-12,
    max: 1,
    label: 'ε',
    help: 'Added to the root of the second moment; larger values tame the steps of rarely used weights.',
  };
}

/** What an optimizer with both moments remembers. */
export const MOMENTS = { vectors: ['m', 'v'], numbers: { t: 0 } } as const;

export interface Moments {
  readonly m: Vector;
  readonly v: Vector;
  /** Steps taken, this one included. */
  readonly t: number;
}

/** The moments after gradient g, in vectors from `next`. */
export function nextMoments(
  compute: Compute,
  next: (name: string) => Vector,
  state: OptimizerState,
  g: Vector,
  beta1: number,
  beta2: number,
): Moments {
  const m = next('m');
  const v = next('v');
  compute.linear(m, [
    [beta1, vectorIn(state, 'm')],
    [1 - beta1, g],
  ]);
  compute.optimization.secondMoment(v, vectorIn(state, 'v'), g, beta2);
  return { m, v, t: numberIn(state, 't') + 1 };
}
