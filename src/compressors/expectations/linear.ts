/** 3, 5 or 9 evenly spaced levels between least and greatest, random rounding between neighbours. */
import { choiceOption, numberOption, type Options } from '../../base/options.ts';
import type { Layout } from '../../models/model.ts';
import { blocks } from './chunks.ts';
import type { Expectation } from './expectation.ts';
import { greatest, least, longest, partsOf, randomRoundingError, streamed, wrongCode } from './levels.ts';

const countOf = (options: Options) => Number(choiceOption(options, 'levels'));
const bitsOf = (options: Options) => Math.ceil(Math.log2(countOf(options)));
const parts = ({ length }: Layout, options: Options) => blocks(length, numberOption(options, 'blockSize'));

export const linear: Expectation = {
  wire: 15,
  variants: [{ levels: '5' }, { levels: '9', blockSize: 1000 }],
  ...streamed(parts, () => 2, bitsOf),
  squaredError(v, layout, options) {
    const top = countOf(options) - 1;
    return partsOf(v, parts(layout, options)).reduce((error, part) => {
      const [low, high] = [least(part), greatest(part)];
      const inner = Array.from({ length: top }, (_, j) => low + ((high - low) * j) / top);
      return error + randomRoundingError(part, [...inner, high]);
    }, 0);
  },
  alphaSquared: (layout, options) => longest(parts(layout, options)) / (2 * (countOf(options) - 1) ** 2),
  draws: true,
  hostile(valid, layout, options) {
    const [count, bits] = [countOf(options), bitsOf(options)];
    const wrong = Array.from({ length: 2 ** bits - count }, (_, j) => count + j);
    return wrongCode(valid, 2 * parts(layout, options).length, layout.length, bits, wrong);
  },
};
