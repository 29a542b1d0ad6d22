/** Nearly the k largest magnitudes: at the least, the largest of all is sent, or k almost as large. */
import type { Expectation } from './expectation.ts';
import { kept, topK } from './top-k.ts';

export const msTopK: Expectation = {
  wire: 13,
  variants: [{ ratio: 0.3 }, { k: 1 }, { k: 7 }],
  bytes: (layout, options) => 8 * kept(layout, options),
  delta: (layout) => (1 - 1e-6) / layout.length,
  // Where to start among those between the thresholds.
  draws: true,
  fields: topK.fields,
  idempotent: () => ({ cpu: 0, webgpu: 0 }),
  agreement: () => 0.001,
};
