/** The kernels of regression data against the TypeScript implementation, on shapes that fit no tile. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute, HostDataset } from './compute.ts';
import { createCpuCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { bitsOf, distance, firstDifference, integers, noise, vectorOf, wordsOf } from './webgpu/testing.ts';

const cpu = createCpuCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

async function onBoth<Result>(operations: (compute: Compute) => Promise<Result>): Promise<[Result, Result]> {
  return [await operations(gpu), await operations(cpu)];
}

describe.each([1, 2, 63, 64, 65, 131, 4099])('squared error of %i rows', (batch) => {
  const predictions = noise(batch, 1).map((value) => value * 3);
  const targets = noise(batch, 2);

  it.each([true, false])('adds to what is there; gradient wanted: %s', async (wanted) => {
    const [ours, theirs] = await onBoth(async (compute) => {
      const out = vectorOf(compute, Float32Array.of(9, 0.5, 9));
      const delta = wanted ? compute.vector(batch) : null;
      const words = wordsOf(compute, bitsOf(targets));
      compute.regression.squaredError(batch, vectorOf(compute, predictions), words, 1 / batch, delta, out, 1);
      return [await compute.read(out), delta === null ? new Float32Array(0) : await compute.read(delta)];
    });
    expect(distance(ours[0] as Float32Array, theirs[0] as Float32Array)).toBeLessThan(1e-5);
    expect(distance(ours[1] as Float32Array, theirs[1] as Float32Array)).toBeLessThan(1e-6);
    expect([ours[0]?.[0], ours[0]?.[2]]).toEqual([9, 9]);
  });
});

it('refuses what would overwrite its own operands', () => {
  const both = gpu.vector(2);
  expect(() => gpu.regression.squaredError(2, both, gpu.words(2), 1, null, both, 0)).toThrow(RangeError);
  expect(() => gpu.regression.squaredError(2, both, gpu.words(2), 1, both, gpu.vector(1), 0)).toThrow(
    RangeError,
  );
});

describe.each([
  [1, 1, 1],
  [10, 3, 7],
  [13, 5, 64],
  [301, 31, 301],
  // More rows than one dispatch takes, and more workgroups than one dimension takes.
  [4, 2, 40_001],
  [3, 1030, 16_300],
])('a data set of %i rows of %i numbers', (rows, width, batch) => {
  const features = noise(rows * width, 6);
  // Numbers that arithmetic would lose: subnormal, negative zero, the largest.
  features.set([1e-40, -0, 3.4e38].slice(0, features.length));
  const wanted = integers(batch, rows, 8);

  it.each<[string, HostDataset['labels'], number]>([
    ['numbers to predict', noise(rows, 7), 0],
    ['classes', Uint8Array.from(integers(rows, 10, 7)), 10],
  ])(`gathers ${batch} rows and %s, with the same bits`, async (_what, labels, classes) => {
    const [ours, theirs] = await onBoth(async (compute) => {
      const data = compute.dataset({ rows, width, classes, scale: 1, features, labels });
      const out = compute.vector(batch * width);
      const words = compute.words(batch);
      compute.gatherRows(data, wanted, out, words);
      const read = [bitsOf(await compute.read(out)), await compute.readWords(words)] as const;
      compute.free(data, out, words);
      return read;
    });
    expect(firstDifference(ours[0], theirs[0])).toBe(-1);
    expect(firstDifference(ours[1], theirs[1])).toBe(-1);
  });
});
