/**
 * The two running moments of Adam's family, their options, and the step that moves them and x at once:
 *
 *   m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²,   t ← t + 1
 */
import { type BooleanOption, type NumberOption, numberOption, type Options } from '../base/options.ts';
import type { Compute, Vector } from '../compute/compute.ts';
import type { AdaptiveStep, ChunkRates } from '../compute/optimization.ts';
import { numberIn, type OptimizerState, type OptimizerStep, vectorIn } from './optimizer.ts';
import { biasCorrection } from './powers.ts';

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

export const BIAS_CORRECTION: BooleanOption = {
  kind: 'boolean',
  default: true,
  label: 'bias correction',
  help: 'Whether the moments are divided by the weight they have gathered since they were zero, as in Adam.',
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

/**
 * Binds the step of the family to the options `beta1`, `beta2` and `epsilon`. What it returns records one
 * step in vectors from `next`; x of the result is u itself if `result` is 'direction'.
 */
export function adaptiveStep(
  compute: Compute,
  options: Options,
  decay: AdaptiveStep['decay'],
  corrects = true,
): (
  next: (name: string) => Vector,
  state: OptimizerState,
  x: Vector,
  g: Vector,
  rates: ChunkRates,
  result: AdaptiveStep['result'],
) => OptimizerStep {
  const beta1 = numberOption(options, 'beta1');
  const beta2 = numberOption(options, 'beta2');
  const epsilon = numberOption(options, 'epsilon');
  return (next, state, held, g, rates, result) => {
    const t = numberIn(state, 't') + 1;
    const [x, m, v] = [next('x'), next('m'), next('v')];
    const before = { x: held, m: vectorIn(state, 'm'), v: vectorIn(state, 'v') };
    const correction = corrects
      ? ([biasCorrection(beta1, t), biasCorrection(beta2, t)] as const)
      : ([1, 1] as const);
    const step = { beta1, beta2, epsilon, correction, decay, result };
    compute.optimization.adaptiveStep({ x, m, v }, before, g, rates, step);
    return { x, state: { m, v, t } };
  };
}
