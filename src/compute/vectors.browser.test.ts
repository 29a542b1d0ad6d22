/** Vector kernels against the TypeScript implementation: linear, squaredDistance, sketch. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute, Term, Vector } from './compute.ts';
import { createCpuCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { bitsOf, distance, firstDifference, noise, vectorOf } from './webgpu/testing.ts';

const cpu = createCpuCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

const LENGTHS = [1, 2, 3, 5, 63, 64, 257, 4099, 65_537];

/** dest and `terms`, where a term of 0 is dest itself and any other number an input of its own. */
async function combine(compute: Compute, length: number, terms: readonly number[]): Promise<Float32Array> {
  const dest = vectorOf(compute, noise(length, 100));
  const made = new Map<number, Vector>([[0, dest]]);
  const list = terms.map((which, at): Term => {
    const vector = made.get(which) ?? vectorOf(compute, noise(length, which));
    made.set(which, vector);
    return [0.3 * at - 0.7, vector];
  });
  compute.linear(dest, list);
  const result = await compute.read(dest);
  compute.free(...made.values());
  return result;
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe.each(LENGTHS)('linear over %i numbers', (length) => {
  it.each([
    ['nothing', []],
    ['one vector', [1]],
    ['itself', [0]],
    ['itself first', [0, 1, 2]],
    ['itself last', [1, 2, 0]],
    ['itself twice', [0, 1, 0]],
    ['a vector twice', [1, 1, 2]],
    ['seven vectors and itself', [1, 2, 3, 0, 4, 5, 6, 7]],
    ['seven vectors, then itself', [...upTo(7), 0]],
    ['eight vectors, then itself', [...upTo(8), 0]],
    ['thirteen vectors, then itself', [...upTo(13), 0]],
    ['fourteen vectors, then itself, then five', [...upTo(14), 0, ...upTo(5)]],
    ['twenty-three vectors', upTo(23)],
    ['itself, then twenty-three vectors', [0, ...upTo(23)]],
  ])('sums %s', async (_, terms) => {
    const ours = await combine(gpu, length, terms);
    expect(distance(ours, await combine(cpu, length, terms))).toBeLessThan(2e-6);
  });
});

it('copies exactly with a coefficient of one', async () => {
  const data = noise(1001, 1);
  const dest = gpu.vector(1001);
  gpu.linear(dest, [[1, vectorOf(gpu, data)]]);
  expect(firstDifference(bitsOf(await gpu.read(dest)), bitsOf(data))).toBe(-1);
});

it('refuses vectors of different lengths', () => {
  expect(() => gpu.linear(gpu.vector(4), [[1, gpu.vector(5)]])).toThrow(RangeError);
});

describe.each([...LENGTHS, 1_200_007])('squared distance of %i numbers', (length) => {
  it.each([true, false])('agrees, and repeats itself bit by bit; b given: %s', async (hasB) => {
    const run = async (compute: Compute) => {
      const a = vectorOf(compute, noise(length, 1));
      const b = hasB ? vectorOf(compute, noise(length, 2)) : null;
      const out = compute.vector(3);
      compute.squaredDistance(a, b, out, 2);
      compute.squaredDistance(a, b, out, 0);
      const result = await compute.read(out);
      compute.free(a, out, ...(b === null ? [] : [b]));
      return result;
    };
    const ours = await run(gpu);
    const theirs = await run(cpu);
    expect(Math.abs((ours[0] ?? 0) / (theirs[0] ?? 0) - 1)).toBeLessThan(1e-5);
    expect(ours[1]).toBe(0);
    expect(ours[2]).toBe(ours[0]);
  });
});

describe.each([
  [1, 1],
  [10, 64],
  [1000, 7],
  [4096, 256],
  [50_021, 256],
  [50_021, 331],
])('the sketch of %i numbers into %i buckets', (length, buckets) => {
  it.each([1, 0xdeadbeef])('agrees for seed %i', async (seed) => {
    const run = (compute: Compute) => {
      const out = compute.vector(buckets);
      compute.sketch(vectorOf(compute, noise(length, 3)), seed, out);
      return compute.read(out);
    };
    expect(distance(await run(gpu), await run(cpu))).toBeLessThan(1e-5);
  });

  it('puts every coordinate into the same bucket with the same sign', async () => {
    // Whole numbers, whose sums are exact in any order: a wrong bucket or sign cannot hide.
    const whole = noise(length, 4).map((value) => Math.round(value * 100));
    const run = (compute: Compute) => {
      const out = compute.vector(buckets);
      compute.sketch(vectorOf(compute, whole), 77, out);
      return compute.read(out);
    };
    expect(distance(await run(gpu), await run(cpu))).toBe(0);
  });
});
