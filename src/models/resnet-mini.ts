/**
 * `resnet-mini`: a small residual network after He, Zhang, Ren and Sun 2015 (arXiv 1512.03385), with
 * group normalisation (Wu and He 2018, arXiv 1803.08494) where the paper has batch normalisation.
 *
 * Batch statistics would differ between workers that hold different data, and averaging parameters does
 * not average them; here every picture is normalised by itself. A convolution that halves the picture,
 * then blocks of two 3 × 3 convolutions, of which each after the first halves the picture again and
 * doubles the channels; then one dense layer over all that is left. The paper takes the mean of every
 * channel first: with so few channels, each of them normalised, that learns digits many times slower.
 */
import { numberOption, OptionError, type Options } from '../base/options.ts';
import { conv2d } from './layers/conv2d.ts';
import { dense } from './layers/dense.ts';
import { flatten } from './layers/flatten.ts';
import { groupNorm } from './layers/group-norm.ts';
import type { LayerMaker } from './layers/layer.ts';
import { pictureShape, refusesPicture } from './layers/picture.ts';
import { residual } from './layers/residual.ts';
import { initialiseLayers, sequential, sequentialLayout } from './layers/sequential.ts';
import { tensorOf } from './layout.ts';
import type { DataShape, Layout, ModelEntry } from './model.ts';

/** Pictures may be as small as this; a convolution with zeros around works on a single pixel. */
const LEAST = 4;

function layersOf(options: Options, classes: number): LayerMaker[] {
  const width = numberOption(options, 'width');
  const groups = numberOption(options, 'groups');
  const blocks = numberOption(options, 'blocks');
  if (width % groups !== 0) {
    throw new OptionError(
      `model.groups: ${width} channels do not divide into ${groups} equal groups; choose a divisor of ${width}.`,
    );
  }
  const convolution = (filters: number, stride: number) =>
    conv2d({ filters, kernel: 3, stride, padding: 1, bias: false });
  const block = (filters: number, stride: number) =>
    residual(
      [convolution(filters, stride), groupNorm(groups, 'relu'), convolution(filters, 1), groupNorm(groups)],
      stride === 1 ? [] : [conv2d({ filters, kernel: 1, stride, bias: false }), groupNorm(groups)],
    );
  return [
    convolution(width, 2),
    groupNorm(groups, 'relu'),
    ...Array.from({ length: blocks }, (_, at) => block(width * 2 ** at, at === 0 ? 1 : 2)),
    flatten(),
    dense(classes),
  ];
}

export const resnetMini: ModelEntry = {
  id: 'resnet-mini',
  label: 'small ResNet',
  description: 'Residual blocks of 3 × 3 convolutions, normalised picture by picture, for small pictures.',
  options: {
    width: {
      kind: 'number',
      label: 'channels',
      help: 'Channels of the first block; every further block doubles them.',
      default: 16,
      min: 1,
      max: 64,
      integer: true,
    },
    blocks: {
      kind: 'number',
      label: 'blocks',
      help: 'Residual blocks; each after the first halves the picture.',
      default: 2,
      min: 1,
      max: 3,
      integer: true,
    },
    groups: {
      kind: 'number',
      label: 'groups',
      help: 'Into how many groups of channels a picture is cut to be normalised; a divisor of the channels.',
      default: 4,
      min: 1,
      max: 32,
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
