/** Every number as it is. */
import type { Expectation } from './expectation.ts';

export const none: Expectation = {
  wire: 1,
  variants: [],
  bytes: ({ length }) => 4 * length,
  squaredError: () => 0,
  fields: ({ length }) => [{ kind: 'f32', from: 0, to: length }],
  idempotent: () => ({ cpu: 0, webgpu: 0 }),
};
