/**
 * CLARS: layer-wise rates by the average norm of minibatch gradients, instead of the norm of the average.
 *
 *   λ_l = min(λ_max, κ ‖x_l‖ / ((1/B) Σ_b ‖∇_l f_b(x)‖)),   m_l ← μ m_l + γ λ_l (g_l + w x_l),   x_l ← x_l − m_l
 *
 * Huo, Gu and Huang, "Large batch optimization for deep learning using new complete layer-wise adaptive
 * rate scaling", 2020, arXiv 2002.01576: noise that averaging would hide slows the first steps down, so
 * that no warm-up is needed. The B norms come from the workers; who averages them is the algorithm's
 * business. Biases, norms and layers of size zero are treated as in LARS (λ_l = 1, the last capped). Difference
 * from the authors' code, which multiplies the momentum by γ λ_l: both are inside it, as in LARS, for the same
 * reason.
 */
import { numberOption } from '../base/options.ts';
import { LayerNorms } from './layer-norms.ts';
import { MOMENTUM } from './momentum.ts';
import { type OptimizerEntry, vectorIn } from './optimizer.ts';
import { hasMatrix, layerRates, weightDecayOption } from './weight-decay.ts';

export const clars: OptimizerEntry = {
  id: 'clars',
  label: 'CLARS',
  description: 'LARS with the average norm of the workers’ gradients; needs no warm-up.',
  paper: 'Huo, Gu and Huang, 2020, arXiv 2002.01576',
  needsLayerNorms: true,
  options: {
    momentum: MOMENTUM,
    trust: {
      kind: 'number',
      default: 0.01,
      min: 1e-6,
      max: 1,
      label: 'trust coefficient κ',
      help: 'How far a layer may move in a step, as a share of its size, before the learning rate.',
    },
    largest: {
      kind: 'number',
      default: 0.1,
      min: 1e-6,
      max: 100,
      label: 'largest layer rate',
      help: 'No layer’s factor on the learning rate is larger than this.',
    },
    weightDecay: weightDecayOption(0.0005),
  },

  create(compute, layout, options) {
    const step = { momentum: numberOption(options, 'momentum'), nesterov: false, rate: 'momentum' } as const;
    const trust = numberOption(options, 'trust');
    const largest = numberOption(options, 'largest');
    const rates = layerRates(layout, numberOption(options, 'weightDecay'));
    const norms = new LayerNorms(compute, layout, 1);
    const matrices = layout.tensors.map(hasMatrix);
    return {
      vectors: ['m'],
      numbers: {},
      async step(next, state, held, direction, rate, layerNorms) {
        if (layerNorms?.length !== layout.tensors.length) {
          throw new RangeError(
            `CLARS needs the average gradient norm of each of the ${layout.tensors.length} tensors, ` +
              `not ${layerNorms?.length ?? 'none'}; average the workers' LayerNorms first.`,
          );
        }
        const [x, m] = [next('x'), next('m')];
        const before = { x: held, m: vectorIn(state, 'm') };
        const [sizes] = await norms.of(held);
        const factors = matrices.map((isMatrix, l) => {
          if (!isMatrix) return rate;
          const size = sizes[l] ?? 0;
          const gradient = layerNorms[l] ?? 0;
          const layerRate = size === 0 || gradient === 0 ? 1 : (trust * size) / gradient;
          return rate * Math.min(largest, layerRate);
        });
        compute.optimization.momentumStep({ x, m }, before, direction, rates(factors), step);
        return { x, state: { m } };
      },
      destroy: () => norms.destroy(),
    };
  },
};
