/**
 * `uniform`: every number randomly rounded to one of 2^bits equally spaced values between the least and the
 * greatest of its chunk.
 *
 * Unbiased, with α² = d_c / (2 (2^bits - 1)²); more of it in `even-levels.ts`.
 *
 * Message of m chunks: least and greatest of every chunk (f32), then codes of `bits` bits, coordinate k's
 * from bit k · bits on, in ⌈d · bits / 32⌉ words.
 */
import { numberOption, type Options } from '../base/options.ts';
import { chunkBounds, chunkOptions, longest } from './chunks.ts';
import type { CompressorEntry } from './compressor.ts';
import { evenLevels } from './even-levels.ts';
import { LevelCodec, messageWords } from './level-codec.ts';

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
  noise: (layout, options) =>
    longest(chunkBounds(layout, options)) / (2 * (2 ** numberOption(options, 'bits') - 1) ** 2),
  create: (compute, layout, options) =>
    new LevelCodec(formatOf(options), compute, layout.length, chunkBounds(layout, options)),
};

const formatOf = (options: Options) => evenLevels(ID, 2 ** numberOption(options, 'bits'));
