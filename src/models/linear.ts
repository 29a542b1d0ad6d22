/**
 * `linear`: least squares, ŷ = w · x, with the loss ½ (ŷ - y)² in the mean over the batch.
 *
 * Its gradient over m rows is (1/m) Σ (w · x - y) x. Without a bias (give a column of ones instead, or ask
 * for one) and started from zeros it is a quadratic that anyone can recompute by hand.
 */
import { booleanOption, type Options } from '../base/options.ts';
import { affineProgram } from './affine.ts';
import { heUniform, packLayout } from './layout.ts';
import type { DataShape, Layout, ModelEntry } from './model.ts';

export const linear: ModelEntry = {
  id: 'linear',
  label: 'a linear model',
  description: 'Linear regression: predicts a number, with half the squared error as its loss.',
  options: {
    bias: {
      kind: 'boolean',
      label: 'bias',
      help: 'Adds a constant to every prediction.',
      default: false,
    },
  },
  regression: true,

  layout(options: Options, data: DataShape): Layout {
    const weight = ['weight', [1, data.width]] as const;
    return packLayout(booleanOption(options, 'bias') ? [weight, ['bias', [1]]] : [weight]);
  },

  initialise: heUniform,

  program: (compute, layout, _options, batch) =>
    affineProgram(compute, layout, batch, {
      classifies: false,
      record: (...given) => compute.regression.squaredError(...given),
    }),
};
