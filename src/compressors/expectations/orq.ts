/** Levels by the greedy rule of least cost, written with a sorted list; random rounding between neighbours. */
import { choiceOption, numberOption, type Options } from '../../base/options.ts';
import type { Layout } from '../../models/model.ts';
import { blocks } from './chunks.ts';
import type { Expectation } from './expectation.ts';
import { greatest, least, longest, partsOf, randomRoundingError, streamed, wrongCode } from './levels.ts';

const countOf = (options: Options) => Number(choiceOption(options, 'levels'));
const bitsOf = (options: Options) => Math.ceil(Math.log2(countOf(options)));
const parts = ({ length }: Layout, options: Options) => blocks(length, numberOption(options, 'blockSize'));

/** The levels strictly between a and b: the one in the middle, and those on both sides of it. */
function between(part: Float32Array, a: number, b: number, count: number): number[] {
  if (count === 0) return [];
  if (a === b) return Array.from({ length: count }, () => a);
  const inside = part.filter((value) => value >= a && value <= b).sort();
  const m = Math.round(inside.reduce((sum, value) => sum + (value - a) / (b - a), 0));
  const middle = inside[inside.length - m] ?? b;
  const rest = (count - 1) / 2;
  return [...between(part, a, middle, rest), middle, ...between(part, middle, b, rest)];
}

export const orq: Expectation = {
  wire: 11,
  variants: [{ levels: '5' }, { levels: '9' }, { levels: '9', blockSize: 32 }, { blockSize: 1000 }],
  ...streamed(parts, countOf, bitsOf),
  squaredError(v, layout, options) {
    let error = 0;
    for (const part of partsOf(v, parts(layout, options))) {
      const [low, high] = [least(part), greatest(part)];
      error += randomRoundingError(part, [low, ...between(part, low, high, countOf(options) - 2), high]);
    }
    return error;
  },
  alphaSquared: (layout, options) => longest(parts(layout, options)) / 2,
  draws: true,
  hostile(valid, layout, options) {
    const [count, bits] = [countOf(options), bitsOf(options)];
    const wrong = Array.from({ length: 2 ** bits - count }, (_, j) => count + j);
    return wrongCode(valid, count * parts(layout, options).length, layout.length, bits, wrong);
  },
  agreement: () => 0,
};
