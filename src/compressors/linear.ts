/**
 * `linear`: every number randomly rounded to one of 3, 5 or 9 equally spaced levels between the least and the
 * greatest of its block.
 *
 * What `orq` is measured against (Xu, Huo, Huang: "Optimal gradient quantization condition ...", 2020, arXiv
 * 2002.11082): as many levels, evenly spaced instead of placed where rounding costs least. Unbiased, with
 * α² = d_c / (2 (levels - 1)²); more of it in `even-levels.ts`. `uniform` is the same with 2^bits levels.
 *
 * Message of m blocks: least and greatest of every block (f32), then codes of ⌈log2 levels⌉ bits; a code
 * beyond the last level is refused.
 */
import { choiceOption, numberOption, type Options } from '../base/options.ts';
import { blockBounds, blockSizeOption, longest } from './chunks.ts';
import type { CompressorEntry } from './compressor.ts';
import { evenLevels } from './even-levels.ts';
import { LevelCodec, messageWords } from './level-codec.ts';

const ID = 'linear';

export const linear: CompressorEntry = {
  id: ID,
  wire: 15,
  label: 'a few even levels',
  description: 'Every number rounded at random to one of 3, 5 or 9 evenly spaced values; right on average.',
  class: 'unbiased',
  options: {
    levels: {
      kind: 'choice',
      label: 'values',
      help: 'Values to choose from in each block: 3 take two bits a number, 5 three, 9 four.',
      default: '3',
      choices: ['3', '5', '9'],
    },
    blockSize: blockSizeOption(32),
  },
  bytes: (layout, options) =>
    4 * messageWords(formatOf(options), layout.length, blocks(layout.length, options)),
  noise: ({ length }, options) =>
    longest(blocks(length, options)) / (2 * (Number(choiceOption(options, 'levels')) - 1) ** 2),
  create: (compute, { length }, options) =>
    new LevelCodec(formatOf(options), compute, length, blocks(length, options)),
};

const blocks = (length: number, options: Options) => blockBounds(length, numberOption(options, 'blockSize'));

const formatOf = (options: Options) => evenLevels(ID, Number(choiceOption(options, 'levels')));
