/**
 * Adam, with weight decay as a part of the gradient:
 *
 *   g' = g + λ x,   m ← β1 m + (1 − β1) g',   v ← β2 v + (1 − β2) g'²
 *   x ← x − γ (m / (1 − β1^t)) / (√(v / (1 − β2^t)) + ε)
 *
 * Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, arXiv 1412.6980, algorithm 1.
 * Difference: the optional λ, on weights only.
 */
import { numberOption } from '../base/options.ts';
import { adaptiveStep, BETA_1, BETA_2, epsilonOption, MOMENTS } from './moments.ts';
import type { OptimizerEntry } from './optimizer.ts';
import { uniformRates, weightDecayOption } from './weight-decay.ts';

export const adam: OptimizerEntry = {
  id: 'adam',
  label: 'Adam',
  description: 'Steps scaled for each weight by the running size of its gradient.',
  paper: 'Kingma and Ba, ICLR 2015, arXiv 1412.6980',
  options: {
    beta1: BETA_1,
    beta2: BETA_2,
    epsilon: epsilonOption(1e-8),
    weightDecay: weightDecayOption(0),
  },

  create(compute, layout, options) {
    const take = adaptiveStep(compute, options, 'coupled');
    const rates = uniformRates(layout, numberOption(options, 'weightDecay'));
    return {
      ...MOMENTS,
      async step(next, state, held, direction, rate) {
        return take(next, state, held, direction, rates(rate), 'step');
      },
      destroy() {},
    };
  },
};
