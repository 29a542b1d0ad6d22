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
import { BETA_1, BETA_2, epsilonOption, MOMENTS, nextMoments } from './moments.ts';
import type { OptimizerEntry } from './optimizer.ts';
import { biasCorrection } from './powers.ts';
import { decayChunks, weightDecayOption } from './weight-decay.ts';

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
    const beta1 = numberOption(options, 'beta1');
    const beta2 = numberOption(options, 'beta2');
    const epsilon = numberOption(options, 'epsilon');
    const weightDecay = decayChunks(layout, numberOption(options, 'weightDecay')) ?? 0;
    return {
      ...MOMENTS,
      async step(next, state, held, direction, rate) {
        const x = next('x');
        const { m, v, t } = nextMoments(compute, next, state, direction, beta1, beta2);
        const correction = [biasCorrection(beta1, t), biasCorrection(beta2, t)] as const;
        compute.optimization.adaptiveStep(x, held, m, v, { rate, epsilon, weightDecay, correction });
        return { x, state: { m, v, t } };
      },
      destroy() {},
    };
  },
};
