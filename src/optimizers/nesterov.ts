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
import { uniformRates, weightDecayOption } from './weight-decay.ts';

export const nesterov: OptimizerEntry = {
  id: 'nesterov',
  label: 'Nesterov',
  description: 'Momentum that looks one step ahead.',
  paper: 'Nesterov, Soviet Mathematics Doklady 27, 1983; Sutskever et al., ICML 2013',
  options: { momentum: MOMENTUM, weightDecay: weightDecayOption(0) },

  create(compute, layout, options) {
    const step = { momentum: numberOption(options, 'momentum'), nesterov: true, rate: 'step' } as const;
    const rates = uniformRates(layout, numberOption(options, 'weightDecay'));
    return {
      vectors: ['m'],
      numbers: {},
      async step(next, state, held, direction, rate) {
        const [x, m] = [next('x'), next('m')];
        const before = { x: held, m: vectorIn(state, 'm') };
        compute.optimization.momentumStep({ x, m }, before, direction, rates(rate), step);
        return { x, state: { m } };
      },
      destroy() {},
    };
  },
};
