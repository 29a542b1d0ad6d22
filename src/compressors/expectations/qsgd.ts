/** Magnitudes in steps of 1/s of the bucket's norm, random rounding between neighbours. */
import { numberOption, type Options } from '../../base/options.ts';
import type { Layout } from '../../models/model.ts';
import { blocks } from './chunks.ts';
import { type Expectation, square } from './expectation.ts';
import { longest, partsOf, randomRoundingError, streamed, wrongCode } from './levels.ts';

const stepsOf = (options: Options) => numberOption(options, 'levels');
const magnitudeBits = (options: Options) => Math.ceil(Math.log2(stepsOf(options) + 1));
const buckets = ({ length }: Layout, options: Options) => blocks(length, numberOption(options, 'bucket'));

/** `levels` = 5 leaves the magnitudes 6 and 7 without a meaning, of either sign. */
const FIVE = 5;

export const qsgd: Expectation = {
  wire: 9,
  variants: [{ levels: 1 }, { levels: 3, bucket: 128 }, { levels: FIVE, bucket: 1000 }, { levels: 127 }],
  ...streamed(
    buckets,
    () => 1,
    (options) => magnitudeBits(options) + 1,
  ),
  squaredError(v, layout, options) {
    let error = 0;
    const steps = stepsOf(options);
    for (const part of partsOf(v, buckets(layout, options))) {
      const norm = Math.sqrt(square(part));
      const levels = Array.from({ length: steps + 1 }, (_, l) => (norm * l) / steps);
      error += randomRoundingError(part.map(Math.abs), levels);
    }
    return error;
  },
  alphaSquared(layout, options) {
    const d = longest(buckets(layout, options));
    const s = stepsOf(options);
    return Math.min(d / s ** 2, Math.sqrt(d) / s);
  },
  draws: true,
  hostile(valid, layout, options) {
    const bits = magnitudeBits(options) + 1;
    const head = buckets(layout, options).length;
    if (stepsOf(options) === FIVE) return wrongCode(valid, head, layout.length, bits, [6, 7, 14, 15]);
    // Every code has a meaning; a message that lacks its codes has none.
    return wrongCode(valid, head, layout.length, bits, [0]).map(({ bytes }) => ({
      bytes: bytes.subarray(0, 4 * head),
      error: 'size',
    }));
  },
  agreement: () => 0,
};
