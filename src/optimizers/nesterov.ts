/**
 * Nesterov's accelerated gradient, as used for networks:
 *
 *   g' = g + λ x,   m ← μ m + g',   x ← x − γ (g' + μ m)
 *
 * Nesterov 1983, in the form of Sutskever, Martens, Dahl and Hinton, "On the importance of initialization
 * and momentum in deep learning", ICML 2013, with the look-ahead folded into the step, so that
 * gradients are taken at x. Difference: momentum is kept in gradient units; λ on weights only.
 */
import { numberOption } from '../base/options.ts';
import { MOMENTUM } from './momentum.ts';
import { type OptimizerEntry, vectorIn } from './optimizer.ts';
import { addDecay, decayChunks, weightDecayOption } from './weight-decay.ts';

export const nesterov: OptimizerEntry = {
  id: 'nesterov',
  label: 'Nesterov',
  description: 'Momentum that looks one step ahead.',
  paper: 'Nesterov, Soviet Mathematics Doklady 27, 1983; Sutskever et al., ICML 2013',
  options: { momentum: MOMENTUM, weightDecay: weightDecayOption(0) },

  create(compute, layout, options) {
    const mu = numberOption(options, 'momentum');
    const decay = decayChunks(layout, numberOption(options, 'weightDecay'));
    return {
      vectors: ['m'],
      numbers: {},
      async step(next, state, held, direction, rate) {
        const m = next('m');
        const x = next('x');
        compute.linear(m, [
          [mu, vectorIn(state, 'm')],
          [1, direction],
        ]);
        addDecay(compute, m, held, decay, 1);
        compute.linear(x, [
          [1, held],
          [-rate, direction],
          [-rate * mu, m],
        ]);
        addDecay(compute, x, held, decay, -rate);
        return { x, state: { m } };
      },
      destroy() {},
    };
  },
};
