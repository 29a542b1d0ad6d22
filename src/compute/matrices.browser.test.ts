/** Matrix products on the device against the TypeScript implementation. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute } from './compute.ts';
import { createTypeScriptCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { distance, noise, vectorOf } from './webgpu/testing.ts';

const cpu = createTypeScriptCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute(undefined, { everyKernel: true });
});
afterAll(() => gpu.destroy());

/** Sizes that fit the tiles of four and eight, that stick out of them, and the thin ones of low-rank factors. */
const SHAPES = [
  [1, 1, 1],
  [1, 7, 1],
  [5, 3, 2],
  [4, 4, 4],
  [8, 8, 8],
  [12, 4, 20],
  [64, 64, 64],
  [68, 36, 100],
  [31, 64, 31],
  [13, 1, 67],
  [31, 65, 5],
  [128, 785, 1],
  [128, 784, 2],
  [128, 784, 8],
  [129, 2, 130],
  [61, 256, 67],
] as const;

it('compiles without a word', () => {
  expect(gpu.compileMessages).toEqual([]);
});

describe.each(SHAPES)('%i x %i x %i', (m, k, n) => {
  it.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('agrees; transposed: %s, %s', async (transposeA, transposeB) => {
    for (const [offset, alpha, beta] of [
      [0, 1, 0],
      [4, 1, 1],
      [3, -0.5, 0.75],
    ] as const) {
      const run = (compute: Compute) => {
        const dest = vectorOf(compute, noise(m * n + offset + 3, 1));
        compute.matrices.multiply(
          { vector: dest, offset },
          { vector: vectorOf(compute, noise(m * k + offset, 2)), offset },
          { vector: vectorOf(compute, noise(k * n + offset, 3)), offset },
          { m, k, n, transposeA, transposeB },
          alpha,
          beta,
        );
        return compute.read(dest);
      };
      expect(distance(await run(gpu), await run(cpu))).toBeLessThan(5e-6);
    }
  });
});

it('does not read what dest held when beta is 0, and an empty sum is beta times it', async () => {
  const dest = vectorOf(gpu, Float32Array.of(Number.NaN, 3));
  const at = { vector: vectorOf(gpu, Float32Array.of(2)), offset: 0 };
  gpu.matrices.multiply({ vector: dest, offset: 0 }, at, at, { m: 1, k: 1, n: 1 });
  gpu.matrices.multiply({ vector: dest, offset: 1 }, at, at, { m: 1, k: 0, n: 1 }, 1, 0.5);
  expect([...(await gpu.read(dest))]).toEqual([4, 1.5]);
});

it('lets NaN and infinity through to the rows they are in', async () => {
  const a = new Float32Array(16).fill(1);
  a[5] = Number.NaN;
  a[10] = Number.POSITIVE_INFINITY;
  const ones = vectorOf(gpu, new Float32Array(16).fill(1));
  const dest = gpu.vector(16);
  const shape = { m: 4, k: 4, n: 4 };
  gpu.matrices.multiply(
    { vector: dest, offset: 0 },
    { vector: vectorOf(gpu, a), offset: 0 },
    { vector: ones, offset: 0 },
    shape,
  );
  const rows = [4, Number.NaN, Number.POSITIVE_INFINITY, 4];
  expect([...(await gpu.read(dest))]).toEqual(rows.flatMap((value) => [value, value, value, value]));
});

it('refuses what does not fit', () => {
  const { matrices } = gpu;
  const at = (length: number, offset = 0) => ({ vector: gpu.vector(length), offset });
  expect(() => matrices.multiply(at(6), at(6), at(6), { m: 2, k: 3, n: 3 })).toThrow(RangeError);
  expect(() => matrices.multiply(at(4, 1), at(6), at(6), { m: 2, k: 3, n: 2 })).toThrow(RangeError);
  expect(() => matrices.multiply(at(4), at(6), at(6), { m: 2, k: 1.5, n: 2 })).toThrow(RangeError);
  const same = at(9);
  expect(() => matrices.multiply(same, same, at(9), { m: 3, k: 3, n: 3 })).toThrow(RangeError);
});
