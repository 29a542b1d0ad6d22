/** The k largest magnitudes: what is left is the squares of the others. */
import { numberOption, type Options } from '../../base/options.ts';
import type { Layout } from '../../models/model.ts';
import { type Expectation, square } from './expectation.ts';

/** How many coordinates the options `k` and `ratio` ask for. */
export function kept(layout: Layout, options: Options): number {
  const k = numberOption(options, 'k');
  const fromRatio = Math.max(1, Math.floor(numberOption(options, 'ratio') * layout.length));
  return Math.min(layout.length, k === 0 ? fromRatio : k);
}

export const topK: Expectation = {
  wire: 3,
  variants: [{ ratio: 1 }, { ratio: 0.3 }, { k: 1 }, { k: 7 }, { k: 1_000_000 }],
  bytes: (layout, options) => 8 * kept(layout, options),
  squaredError(v, layout, options) {
    const magnitudes = v.map(Math.abs).sort().reverse();
    return square(magnitudes.subarray(kept(layout, options)));
  },
  delta: (layout, options) => kept(layout, options) / layout.length,
  fields(layout, options) {
    const k = kept(layout, options);
    return [
      { kind: 'index', from: 0, to: k },
      { kind: 'f32', from: k, to: 2 * k },
    ];
  },
  idempotent: () => ({ cpu: 0, webgpu: 0 }),
};
