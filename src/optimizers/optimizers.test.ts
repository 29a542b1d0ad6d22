/** Every optimizer against its equations in double precision, over many steps; and the contract. */
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { Vector } from '../compute/compute.ts';
import { createCpuCompute, createDoubleCompute } from '../compute/cpu/index.ts';
import { OPTIMIZERS } from './index.ts';
import { initialState } from './optimizer.ts';
import {
  averageNorms,
  difference,
  gradientOf,
  LAYOUT,
  normsOf,
  Pairs,
  rateOf,
  reference,
  run,
  settings,
  startingPoint,
} from './testing.ts';

const STEPS = 150;
/** Layer-wise rules read norms back in single precision. */
const READS_NORMS = ['lars', 'lamb', 'clars'];

it('have ids of their own', () => {
  expect(new Set(OPTIMIZERS.map(({ id }) => id)).size).toBe(OPTIMIZERS.length);
});

describe.each(OPTIMIZERS)('$id', (entry) => {
  it.each(settings(entry))(`follows its equations over ${STEPS} steps with %o`, async (given) => {
    const options = completeOptions(entry.id, entry.options, given);
    const expected = reference(entry.id, LAYOUT, options, STEPS);
    // The steps are not so small that any rule would pass.
    expect(difference(startingPoint(LAYOUT), expected)).toBeGreaterThan(0.01);
    const double = createDoubleCompute();
    const exact = double.readDouble(await run(double, entry, LAYOUT, given, STEPS));
    expect(difference(exact, expected)).toBeLessThan(READS_NORMS.includes(entry.id) ? 1e-6 : 1e-12);
    const single = createCpuCompute();
    const found = await single.read(await run(single, entry, LAYOUT, given, STEPS));
    expect(difference(found, expected)).toBeLessThan(2e-5);
  });

  it('leaves committed vectors and the direction untouched, and repeats itself to the bit', async () => {
    const compute = createCpuCompute();
    const [, given = {}] = settings(entry);
    const optimizer = entry.create(compute, LAYOUT, completeOptions(entry.id, entry.options, given));
    const pairs = new Pairs(compute, LAYOUT.length);
    const direction = compute.vector(LAYOUT.length);
    compute.upload(direction, gradientOf(LAYOUT, 0));
    let x: Vector = pairs.next('x', undefined);
    compute.upload(x, startingPoint(LAYOUT));
    let state = initialState(compute, optimizer, (name) => pairs.next(name, undefined));
    const all = async () => {
      const vectors = Object.entries(state).filter(
        (pair): pair is [string, Vector] => typeof pair[1] !== 'number',
      );
      const read = [['x', x] as const, ['direction', direction] as const, ...vectors].map(
        async ([name, vector]) => [name, [...(await compute.read(vector))]] as const,
      );
      return Object.fromEntries(await Promise.all(read));
    };
    for (let t = 0; t < 2; t++) {
      const before = await all();
      const take = () =>
        optimizer.step(
          (name) => pairs.next(name, name === 'x' ? x : state[name]),
          state,
          x,
          direction,
          0.1,
          averageNorms(LAYOUT, 0),
        );
      const first = [...(await compute.read((await take()).x))];
      expect(await all()).toEqual(before);
      const step = await take();
      expect([...(await compute.read(step.x))]).toEqual(first);
      expect(Object.keys(step.state).sort()).toEqual(
        [...optimizer.vectors, ...Object.keys(optimizer.numbers)].sort(),
      );
      x = step.x;
      state = step.state;
    }
    optimizer.destroy();
  });

  it('lets a NaN of the direction show in the parameters', async () => {
    const compute = createCpuCompute();
    const optimizer = entry.create(compute, LAYOUT, completeOptions(entry.id, entry.options));
    const pairs = new Pairs(compute, LAYOUT.length);
    const direction = compute.vector(LAYOUT.length);
    compute.upload(direction, Float32Array.of(Number.NaN));
    const x = pairs.next('x', undefined);
    const state = initialState(compute, optimizer, (name) => pairs.next(name, undefined));
    const next = (name: string) => pairs.next(name, name === 'x' ? x : state[name]);
    const step = await optimizer.step(next, state, x, direction, rateOf(0), averageNorms(LAYOUT, 0));
    expect((await compute.read(step.x))[0]).toBe(Number.NaN);
  });
});

describe('weight decay', () => {
  it.each(OPTIMIZERS)('of $id leaves out tensors with one axis', async (entry) => {
    const compute = createCpuCompute();
    const with0 = await compute.read(await run(compute, entry, LAYOUT, { weightDecay: 0 }, 3));
    const with1 = await compute.read(await run(compute, entry, LAYOUT, { weightDecay: 0.5 }, 3));
    const moved = LAYOUT.tensors.map(({ offset, length }) =>
      with0.subarray(offset, offset + length).some((value, k) => value !== with1[offset + k]),
    );
    expect(moved).toEqual(LAYOUT.tensors.map(({ shape }) => shape.length > 1));
  });
});

