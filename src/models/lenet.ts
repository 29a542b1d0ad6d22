/**
 * `lenet`: convolutions and pooling, then dense layers, after LeCun, Bottou, Bengio and Haffner,
 * "Gradient-based learning applied to document recognition", 1998 (section II.B, figure 2).
 *
 * As it is used today rather than as it was: ReLU for the scaled tanh, softmax cross-entropy for the
 * Gaussian connections, plain pooling, and every filter sees all channels. Pictures are not padded.
 */
import { choiceOption, numberOption, numbersOption, type Options } from '../base/options.ts';
import { conv2d } from './layers/conv2d.ts';
import { dense } from './layers/dense.ts';
import { flatten } from './layers/flatten.ts';
import type { LayerMaker } from './layers/layer.ts';
import { pictureShape, refusesPicture } from './layers/picture.ts';
import { pool2d } from './layers/pool2d.ts';
import { initialiseLayers, sequential, sequentialLayout } from './layers/sequential.ts';
import { tensorOf } from './layout.ts';
import type { DataShape, Layout, ModelEntry } from './model.ts';

/** Below this, two convolutions of 5 × 5 with pooling leave nothing of a picture. */
const LEAST = 16;

function layersOf(options: Options, classes: number): LayerMaker[] {
  const pool = choiceOption(options, 'pool') === 'average' ? 'average' : 'max';
  return [
    ...numbersOption(options, 'filters').flatMap((filters) => [
      conv2d({ filters, kernel: 5, activation: 'relu' }),
      pool2d(pool, 2),
    ]),
    flatten(),
    dense(numberOption(options, 'hidden'), 'relu'),
    dense(classes),
  ];
}

export const lenet: ModelEntry = {
  id: 'lenet',
  label: 'LeNet',
  description: 'Two 5 × 5 convolutions with pooling, then two dense layers: the classic for small pictures.',
  options: {
    filters: {
      kind: 'numbers',
      label: 'filters',
      help: 'Filters of each convolution, the one next to the picture first; two at most.',
      default: [8, 16],
      min: 1,
      max: 64,
      integer: true,
      maxLength: 2,
    },
    pool: {
      kind: 'choice',
      label: 'pooling',
      help: 'What is kept of every 2 × 2 neighbours: the largest, or their mean.',
      default: 'max',
      choices: ['max', 'average'],
    },
    hidden: {
      kind: 'number',
      label: 'hidden units',
      help: 'Units of the dense layer between the convolutions and the classes.',
      default: 120,
      min: 1,
      max: 512,
      integer: true,
    },
  },

  refuses: (data) => refusesPicture(data, LEAST),

  layout(options: Options, data: DataShape): Layout {
    return sequentialLayout(layersOf(options, data.classes), pictureShape(data, LEAST));
  },

  initialise: initialiseLayers,

  program(compute, layout, options, batch) {
    const { length: classes } = tensorOf(layout, layout.tensors.at(-1)?.name ?? '');
    return sequential(compute, layout, layersOf(options, classes), batch);
  },
};
