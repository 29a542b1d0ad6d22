/** Element-wise operations of optimizers on the device against the TypeScript implementation. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute, Vector } from './compute.ts';
import { createTypeScriptCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { distance, noise, vectorOf } from './webgpu/testing.ts';

const cpu = createTypeScriptCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

async function compare(run: (compute: Compute) => Promise<Float32Array>): Promise<number> {
  return distance(await run(gpu), await run(cpu));
}

const positive = (length: number, seed: number) => noise(length, seed).map((value) => value * value);
const LENGTHS = [1, 2, 3, 4, 5, 63, 64, 257, 1021, 4099, 70_001];
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe.each([
  ['product', (c: Compute, dest: Vector, a: Vector, b: Vector) => c.optimization.product(dest, a, b)],
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
  const alone = { bounds: [0, length], rates: [0.05], decays: [0.25] };
  const byTensor = { bounds: few, rates: [0.05, 9, 0.5], decays: [0.5, 9, 0] };
  const byThousands = { bounds: many, rates: [...noise(2050, 2)], decays: [...noise(2050, 3)] };
  describe.each([
    ['one rate', alone],
    ['rates by tensor', byTensor],
    ['thousands of rates', byThousands],
  ])('with %s', (_, rates) => {
    const load = (compute: Compute) => ({
      x: vectorOf(compute, noise(length, 4)),
      m: vectorOf(compute, noise(length, 5)),
      v: vectorOf(compute, positive(length, 6)),
    });
    const empty = (compute: Compute) => ({
      x: compute.vector(length),
      m: compute.vector(length),
      v: compute.vector(length),
    });
    const gradient = (compute: Compute) => vectorOf(compute, noise(length, 7));

    it.each([false, true])('a descent agrees; in place of the gradient: %s', async (own) => {
      const apart = await compare((compute) => {
        const g = gradient(compute);
        const dest = own ? g : compute.vector(length);
        compute.optimization.descend(dest, load(compute).x, g, rates);
        return compute.read(dest);
      });
      expect(apart).toBeLessThan(1e-6);
    });

    it.each([
      [false, 'step'],
      [true, 'step'],
      [false, 'momentum'],
      [true, 'momentum'],
    ] as const)('a step with momentum agrees; looking ahead: %s, rate in the %s', async (nesterov, rate) => {
      for (const name of ['x', 'm'] as const) {
        const apart = await compare((compute) => {
          const next = empty(compute);
          const step = { momentum: 0.9, nesterov, rate };
          compute.optimization.momentumStep(next, load(compute), gradient(compute), rates, step);
          return compute.read(next[name]);
        });
        expect(apart).toBeLessThan(2e-6);
      }
    });

    it.each([
      ['coupled', 'step'],
      ['coupled', 'direction'],
      ['decoupled', 'step'],
      ['decoupled', 'direction'],
    ] as const)('an adaptive step agrees: %s, %s', async (decay, result) => {
      for (const name of ['x', 'm', 'v'] as const) {
        const apart = await compare((compute) => {
          const next = empty(compute);
          const step = { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, correction: [0.1, 0.01] } as const;
          const all = { ...step, decay, result };
          compute.optimization.adaptiveStep(next, load(compute), gradient(compute), rates, all);
          return compute.read(next[name]);
        });
        expect(apart).toBeLessThan(1e-5);
      }
    });
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
  const rates = { bounds: [0, 4], rates: [1], decays: [0] };
  optimization.descend(dest, good, bad, rates);
  expect([...(await gpu.read(dest))]).toEqual([nan, -inf, 0, 0]);
  optimization.scaleToNorm(dest, bad, 0.5);
  expect([...(await gpu.read(dest))]).toEqual([nan, inf, 1, 4]);
  const out = gpu.vector(3);
  optimization.maximumRatio(bad, good, [0, 1, 2, 4], 0, out, 0);
  expect([...(await gpu.read(out))]).toEqual([nan, inf, 1]);
  const next = { x: dest, m: gpu.vector(4), v: gpu.vector(4) };
  const step = {
    beta1: 0,
    beta2: 1,
    epsilon: 0,
    correction: [1, 1],
    decay: 'coupled',
    result: 'step',
  } as const;
  optimization.adaptiveStep(next, { x: good, m: good, v: good }, bad, rates, step);
  expect([...(await gpu.read(next.m))]).toEqual([nan, inf, 1, 4]);
  expect([...(await gpu.read(dest))].slice(0, 3)).toEqual([nan, nan, 0]);
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
  const third = gpu.vector(4);
  const rates = { bounds: [0, 4], rates: [1], decays: [0] };
  expect(() => optimization.product(four, four, six)).toThrow(RangeError);
  expect(() => optimization.descend(four, four, other, rates)).toThrow(RangeError);
  expect(() => optimization.descend(four, other, other, { ...rates, decays: [1, 2] })).toThrow(RangeError);
  const held = { x: other, m: other, v: other };
  const step = {
    beta1: 0,
    beta2: 0,
    epsilon: 1,
    correction: [1, 1],
    decay: 'coupled',
    result: 'step',
  } as const;
  for (const next of [
    { x: four, m: third, v: four },
    { x: four, m: third, v: third },
    { x: four, m: third, v: other },
    { x: four, m: third, v: six },
  ]) {
    expect(() => optimization.adaptiveStep(next, held, other, rates, step)).toThrow(RangeError);
  }
  const momentum = { momentum: 0.5, nesterov: false, rate: 'step' } as const;
  expect(() => optimization.momentumStep({ x: four, m: four }, held, other, rates, momentum)).toThrow(
    RangeError,
  );
  expect(() => optimization.maximumRatio(four, four, [0, 4], 1, four, 0)).toThrow(RangeError);
  expect(() => optimization.scaleToNorm(four, six, 1)).toThrow(RangeError);
});
