/**
 * `orq`: every number randomly rounded to one of 3, 5 or 9 levels that are placed where rounding costs least.
 *
 * Optimal random quantization (Xu, Huo, Huang: "Optimal gradient quantization condition ...", 2020, arXiv
 * 2002.11082), the greedy rule: the ends are least and greatest of the block; midway between two levels a, b
 * comes the m-th largest number of [a, b], m = round(Σ (v - a) / (b - a)), where the derivative of the cost
 * Σ (upper - v)(v - lower) vanishes. Unbiased, and its cost is at most that of the two ends alone, so
 * α² <= d_c / 2; in practice far below that of evenly spaced levels. Blocks only, no whole tensors:
 * the levels of a block are found by one workgroup.
 *
 * Message of m blocks: the levels of every block, rising (f32), then codes of ⌈log2 levels⌉ bits; a code
 * beyond the last level is refused.
 */
import { choiceOption, numberOption, type Options } from '../base/options.ts';
import { codeShape } from '../compute/quantization.ts';
import { blockBounds, blockSizeOption, longest } from './chunks.ts';
import type { CompressorEntry } from './compressor.ts';
import { LevelCodec, type LevelFormat, messageWords } from './level-codec.ts';

const ID = 'orq';
const COUNTS = [3, 5, 9] as const;

export const orq: CompressorEntry = {
  id: ID,
  wire: 11,
  label: 'ORQ',
  description:
    'Every number rounded at random to one of a few values chosen for its block; right on average.',
  class: 'unbiased',
  options: {
    levels: {
      kind: 'choice',
      label: 'values',
      help: 'Values to choose from in each block: 3 take two bits a number, 5 three, 9 four.',
      default: '3',
      choices: COUNTS.map(String),
    },
    blockSize: blockSizeOption(32),
  },
  bytes: (layout, options) =>
    4 * messageWords(formatOf(options), layout.length, blocks(layout.length, options)),
  noise: ({ length }, options) => longest(blocks(length, options)) / 2,
  create: (compute, { length }, options) =>
    new LevelCodec(formatOf(options), compute, length, blocks(length, options)),
};

const blocks = (length: number, options: Options) => blockBounds(length, numberOption(options, 'blockSize'));

function formatOf(options: Options): LevelFormat {
  const chosen = choiceOption(options, 'levels');
  const count = COUNTS.find((each) => String(each) === chosen) ?? 3;
  const rule = { kind: 'levels', levels: count } as const;
  return {
    id: ID,
    fields: count,
    statistic: 'level',
    bits: codeShape(rule).bits,
    form: 'stream',
    levels: count,
    draws: true,
    encode({ compute, source, bounds, message, offset, random }) {
      compute.quantization.chunkLevels(source, bounds, count, message, 0);
      compute.quantization.packCodes(source, bounds, rule, random, message, offset);
    },
    decode(statistics, levels) {
      levels.set(statistics);
      return true;
    },
  };
}
