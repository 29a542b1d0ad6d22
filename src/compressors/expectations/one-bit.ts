/**
 * Signs and a scale s a chunk: Σ (|v| - s)² is left, which is ‖v_c‖2² - ‖v_c‖1² / d_c for the mean
 * magnitude, and at most 2 ‖v_c‖2² for the root mean square.
 */
import { choiceOption, type Options } from '../../base/options.ts';
import type { Layout } from '../../models/model.ts';
import { chunks } from './chunks.ts';
import { type Expectation, square, unusedBits } from './expectation.ts';
import { longest, partsOf } from './levels.ts';

const scaleOf = (options: Options) => choiceOption(options, 'scale');

function scales(layout: Layout, options: Options): number {
  return scaleOf(options) === 'none' ? 0 : chunks(layout, options).length;
}

export const oneBit: Expectation = {
  wire: 2,
  variants: [
    { granularity: 'tensor' },
    { blockSize: 32 },
    { blockSize: 1000 },
    { scale: 'l2' },
    { scale: 'l2', granularity: 'tensor' },
    { scale: 'none' },
  ],
  bytes: (layout, options) => 4 * scales(layout, options) + 4 * Math.ceil(layout.length / 32),
  squaredError(v, layout, options) {
    if (scaleOf(options) === 'none') {
      return v.reduce((error, value) => error + ((value >= 0 ? 1 : -1) - value) ** 2, 0);
    }
    let error = 0;
    for (const part of partsOf(v, chunks(layout, options))) {
      const l1 = part.reduce((sum, value) => sum + Math.abs(value), 0);
      const mean = l1 / part.length;
      const scale = scaleOf(options) === 'l1' ? mean : Math.sqrt(square(part) / part.length);
      error += square(part) - 2 * scale * l1 + part.length * scale ** 2;
    }
    return error;
  },
  delta(layout, options) {
    if (scaleOf(options) === 'l1') return 1 / longest(chunks(layout, options));
    return scaleOf(options) === 'l2' ? -1 : Number.NEGATIVE_INFINITY;
  },
  fields: (layout, options) => [{ kind: 'f32', from: 0, to: scales(layout, options) }],
  padding: (layout, options) => {
    const last = scales(layout, options) + Math.ceil(layout.length / 32) - 1;
    return [[last, unusedBits(layout.length)]];
  },
  idempotent: () => ({ cpu: 0, webgpu: 1e-5 }),
  keepsZero: (options) => scaleOf(options) !== 'none',
  equivariant: (options) => scaleOf(options) !== 'none',
  // A sign alone cannot say that it is none.
  showsNotFinite: (options) => scaleOf(options) !== 'none',
  agreement: () => 0,
};
