/** k coordinates at random: d - k of d are missing, or k of d come d/k times too large. */
import { booleanOption, type Options } from '../../base/options.ts';
import type { Layout } from '../../models/model.ts';
import { type Expectation, square } from './expectation.ts';
import { kept } from './top-k.ts';

const rescales = (options: Options) => booleanOption(options, 'rescale');

function alphaSquared(layout: Layout, options: Options): number {
  return layout.length / kept(layout, options) - 1;
}

export const randomK: Expectation = {
  wire: 12,
  variants: [
    { ratio: 1 },
    { ratio: 0.3 },
    { k: 7 },
    { k: 1_000_000 },
    { rescale: true },
    { rescale: true, ratio: 0.3 },
    { rescale: true, k: 1_000_000 },
  ],
  bytes: (layout, options) => 4 * kept(layout, options) + 4,
  squaredError(v, layout, options) {
    const share = rescales(options)
      ? alphaSquared(layout, options)
      : 1 - kept(layout, options) / layout.length;
    return share * square(v);
  },
  delta: (layout, options) => kept(layout, options) / layout.length,
  alphaSquared,
  draws: true,
  fields: (layout, options) => [{ kind: 'f32', from: 1, to: 1 + kept(layout, options) }],
  idempotent: (options) => (rescales(options) ? null : { cpu: 0, webgpu: 0 }),
  // What is not drawn is not seen.
  showsNotFinite: () => false,
};
