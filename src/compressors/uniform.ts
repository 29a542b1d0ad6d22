/**
 * `uniform`: every number randomly rounded to one of 2^bits equally spaced values between the least and the
 * greatest of its chunk.
 *
 * A number between two neighbouring values goes to the upper with probability (v - lower) / (upper - lower):
 * unbiased, with squared error Σ (upper - v)(v - lower) in the mean, at most d_c / (2 (2^bits - 1)²) ‖v_c‖².
 * Ends are exact, and so is a chunk of equal numbers. A range beyond the largest f32 is refused on receipt.
 *
 * Message of m chunks: least and greatest of every chunk (f32), then codes of `bits` bits, coordinate k's
 * from bit k · bits on, in ⌈d · bits / 32⌉ words.
 */
import { numberOption, type Options } from '../base/options.ts';
import { chunkBounds, chunkOptions } from './chunks.ts';
import type { CompressorEntry } from './compressor.ts';
import { LevelCodec, type LevelFormat, messageWords } from './level-codec.ts';

const ID = 'uniform';

export const uniform: CompressorEntry = {
  id: ID,
  wire: 8,
  label: 'even steps',
  description: 'Every number rounded at random to one of evenly spaced values; right on average.',
  class: 'unbiased',
  options: {
    bits: {
      kind: 'number',
      label: 'bits a number',
      help: 'Bits of every number: 8 leave 256 values to choose from, 1 leaves the two ends of the range.',
      default: 8,
      min: 1,
      max: 8,
      integer: true,
    },
    ...chunkOptions(256),
  },
  bytes: (layout, options) =>
    4 * messageWords(formatOf(options), layout.length, chunkBounds(layout, options)),
  create: (compute, layout, options) =>
    new LevelCodec(formatOf(options), compute, layout.length, chunkBounds(layout, options)),
};

function formatOf(options: Options): LevelFormat {
  const bits = numberOption(options, 'bits');
  const top = 2 ** bits - 1;
  return {
    id: ID,
    fields: 2,
    statistic: 'range',
    bits,
    form: 'stream',
    levels: top + 1,
    draws: true,
    encode({ compute, source, bounds, message, offset, random }) {
      compute.quantization.chunkRanges(source, bounds, message, 0);
      compute.quantization.packCodes(source, bounds, { kind: 'uniform', bits }, random, message, offset);
    },
    decode([least = 0, greatest = 0], levels) {
      for (let j = 0; j <= top; j++) levels[j] = least + ((greatest - least) * j) / top;
      return Number.isFinite(Math.fround(greatest - least));
    },
  };
}
