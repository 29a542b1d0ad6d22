/** Runs and chunks on the device against the TypeScript implementation. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute } from './compute.ts';
import { createTypeScriptCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { bitsOf, distance, firstDifference, integers, noise, vectorOf } from './webgpu/testing.ts';

const cpu = createTypeScriptCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

/** The same on both; the largest relative difference. */
async function compare(run: (compute: Compute) => Promise<Float32Array>): Promise<number> {
  return distance(await run(gpu), await run(cpu));
}

function blocks(length: number, size: number): number[] {
  const bounds = [];
  for (let start = 0; start < length; start += size) bounds.push(start);
  return [...bounds, length];
}

/** Tensors of very unequal lengths, empty ones among them. */
function unequal(length: number): number[] {
  const third = Math.floor(length / 3);
  return [0, 0, third, third, Math.min(length, third + 1), length];
}

const LENGTHS = [1, 2, 3, 4, 5, 63, 64, 257, 1021, 4099, 70_001];

describe.each(LENGTHS)('a run of %i numbers', (length) => {
  it.each([
    [0, 0],
    [4, 8],
    [3, 1],
    [4, 2],
    [1, 4],
  ])('is copied to the bit and added, to offset %i from %i', async (destOffset, sourceOffset) => {
    const run = (weight: number | null) => (compute: Compute) => {
      const source = vectorOf(compute, noise(length + sourceOffset + 1, 1));
      const dest = vectorOf(compute, noise(length + destOffset + 3, 2));
      if (weight === null) compute.slices.copy(dest, destOffset, source, sourceOffset, length);
      else compute.slices.add(dest, destOffset, source, sourceOffset, length, weight);
      return compute.read(dest);
    };
    expect(firstDifference(bitsOf(await run(null)(gpu)), bitsOf(await run(null)(cpu)))).toBe(-1);
    expect(firstDifference(bitsOf(await run(1)(gpu)), bitsOf(await run(1)(cpu)))).toBe(-1);
    expect(await compare(run(-0.37))).toBeLessThan(1e-6);
  });

  describe.each([
    ['whole', [0, length]],
    ['in blocks of 7', blocks(length, 7)],
    ['in blocks of 4096', blocks(length, 4096)],
    ['in unequal tensors', unequal(length)],
  ])('%s', (_, bounds) => {
    const chunks = bounds.length - 1;

    it('is measured, and gives the same bits again', async () => {
      for (const kind of ['sum-abs', 'sum-squares'] as const) {
        const run = async (compute: Compute) => {
          const out = vectorOf(compute, new Float32Array(chunks + 3).fill(7));
          compute.slices.chunkNorms(vectorOf(compute, noise(length, 3)), bounds, kind, out, 2);
          return compute.read(out);
        };
        const ours = await run(gpu);
        const theirs = await run(cpu);
        ours.forEach((value, c) => {
          expect(Math.abs(value - (theirs[c] ?? Number.NaN))).toBeLessThanOrEqual(3e-6 * Math.abs(value));
        });
        expect(firstDifference(bitsOf(await run(gpu)), bitsOf(ours))).toBe(-1);
      }
    });

    it.each([
      ['set', false],
      ['set', true],
      ['add', false],
      ['add', true],
    ] as const)('is scaled chunk by chunk: %s, in place: %s', async (mode, own) => {
      const factors = [...noise(chunks, 4)];
      const apart = await compare((compute) => {
        const dest = vectorOf(compute, noise(length, 5));
        const source = own ? dest : vectorOf(compute, noise(length, 6));
        compute.slices.addScaledChunks(dest, source, bounds, factors, mode);
        return compute.read(dest);
      });
      expect(apart).toBeLessThan(1e-6);
    });
  });
});

it('copies the bits of numbers that arithmetic would change', async () => {
  const bits = Uint32Array.of(0x7fc0_1234, 0xff80_0001, 1, 0x8000_0000, 0x7f80_0000, 0x0040_0000);
  const source = vectorOf(gpu, new Float32Array(bits.buffer));
  const dest = gpu.vector(12);
  gpu.slices.copy(dest, 0, source, 0, 6);
  gpu.slices.copy(dest, 6, source, 0, 6);
  expect([...bitsOf(await gpu.read(dest))]).toEqual([...bits, ...bits]);
});

it('lets NaN and infinity through, each in its chunk', async () => {
  const bad = Float32Array.of(1, Number.NaN, 2, Number.NEGATIVE_INFINITY, 3, 4);
  const source = vectorOf(gpu, bad);
  const out = gpu.vector(6);
  gpu.slices.chunkNorms(source, [0, 2, 4, 6], 'sum-abs', out, 0);
  gpu.slices.chunkNorms(source, [0, 2, 4, 6], 'sum-squares', out, 3);
  const inf = Number.POSITIVE_INFINITY;
  expect([...(await gpu.read(out))]).toEqual([Number.NaN, inf, 7, Number.NaN, inf, 25]);
  const dest = gpu.vector(6);
  gpu.slices.addScaledChunks(dest, source, [0, 3, 6], [2, -1], 'add');
  expect([...(await gpu.read(dest))]).toEqual([2, Number.NaN, 4, inf, -3, -4]);
});

it('takes thousands of chunks, and leaves none out', async () => {
  const length = 30_011;
  const cuts = [...integers(5000, length, 7)].sort((a, b) => a - b);
  const bounds = [0, ...cuts, length];
  const chunks = bounds.length - 1;
  const factors = Array.from({ length: chunks }, (_, c) => (c % 17) - 8);
  const whole = noise(length, 8).map((value) => Math.round(value * 50));
  const run = async (compute: Compute) => {
    const dest = compute.vector(length);
    compute.slices.addScaledChunks(dest, vectorOf(compute, whole), bounds, factors, 'set');
    const out = compute.vector(chunks);
    compute.slices.chunkNorms(dest, bounds, 'sum-abs', out, 0);
    return [await compute.read(dest), await compute.read(out)] as const;
  };
  // Whole numbers, whose sums are exact: a wrong chunk cannot hide.
  const ours = await run(gpu);
  const theirs = await run(cpu);
  expect(distance(ours[0], theirs[0])).toBe(0);
  expect(distance(ours[1], theirs[1])).toBe(0);
});

it('refuses what does not fit', () => {
  const { slices } = gpu;
  const four = gpu.vector(4);
  const six = gpu.vector(6);
  expect(() => slices.copy(four, 2, six, 0, 3)).toThrow(RangeError);
  expect(() => slices.copy(four, 0, four, 2, 2)).toThrow(RangeError);
  expect(() => slices.add(six, 0, six, 3, 3, 1)).toThrow(RangeError);
  expect(() => slices.chunkNorms(six, [0, 3, 5], 'sum-abs', four, 0)).toThrow(RangeError);
  expect(() => slices.chunkNorms(six, [0, 6], 'sum-abs', six, 0)).toThrow(RangeError);
  expect(() => slices.addScaledChunks(six, four, [0, 6], [1], 'set')).toThrow(RangeError);
  expect(() => slices.addScaledChunks(six, six, [0, 3, 6], [1], 'set')).toThrow(RangeError);
});
