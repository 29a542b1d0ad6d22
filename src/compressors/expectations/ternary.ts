/** Signs with zeros, and root mean squares of what is not zero: 2 (‖v_c‖2² - s ‖v_c‖1) is left of chunk c. */
import fc from 'fast-check';
import type { Layout } from '../../models/model.ts';
import { chunks } from './chunks.ts';
import { type Expectation, square, unusedBits } from './expectation.ts';
import { partsOf, withBits } from './levels.ts';

const plane = ({ length }: Layout) => Math.ceil(length / 32);

export const ternary: Expectation = {
  wire: 5,
  variants: [{ granularity: 'tensor' }, { blockSize: 32 }, { blockSize: 1000 }],
  bytes: (layout, options) => 4 * chunks(layout, options).length + 8 * plane(layout),
  squaredError(v, layout, options) {
    let error = 0;
    for (const part of partsOf(v, chunks(layout, options))) {
      const some = part.filter((value) => value !== 0);
      const l1 = some.reduce((sum, value) => sum + Math.abs(value), 0);
      if (some.length > 0) error += 2 * (square(some) - Math.sqrt(square(some) / some.length) * l1);
    }
    return error;
  },
  fields: (layout, options) => [{ kind: 'f32', from: 0, to: chunks(layout, options).length }],
  padding(layout, options) {
    const head = chunks(layout, options).length;
    const unused = unusedBits(layout.length);
    return [
      [head + plane(layout) - 1, unused],
      [head + 2 * plane(layout) - 1, unused],
    ];
  },
  hostile(valid, layout, options) {
    const head = chunks(layout, options).length;
    return fc.nat({ max: layout.length - 1 }).map((k) => ({
      bytes: withBits(withBits(valid, head, k, 1, 1), head + plane(layout), k, 1, 1),
      error: 'index',
    }));
  },
  idempotent: () => ({ cpu: 0, webgpu: 1e-5 }),
  agreement: () => 0,
};
