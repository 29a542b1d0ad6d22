/** Element-wise operations of optimizers on the device against the TypeScript implementation. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute, Vector } from './compute.ts';
import { createTypeScriptCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { distance, noise, vectorOf } from './webgpu/testing.ts';

const cpu = createTypeScriptCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute(undefined, { everyKernel: true });
});
afterAll(() => gpu.destroy());

async function compare(run: (compute: Compute) => Promise<Float32Array>): Promise<number> {
  return distance(await run(gpu), await run(cpu));
}

const positive = (length: number, seed: number) => noise(length, seed).map((value) => value * value);
const LENGTHS = [1, 2, 3, 4, 5, 63, 64, 257, 1021, 4099, 70_001];
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

it('compiles without a word', () => {
  expect(gpu.compileMessages).toEqual([]);
});

describe.each([
  ['product', (c: Compute, dest: Vector, a: Vector, b: Vector) => c.optimization.product(dest, a, b)],
  [
    'secondMoment',
    (c: Compute, dest: Vector, a: Vector, b: Vector) => c.optimization.secondMoment(dest, a, b, 0.9),
  ],
  [
    'precondition',
    (c: Compute, dest: Vector, a: Vector, b: Vector) => c.optimization.precondition(dest, a, b, 0.01),
  ],
  [
    'unprecondition',
    (c: Compute, dest: Vector, a: Vector, b: Vector) => c.optimization.unprecondition(dest, a, b, 0.01),
  ],
])('%s', (_, operation) => {
  it.each(LENGTHS)('agrees on %i numbers, whichever operand is the destination', async (length) => {
    for (const own of ['neither', 'a', 'b', 'both']) {
      const apart = await compare((compute) => {
        const a = vectorOf(compute, positive(length, 1));
        const b = own === 'both' ? a : vectorOf(compute, positive(length, 2));
        const dest = own === 'neither' ? compute.vector(length) : own === 'b' ? b : a;
        operation(compute, dest, a, b);
        return compute.read(dest);
      });
      expect(apart).toBeLessThan(2e-6);
    }
  });
});

describe.each(LENGTHS)('over %i numbers', (length) => {
  const third = Math.floor(length / 3);
  const few = [0, third, third, length];
  const many = Array.from({ length: 2051 }, (_, c) => Math.min(length, c * Math.ceil(length / 2050)));
  it.each([
    ['no decay', undefined],
    ['one decay', 0.25],
    ['decay by tensor', { bounds: few, factors: [0.5, 9, 0] }],
    ['decay by thousands of chunks', { bounds: many, factors: [...noise(2050, 3)] }],
  ])('an adaptive step agrees: %s', async (_, weightDecay) => {
    for (const own of [false, true]) {
      const apart = await compare((compute) => {
        const x = vectorOf(compute, noise(length, 4));
        const dest = own ? x : compute.vector(length);
        const m = vectorOf(compute, noise(length, 5));
        const v = vectorOf(compute, positive(length, 6));
        compute.optimization.adaptiveStep(dest, x, m, v, {
          rate: 0.05,
          epsilon: 1e-3,
          correction: [0.1, 0.01],
          ...(weightDecay === undefined ? {} : { weightDecay }),
        });
        return compute.read(dest);
      });
      expect(apart).toBeLessThan(1e-5);
    }
  });

  it.each([
    ['few', few],
    ['thousands of', many],
  ])('the largest ratio in %s chunks agrees', async (_, bounds) => {
    const apart = await compare((compute) => {
      const a = vectorOf(compute, positive(length, 7));
      const b = vectorOf(compute, positive(length, 8));
      const out = vectorOf(compute, new Float32Array(bounds.length + 2).fill(7));
      compute.optimization.maximumRatio(a, b, bounds, 0.01, out, 2);
      return compute.read(out);
    });
    expect(apart).toBeLessThan(2e-6);
  });

  it.each([0.1, 1e6])('clipping to a norm of %f agrees, in place too', async (most) => {
    for (const own of [false, true]) {
      const apart = await compare((compute) => {
        const source = vectorOf(compute, noise(length, 9));
        const dest = own ? source : compute.vector(length);
        compute.optimization.scaleToNorm(dest, source, most);
        return compute.read(dest);
      });
      expect(apart).toBeLessThan(most > 1 ? 1e-30 : 1e-6);
    }
  });
});

it('lets NaN and infinity through', async () => {
  const bad = vectorOf(gpu, Float32Array.of(nan, inf, 1, 4));
  const good = vectorOf(gpu, Float32Array.of(1, 1, 1, 4));
  const dest = gpu.vector(4);
  const { optimization } = gpu;
  optimization.product(dest, bad, good);
  expect([...(await gpu.read(dest))]).toEqual([nan, inf, 1, 16]);
  optimization.secondMoment(dest, good, bad, 0.5);
  expect([...(await gpu.read(dest))]).toEqual([nan, inf, 1, 10]);
  optimization.precondition(dest, bad, good, 1);
  expect([...(await gpu.read(dest))].slice(0, 3)).toEqual([nan, inf, 0.5]);
  optimization.scaleToNorm(dest, bad, 0.5);
  expect([...(await gpu.read(dest))]).toEqual([nan, inf, 1, 4]);
  const out = gpu.vector(3);
  optimization.maximumRatio(bad, good, [0, 1, 2, 4], 0, out, 0);
  expect([...(await gpu.read(out))]).toEqual([nan, inf, 1]);
  optimization.adaptiveStep(dest, good, bad, good, { rate: 1, epsilon: 1 });
  expect([...(await gpu.read(dest))].slice(0, 3)).toEqual([nan, -inf, 0.5]);
});

it('clips again after a norm that was not finite', async () => {
  const dest = gpu.vector(2);
  gpu.optimization.scaleToNorm(dest, vectorOf(gpu, Float32Array.of(inf, 1)), 1);
  gpu.optimization.scaleToNorm(dest, vectorOf(gpu, Float32Array.of(3, -4)), 1);
  const found = await gpu.read(dest);
  expect(distance(found, Float32Array.of(0.6, -0.8))).toBeLessThan(1e-6);
});

it('refuses what does not fit', () => {
  const { optimization } = gpu;
  const four = gpu.vector(4);
  const six = gpu.vector(6);
  const other = gpu.vector(4);
  const step = { rate: 1, epsilon: 1 };
  expect(() => optimization.product(four, four, six)).toThrow(RangeError);
  expect(() => optimization.adaptiveStep(four, other, four, other, step)).toThrow(RangeError);
  const weightDecay = { bounds: [0, 4], factors: [1, 2] };
  expect(() => optimization.adaptiveStep(four, other, other, other, { ...step, weightDecay })).toThrow(
    RangeError,
  );
  expect(() => optimization.maximumRatio(four, four, [0, 4], 1, four, 0)).toThrow(RangeError);
  expect(() => optimization.scaleToNorm(four, six, 1)).toThrow(RangeError);
});
