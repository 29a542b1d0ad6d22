/** Two levels by Lloyd's method, five steps from the mean; every number at the nearer one. */
import { chunks } from './chunks.ts';
import type { Expectation } from './expectation.ts';
import { longest, partsOf, streamed } from './levels.ts';

const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

function error(part: Float32Array): number {
  let threshold = mean(part);
  let levels: number[] = [];
  for (let step = 0; step < 5; step++) {
    const sides = [part.filter((value) => value < threshold), part.filter((value) => value >= threshold)];
    levels = sides.filter((side) => side.length > 0).map(mean);
    threshold = ((levels[0] ?? 0) + (levels.at(-1) ?? 0)) / 2;
  }
  return part.reduce((sum, value) => sum + Math.min(...levels.map((level) => (value - level) ** 2)), 0);
}

export const binGrad: Expectation = {
  wire: 7,
  variants: [{ granularity: 'tensor' }, { blockSize: 32 }, { blockSize: 1000 }],
  ...streamed(
    chunks,
    () => 2,
    () => 1,
  ),
  squaredError: (v, layout, options) =>
    partsOf(v, chunks(layout, options)).reduce((sum, part) => sum + error(part), 0),
  delta: (layout, options) => 1 / longest(chunks(layout, options)),
  idempotent: () => ({ cpu: 0, webgpu: 1e-5 }),
  agreement: () => 0,
};
