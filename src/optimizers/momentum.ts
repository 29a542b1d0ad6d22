/**
 * Heavy-ball momentum:
 *
 *   m ← μ m + g + λ x,   x ← x − γ m
 *
 * Polyak, "Some methods of speeding up the convergence of iteration methods", 1964. Momentum is kept in
 * gradient units (γ is not inside m), so that a new learning rate applies at once; λ on weights only.
 */
import { type NumberOption, numberOption } from '../base/options.ts';
import { type OptimizerEntry, vectorIn } from './optimizer.ts';
import { uniformRates, weightDecayOption } from './weight-decay.ts';

/** The option μ, of every optimizer with momentum. */
export const MOMENTUM: NumberOption = {
  kind: 'number',
  default: 0.9,
  min: 0,
  max: 0.9999,
  label: 'momentum μ',
  help: 'Share of the last step that is taken again; 0.9 averages over about ten steps.',
};

export const momentum: OptimizerEntry = {
  id: 'momentum',
  label: 'Momentum',
  description: 'SGD that keeps a share of its last step.',
  paper: 'Polyak, USSR Computational Mathematics and Mathematical Physics 4, 1964',
  options: { momentum: MOMENTUM, weightDecay: weightDecayOption(0) },

  create(compute, layout, options) {
    const step = { momentum: numberOption(options, 'momentum'), nesterov: false, rate: 'step' } as const;
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
