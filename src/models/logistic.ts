/**
 * `logistic`: multinomial logistic regression, softmax(W x + b) with the cross-entropy in the mean over
 * the batch. Convex: what an algorithm reaches does not depend on luck. The MLP without hidden layers is
 * the same function under other names of its tensors.
 */
import type { Options } from '../base/options.ts';
import { affineProgram } from './affine.ts';
import { heUniform, packLayout, tensorOf } from './layout.ts';
import type { DataShape, Layout, ModelEntry } from './model.ts';
import { crossEntropy } from './row-program.ts';

export const logistic: ModelEntry = {
  id: 'logistic',
  label: 'logistic regression',
  description: 'Softmax regression: one linear score a class, and the cross-entropy as its loss.',
  options: {},

  layout(_options: Options, data: DataShape): Layout {
    return packLayout([
      ['weight', [data.classes, data.width]],
      ['bias', [data.classes]],
    ]);
  },

  initialise: heUniform,

  program: (compute, layout, _options, batch) =>
    affineProgram(compute, layout, batch, crossEntropy(compute, tensorOf(layout, 'bias').length)),
};
