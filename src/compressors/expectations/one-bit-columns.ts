/** Means of either sign, column by column: their spread is what is left. */
import type { Layout } from '../../models/model.ts';
import type { Expectation } from './expectation.ts';
import { longest, partsOf, streamed } from './levels.ts';

function columns({ tensors }: Layout): readonly (readonly [number, number])[] {
  return tensors.flatMap(({ shape, offset, length }) => {
    const [outputs = 1, ...rest] = shape;
    const count = rest.length === 0 ? 1 : outputs;
    const inputs = length / count;
    return Array.from({ length: count }, (_, o) => [offset + o * inputs, offset + (o + 1) * inputs] as const);
  });
}

function spread(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

export const oneBitColumns: Expectation = {
  wire: 6,
  variants: [],
  ...streamed(
    columns,
    () => 2,
    () => 1,
  ),
  squaredError(v, layout) {
    let error = 0;
    for (const part of partsOf(v, columns(layout))) {
      error += spread(part.filter((value) => value >= 0)) + spread(part.filter((value) => value < 0));
    }
    return error;
  },
  delta: (layout) => 1 / longest(columns(layout)),
  idempotent: () => ({ cpu: 0, webgpu: 1e-5 }),
  agreement: () => 0,
};
