/**
 * `one-bit-columns`: the sign of every coordinate, and two values for each column of a weight matrix.
 *
 * The quantiser of 1-bit SGD (Seide, Fu, Droppo, Li, Yu: "1-bit stochastic gradient descent ...",
 * Interspeech 2014): in every column, numbers at or above 0 become their mean, those below 0 theirs. A
 * column holds the weights of one output unit: in our tensors of shape [outputs, ...] a run of neighbours;
 * a tensor with one axis is one column. A contraction with δ >= 1 / (length of the longest column).
 *
 * Message of m columns: two f32 a column (mean below 0, mean of the others; the same twice where all are of
 * one sign), then ⌈d/32⌉ words of bits, set where v_k >= 0.
 */
import { columnBounds } from './chunks.ts';
import type { CompressorEntry } from './compressor.ts';
import { LevelCodec, type LevelFormat, messageWords } from './level-codec.ts';

const FORMAT: LevelFormat = {
  id: 'one-bit-columns',
  fields: 2,
  statistic: 'mean',
  bits: 1,
  form: 'stream',
  levels: 2,
  draws: false,
  encode({ compute, source, bounds, message, offset }) {
    compute.quantization.chunkPairs(source, bounds, 'zero', 1, message, 0);
    compute.signPack(source, message, offset);
  },
  decode(means, levels) {
    levels.set(means);
    return true;
  },
};

export const oneBitColumns: CompressorEntry = {
  id: FORMAT.id,
  wire: 6,
  label: '1 bit by column',
  description: 'The sign of every number, and for each column of a weight matrix the mean of either sign.',
  class: 'contraction',
  options: {},
  bytes: (layout) => 4 * messageWords(FORMAT, layout.length, columnBounds(layout)),
  create: (compute, layout) => new LevelCodec(FORMAT, compute, layout.length, columnBounds(layout)),
};
