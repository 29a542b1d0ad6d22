/** What reaches a threshold of at least an eighth of |μ| + zσ: all of it, or the first k. */
import type { Options } from '../../base/options.ts';
import type { Layout } from '../../models/model.ts';
import type { Expectation } from './expectation.ts';
import { kept } from './top-k.ts';

/**
 * If all is sent, the largest number is, and δ >= 1/d. If k numbers are, each is at least an eighth of
 * |μ| + zσ >= min(1, z) · rms, so δ >= k/d · min(1, z²)/64. z is about √(π/2)(1 - k/d) or more.
 */
function delta(layout: Layout, options: Options): number {
  const d = layout.length;
  const k = kept(layout, options);
  if (k === d) return 1 / d;
  const z = 1.25 * (1 - k / d);
  return Math.min(1 / d, ((k / d) * Math.min(1, z * z)) / 64);
}

export const gaussianK: Expectation = {
  wire: 14,
  variants: [{ ratio: 1 }, { ratio: 0.3 }, { k: 1 }, { k: 7 }],
  bytes: (layout, options) => 4 + 8 * kept(layout, options),
  delta,
  fields(_layout, _options, words) {
    const count = words[0] ?? 0;
    return [
      { kind: 'count', from: 0, to: 1 },
      { kind: 'index', from: 1, to: 1 + count },
      { kind: 'f32', from: 1 + count, to: 1 + 2 * count },
    ];
  },
  agreement: () => 0.001,
};
