/**
 * LARS: every layer has a learning rate in proportion to the size of its weights over that of its gradient.
 *
 *   λ_l = κ ‖x_l‖ / (‖g_l‖ + w ‖x_l‖),   m_l ← μ m_l + γ λ_l (g_l + w x_l),   x_l ← x_l − m_l
 *
 * You, Gitman and Ginsburg, "Large batch training of convolutional networks", 2017, arXiv 1708.03888,
 * algorithm 1: both rates are inside the momentum. A λ_l that grew because a gradient shrank must not scale
 * the large gradients of before, nor a new γ the steps that are still under way. Biases and norms (tensors
 * with one axis) have λ_l = 1 and no decay w; λ_l = 1 also for a layer whose weights are zero, which could not
 * start otherwise, or whose quotient is 0 / 0.
 */
import { numberOption } from '../base/options.ts';
import { LayerNorms } from './layer-norms.ts';
import { MOMENTUM } from './momentum.ts';
import { type OptimizerEntry, vectorIn } from './optimizer.ts';
import { hasMatrix, layerRates, weightDecayOption } from './weight-decay.ts';

export const lars: OptimizerEntry = {
  id: 'lars',
  label: 'LARS',
  description: 'Momentum whose rate in each layer follows the size of its weights over its gradient.',
  paper: 'You, Gitman and Ginsburg, 2017, arXiv 1708.03888',
  options: {
    momentum: MOMENTUM,
    trust: {
      kind: 'number',
      default: 0.001,
      min: 1e-6,
      max: 1,
      label: 'trust coefficient κ',
      help: 'How far a layer may move in a step, as a share of its size, before the learning rate.',
    },
    weightDecay: weightDecayOption(0.0005),
  },

  create(compute, layout, options) {
    const step = { momentum: numberOption(options, 'momentum'), nesterov: false, rate: 'momentum' } as const;
    const trust = numberOption(options, 'trust');
    const weight = numberOption(options, 'weightDecay');
    const rates = layerRates(layout, weight);
    const norms = new LayerNorms(compute, layout, 2);
    const matrices = layout.tensors.map(hasMatrix);
    return {
      vectors: ['m'],
      numbers: {},
      async step(next, state, held, direction, rate) {
        const [x, m] = [next('x'), next('m')];
        const before = { x: held, m: vectorIn(state, 'm') };
        const [sizes, gradients] = await norms.of(held, direction);
        const factors = matrices.map((isMatrix, l) => {
          const size = sizes[l] ?? 0;
          const divider = (gradients[l] ?? 0) + weight * size;
          if (!isMatrix || size === 0 || divider === 0) return rate;
          return (rate * trust * size) / divider;
        });
        compute.optimization.momentumStep({ x, m }, before, direction, rates(factors), step);
        return { x, state: { m } };
      },
      destroy: () => norms.destroy(),
    };
  },
};
