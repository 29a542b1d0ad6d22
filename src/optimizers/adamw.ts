/**
 * Adam with decoupled weight decay:
 *
 *   m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²
 *   x ← x − γ ( (m / (1 − β1^t)) / (√(v / (1 − β2^t)) + ε) + λ x )
 *
 * Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv 1711.05101. As in
 * common use λ is multiplied by the learning rate γ, not by the schedule's factor alone; on weights only.
 */
import { numberOption } from '../base/options.ts';
import { adaptiveStep, BETA_1, BETA_2, epsilonOption, MOMENTS } from './moments.ts';
import type { OptimizerEntry } from './optimizer.ts';
import { uniformRates, weightDecayOption } from './weight-decay.ts';

export const adamw: OptimizerEntry = {
  id: 'adamw',
  label: 'AdamW',
  description: 'Adam whose weight decay is not scaled by the gradients.',
  paper: 'Loshchilov and Hutter, ICLR 2019, arXiv 1711.05101',
  options: {
    beta1: BETA_1,
    beta2: BETA_2,
    epsilon: epsilonOption(1e-8),
    weightDecay: weightDecayOption(0.01),
  },

  create(compute, layout, options) {
    const take = adaptiveStep(compute, options, 'decoupled');
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
