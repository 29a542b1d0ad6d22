/** Matrix products of both families on the device against the TypeScript implementation. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute } from './compute.ts';
import { createTypeScriptCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { bitsOf, distance, firstDifference, noise, vectorOf } from './webgpu/testing.ts';
import { splitOf } from './webgpu/tiled.ts';

const cpu = createTypeScriptCompute();
const FAMILIES = ['direct', 'tiled'] as const;
type Both = Record<(typeof FAMILIES)[number], WebGpuCompute>;
let gpus: Both;
beforeAll(async () => {
  const direct = await createWebGpuCompute(undefined, { products: { small: 'direct', large: 'direct' } });
  const products = { small: 'tiled', large: 'tiled' } as const;
  const tiled = await createWebGpuCompute(undefined, { products });
  gpus = { direct, tiled };
});
afterAll(() => {
  for (const gpu of Object.values(gpus)) gpu.destroy();
});

/**
 * Sizes that fit the tiles of four, eight and 64, that stick out of them, that are cut along k (evenly and
 * not), and the thin ones of low-rank factors.
 */
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
  [128, 64, 192],
  [10, 4096, 12],
  [130, 1001, 66],
  [300, 200, 260],
] as const;

describe.each(FAMILIES.flatMap((family) => SHAPES.map((shape) => [family, ...shape] as const)))(
  '%s: %i x %i x %i',
  (family, m, k, n) => {
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
        expect(distance(await run(gpus[family]), await run(cpu))).toBeLessThan(5e-6);
      }
    });
  },
);

it('cuts k where tiles are few, into runs that cover it', () => {
  const turned = { transposeA: true, transposeB: false };
  expect(splitOf({ m: 512, k: 64, n: 512, ...turned })).toEqual({ splits: 1, steps: 64 });
  const { splits, steps } = splitOf({ m: 64, k: 4000, n: 64, ...turned });
  expect(splits).toBeGreaterThan(32);
  expect(steps % 16).toBe(0);
  expect(splits * steps).toBeGreaterThanOrEqual(4000);
  expect((splits - 1) * steps).toBeLessThan(4000);
});

it.each(FAMILIES)('gives the same bits again, %s', async (family) => {
  const gpu = gpus[family];
  const [m, k, n] = [70, 3000, 50];
  const a = { vector: vectorOf(gpu, noise(m * k, 4)), offset: 0 };
  const b = { vector: vectorOf(gpu, noise(k * n, 5)), offset: 0 };
  const dest = gpu.vector(m * n);
  const results: Float32Array[] = [];
  for (let at = 0; at < 3; at++) {
    gpu.matrices.multiply({ vector: dest, offset: 0 }, a, b, { m, k, n });
    results.push(await gpu.read(dest));
  }
  const [first = new Uint32Array(0), ...rest] = results.map(bitsOf);
  for (const again of rest) expect(firstDifference(first, again)).toBe(-1);
});

it('takes the family of the size of the result', async () => {
  const mixed = await createWebGpuCompute(undefined, { products: { small: 'tiled', large: 'direct' } });
  const bits = async (gpu: WebGpuCompute, m: number, n: number) => {
    const k = 333;
    const dest = gpu.vector(m * n);
    const a = { vector: vectorOf(gpu, noise(m * k, 6)), offset: 0 };
    const b = { vector: vectorOf(gpu, noise(k * n, 7)), offset: 0 };
    gpu.matrices.multiply({ vector: dest, offset: 0 }, a, b, { m, k, n });
    return bitsOf(await gpu.read(dest));
  };
  for (const [m, n, own] of [
    [20, 30, 'tiled'],
    [256, 256, 'direct'],
  ] as const) {
    const found = await bits(mixed, m, n);
    const same = await Promise.all(
      FAMILIES.map(async (family) => firstDifference(found, await bits(gpus[family], m, n)) === -1),
    );
    // The two families sum in different orders, so their bits tell them apart.
    expect(FAMILIES.filter((_, at) => same[at])).toEqual([own]);
  }
  mixed.destroy();
});

it.each(FAMILIES)('keeps its partial sums from one product to the next, %s', async (family) => {
  const gpu = gpus[family];
  const at = (length: number) => ({ vector: gpu.vector(length), offset: 0 });
  const [dest, a, b] = [at(64 * 64), at(64 * 2048), at(2048 * 64)];
  gpu.matrices.multiply(dest, a, b, { m: 64, k: 2048, n: 64 });
  await gpu.finish();
  const before = gpu.memoryUse;
  for (let step = 0; step < 20; step++) {
    gpu.matrices.multiply(dest, a, b, { m: 64, k: 2048, n: 64 });
    gpu.submit();
  }
  await gpu.finish();
  expect(gpu.memoryUse).toEqual(before);
});

it.each(FAMILIES)(
  '%s: does not read what dest held when beta is 0; an empty sum is beta times it',
  async (family) => {
    const gpu = gpus[family];
    const dest = vectorOf(gpu, Float32Array.of(Number.NaN, 3));
    const at = { vector: vectorOf(gpu, Float32Array.of(2)), offset: 0 };
    gpu.matrices.multiply({ vector: dest, offset: 0 }, at, at, { m: 1, k: 1, n: 1 });
    gpu.matrices.multiply({ vector: dest, offset: 1 }, at, at, { m: 1, k: 0, n: 1 }, 1, 0.5);
    expect([...(await gpu.read(dest))]).toEqual([4, 1.5]);
  },
);

it.each(FAMILIES)('%s: lets NaN and infinity through to the rows they are in', async (family) => {
  const gpu = gpus[family];
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

it.each(FAMILIES)('%s: refuses what does not fit', (family) => {
  const gpu = gpus[family];
  const { matrices } = gpu;
  const at = (length: number, offset = 0) => ({ vector: gpu.vector(length), offset });
  expect(() => matrices.multiply(at(6), at(6), at(6), { m: 2, k: 3, n: 3 })).toThrow(RangeError);
  expect(() => matrices.multiply(at(4, 1), at(6), at(6), { m: 2, k: 3, n: 2 })).toThrow(RangeError);
  expect(() => matrices.multiply(at(4), at(6), at(6), { m: 2, k: 1.5, n: 2 })).toThrow(RangeError);
  const same = at(9);
  expect(() => matrices.multiply(same, same, at(9), { m: 3, k: 3, n: 3 })).toThrow(RangeError);
});
