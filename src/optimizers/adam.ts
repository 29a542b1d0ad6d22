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
import { BETA_1, BETA_2, epsilonOption, MOMENTS, nextMoments } from './moments.ts';
import type { OptimizerEntry } from './optimizer.ts';
import { biasCorrection } from './powers.ts';
import { addDecay, decayChunks, weightDecayOption } from './weight-decay.ts';

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
    const beta1 = numberOption(options, 'beta1');
    const beta2 = numberOption(options, 'beta2');
    const epsilon = numberOption(options, 'epsilon');
    const decay = decayChunks(layout, numberOption(options, 'weightDecay'));
    return {
      ...MOMENTS,
      async step(next, state, held, direction, rate) {
        const x = next('x');
        let g = direction;
        if (decay !== null) {
          // The next x has room for g' until it is made.
          g = x;
          compute.linear(g, [[1, direction]]);
          addDecay(compute, g, held, decay, 1);
        }
        const { m, v, t } = nextMoments(compute, next, state, g, beta1, beta2);
        const correction = [biasCorrection(beta1, t), biasCorrection(beta2, t)] as const;
        compute.optimization.adaptiveStep(x, held, m, v, { rate, epsilon, correction });
        return { x, state: { m, v, t } };
      },
      destroy() {},
    };
  },
};
