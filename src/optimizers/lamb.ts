/**
 * LAMB: Adam's direction, scaled in every layer to the size of its weights.
 *
 *   m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²
 *   u = (m / c1) / (√(v / c2) + ε) + λ x,   c1 = 1 − β1^t,  c2 = 1 − β2^t
 *   r_l = clip(‖x_l‖ / ‖u_l‖, r_min, r_max)   (1 if a norm is 0),   x_l ← x_l − γ r_l u_l
 *
 * You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR 2020, arXiv
 * 1904.00962. The bias corrections are those of its first version; without them c1 = c2 = 1. λ on
 * weights only; every tensor has its ratio. Difference: the ratio is clipped, as is usual in code; the paper's
 * φ would clip ‖x_l‖.
 */
import { booleanOption, numberOption } from '../base/options.ts';
import { LayerNorms } from './layer-norms.ts';
import { adaptiveStep, BETA_1, BETA_2, BIAS_CORRECTION, epsilonOption, MOMENTS } from './moments.ts';
import type { OptimizerEntry } from './optimizer.ts';
import { layerRates, uniformRates, weightDecayOption } from './weight-decay.ts';

export const lamb: OptimizerEntry = {
  id: 'lamb',
  label: 'LAMB',
  description: 'Adam whose step in each layer has the size of its weights.',
  paper: 'You et al., ICLR 2020, arXiv 1904.00962',
  options: {
    beta1: BETA_1,
    beta2: BETA_2,
    epsilon: epsilonOption(1e-6),
    weightDecay: weightDecayOption(0.01),
    minRatio: {
      kind: 'number',
      default: 0.01,
      min: 0,
      max: 1,
      label: 'smallest ratio',
      help: 'A layer takes at least this multiple of Adam’s step.',
    },
    maxRatio: {
      kind: 'number',
      default: 10,
      min: 1,
      max: 1000,
      label: 'largest ratio',
      help: 'A layer takes at most this multiple of Adam’s step.',
    },
    biasCorrection: BIAS_CORRECTION,
  },

  create(compute, layout, options) {
    const least = numberOption(options, 'minRatio');
    const most = numberOption(options, 'maxRatio');
    const corrects = booleanOption(options, 'biasCorrection');
    const take = adaptiveStep(compute, options, 'decoupled', corrects);
    const decays = uniformRates(layout, numberOption(options, 'weightDecay'));
    const along = layerRates(layout, 0);
    const norms = new LayerNorms(compute, layout, 2);
    return {
      ...MOMENTS,
      async step(next, state, held, direction, rate) {
        // The next x has room for u until the ratios are known.
        const { x, state: moments } = take(next, state, held, direction, decays(0), 'direction');
        const [sizes, steps] = await norms.of(held, x);
        const factors = sizes.map((size, l) => {
          const step = steps[l] ?? 0;
          const ratio = size === 0 || step === 0 ? 1 : size / step;
          return rate * Math.min(most, Math.max(least, ratio));
        });
        compute.optimization.descend(x, held, x, along(factors));
        return { x, state: moments };
      },
      destroy: () => norms.destroy(),
    };
  },
};
