/** 2^bits evenly spaced levels between least and greatest, random rounding between neighbours. */
import { numberOption, type Options } from '../../base/options.ts';
import { chunks } from './chunks.ts';
import type { Expectation } from './expectation.ts';
import { greatest, least, longest, partsOf, randomRoundingError, streamed } from './levels.ts';

const bitsOf = (options: Options) => numberOption(options, 'bits');
const topOf = (options: Options) => 2 ** bitsOf(options) - 1;

export const uniform: Expectation = {
  wire: 8,
  variants: [
    { bits: 1 },
    { bits: 2, blockSize: 256 },
    { bits: 3, blockSize: 1000 },
    { bits: 5, granularity: 'tensor' },
    { bits: 7 },
  ],
  ...streamed(chunks, () => 2, bitsOf),
  squaredError(v, layout, options) {
    let error = 0;
    const top = topOf(options);
    for (const part of partsOf(v, chunks(layout, options))) {
      const [low, high] = [least(part), greatest(part)];
      const levels = Array.from({ length: top + 1 }, (_, j) => low + ((high - low) * j) / top);
      error += randomRoundingError(part, [...levels.slice(0, -1), high]);
    }
    return error;
  },
  alphaSquared: (layout, options) => longest(chunks(layout, options)) / (2 * topOf(options) ** 2),
  draws: true,
};
