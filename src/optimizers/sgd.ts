/**
 * Stochastic gradient descent: x ← x − γ (g + λ x), with λ on weights only. Robbins and Monro, "A
 * stochastic approximation method", 1951. It remembers nothing.
 */
import { numberOption } from '../base/options.ts';
import type { OptimizerEntry } from './optimizer.ts';
import { uniformRates, weightDecayOption } from './weight-decay.ts';

export const sgd: OptimizerEntry = {
  id: 'sgd',
  label: 'SGD',
  description: 'Steps along the negative gradient.',
  paper: 'Robbins and Monro, Annals of Mathematical Statistics 22, 1951',
  options: { weightDecay: weightDecayOption(0) },

  create(compute, layout, options) {
    const rates = uniformRates(layout, numberOption(options, 'weightDecay'));
    return {
      vectors: [],
      numbers: {},
      async step(next, _, held, direction, rate) {
        const x = next('x');
        compute.optimization.descend(x, held, direction, rates(rate));
        return { x, state: {} };
      },
      destroy() {},
    };
  },
};