const find = (wanted: string) => {
  const entry = OPTIMIZERS.find(({ id }) => id === wanted);
  if (entry === undefined) throw new Error(`no ${wanted}`);
  return entry;
};

describe('layer-wise rates', () => {
  it.each(['lars', 'clars'])('of %s do not scale up past gradients when gradients shrink', async (id) => {
    const entry = find(id);
    const compute = createCpuCompute();
    const given = { trust: 0.01, momentum: 0.9, weightDecay: 0, ...(id === 'clars' ? { largest: 100 } : {}) };
    const optimizer = entry.create(compute, LAYOUT, completeOptions(id, entry.options, given));
    const pairs = new Pairs(compute, LAYOUT.length);
    const direction = compute.vector(LAYOUT.length);
    let x: Vector = pairs.next('x', undefined);
    compute.upload(x, startingPoint(LAYOUT));
    let state = initialState(compute, optimizer, (name) => pairs.next(name, undefined));
    for (let t = 0; t < 12; t++) {
      const gradient = gradientOf(LAYOUT, 0).map((value) => value * 10 ** -t);
      compute.upload(direction, gradient);
      const before = await compute.read(x);
      const next = (name: string) => pairs.next(name, name === 'x' ? x : state[name]);
      const step = await optimizer.step(next, state, x, direction, 1, normsOf(LAYOUT, gradient));
      const after = await compute.read(step.x);
      const moved = normsOf(
        LAYOUT,
        after.map((value, k) => value - (before[k] ?? 0)),
      );
      const sizes = normsOf(LAYOUT, before);
      LAYOUT.tensors.forEach(({ shape }, l) => {
        // The second layer begins as zeros and moves as it can; the others by κ / (1 − μ) of their size.
        if (shape.length > 1 && l !== 1) expect((moved[l] ?? 0) / (sizes[l] ?? 0)).toBeLessThan(0.11);
      });
      x = step.x;
      state = step.state;
    }
    optimizer.destroy();
  });
});

describe('CLARS', () => {
  it('takes no larger steps than LARS with the same κ, and the same where all gradients are one', async () => {
    // By Jensen the mean of norms is at least the norm of the mean.
    const mean = gradientOf(LAYOUT, 0).map((value, k) => (value + (gradientOf(LAYOUT, 0, 1)[k] ?? 0)) / 2);
    const compute = createCpuCompute();
    const moved = async (id: string, norms: readonly number[]) => {
      const entry = find(id);
      const given = { trust: 0.001, weightDecay: 0, ...(id === 'clars' ? { largest: 100 } : {}) };
      const optimizer = entry.create(compute, LAYOUT, completeOptions(id, entry.options, given));
      const pairs = new Pairs(compute, LAYOUT.length);
      const direction = compute.vector(LAYOUT.length);
      compute.upload(direction, mean);
      const x = pairs.next('x', undefined);
      compute.upload(x, startingPoint(LAYOUT));
      const state = initialState(compute, optimizer, (name) => pairs.next(name, undefined));
      const next = (name: string) => pairs.next(name, name === 'x' ? x : state[name]);
      const step = await optimizer.step(next, state, x, direction, 1, norms);
      const after = await compute.read(step.x);
      return normsOf(
        LAYOUT,
        after.map((value, k) => value - (startingPoint(LAYOUT)[k] ?? 0)),
      );
    };
    const lars = await moved('lars', []);
    const apart = await moved('clars', averageNorms(LAYOUT, 0));
    const equal = await moved('clars', normsOf(LAYOUT, mean));
    LAYOUT.tensors.forEach(({ shape, length }, l) => {
      const larsMoved = lars[l] ?? Number.NaN;
      // A layer that began as zeros moves as it can in both.
      if (shape.length === 1 || l === 1) return;
      // Two numbers may well be parallel; hundreds are not.
      expect(apart[l]).toBeLessThan((length < 10 ? 1.0001 : 0.95) * larsMoved);
      expect(Math.abs((equal[l] ?? Number.NaN) / larsMoved - 1)).toBeLessThan(1e-4);
    });
  });

  it('refuses to go without the average norms', async () => {
    const compute = createCpuCompute();
    const optimizer = find('clars').create(compute, LAYOUT, completeOptions('clars', find('clars').options));
    const vector = () => compute.vector(LAYOUT.length);
    const state = initialState(compute, optimizer, vector);
    for (const norms of [undefined, [1, 2]]) {
      await expect(optimizer.step(vector, state, vector(), vector(), 1, norms)).rejects.toThrow(RangeError);
    }
  });
});
