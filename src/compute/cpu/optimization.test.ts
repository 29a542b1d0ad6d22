/** Element-wise operations of optimizers against naive formulas, in every precision, in place and not. */
import { describe, expect, it } from 'vitest';
import type { Vector } from '../compute.ts';
import { benches, load, normals } from './testing.ts';

const LENGTHS = [1, 2, 3, 5, 64, 257, 1031];
const positive = (n: number, seed: number) => normals(n, seed).map((value) => value * value + 1e-3);

describe.each(benches())('$name precision', ({ compute, tolerance, read }) => {
  const { optimization } = compute;

  async function expectNear(vector: Vector, expected: (k: number) => number, size: (k: number) => number) {
    const found = await read(vector);
    found.forEach((value, k) => {
      expect(Math.abs(value - expected(k))).toBeLessThanOrEqual(4 * tolerance * size(k));
    });
  }

  it.each(LENGTHS)('combines pairs of %i entries, whichever operand is the destination', async (n) => {
    const a = positive(n, n);
    const b = positive(n, n + 1);
    const at = (values: Float32Array, k: number) => values[k] ?? Number.NaN;
    const functions = [
      {
        run: (dest: Vector, x: Vector, y: Vector) => optimization.product(dest, x, y),
        value: (x: number, y: number) => x * y,
      },
      {
        run: (dest: Vector, x: Vector, y: Vector) => optimization.unprecondition(dest, x, y, 0.01),
        value: (x: number, y: number) => x * (Math.sqrt(y) + 0.01),
      },
    ];
    for (const { run, value } of functions) {
      const x = load(compute, a);
      const y = load(compute, b);
      const dest = compute.vector(n);
      run(dest, x, y);
      const apart = (k: number) => value(at(a, k), at(b, k));
      await expectNear(dest, apart, apart);
      run(x, x, y);
      await expectNear(x, apart, apart);
      run(y, load(compute, a), y);
      await expectNear(y, apart, apart);
      const both = load(compute, a);
      run(both, both, both);
      const twice = (k: number) => value(at(a, k), at(a, k));
      await expectNear(both, twice, twice);
    }
  });

  it.each(LENGTHS)('takes steps over %i entries, each chunk with its rate and decay', async (n) => {
    const [x, m, g] = [normals(n, 1), normals(n, 2), normals(n, 3)];
    const v = positive(n, 4);
    const third = Math.floor(n / 3);
    const rates = { bounds: [0, third, third, n], rates: [0.05, 9, 0.5], decays: [0.5, 9, 0] };
    const at = (values: Float32Array, k: number) => values[k] ?? Number.NaN;
    const rate = (k: number) => (k < third ? 0.05 : 0.5);
    const pull = (k: number) => at(g, k) + (k < third ? 0.5 : 0) * at(x, k);
    /** What rounding errors are in proportion to: generous where terms of either sign meet. */
    const size = (k: number) => 20 * (1 + Math.abs(at(x, k)) + Math.abs(at(g, k)) + Math.abs(at(m, k)));

    for (const own of [false, true]) {
      const along = load(compute, g);
      const dest = own ? along : compute.vector(n);
      optimization.descend(dest, load(compute, x), along, rates);
      await expectNear(dest, (k) => at(x, k) - rate(k) * pull(k), size);
    }

    for (const nesterov of [false, true]) {
      for (const place of ['step', 'momentum'] as const) {
        const next = { x: compute.vector(n), m: compute.vector(n) };
        const held = { x: load(compute, x), m: load(compute, m) };
        const step = { momentum: 0.9, nesterov, rate: place };
        optimization.momentumStep(next, held, load(compute, g), rates, step);
        const [within, without] = place === 'step' ? [() => 1, rate] : [rate, () => 1];
        const scaled = (k: number) => within(k) * pull(k);
        const mean = (k: number) => 0.9 * at(m, k) + scaled(k);
        const u = (k: number) => (nesterov ? scaled(k) + 0.9 * mean(k) : mean(k));
        await expectNear(next.m, mean, size);
        await expectNear(next.x, (k) => at(x, k) - without(k) * u(k), size);
      }
    }

    for (const decay of ['coupled', 'decoupled'] as const) {
      for (const result of ['step', 'direction'] as const) {
        const next = { x: compute.vector(n), m: compute.vector(n), v: compute.vector(n) };
        const held = { x: load(compute, x), m: load(compute, m), v: load(compute, v) };
        const step = {
          beta1: 0.9,
          beta2: 0.99,
          epsilon: 0.1,
          correction: [0.5, 0.25],
          decay,
          result,
        } as const;
        optimization.adaptiveStep(next, held, load(compute, g), rates, step);
        const taken = (k: number) => (decay === 'coupled' ? pull(k) : at(g, k));
        const mean = (k: number) => 0.9 * at(m, k) + 0.1 * taken(k);
        const square = (k: number) => 0.99 * at(v, k) + 0.01 * taken(k) ** 2;
        const u = (k: number) => mean(k) / 0.5 / (Math.sqrt(square(k) / 0.25) + 0.1) + pull(k) - taken(k);
        await expectNear(next.m, mean, size);
        await expectNear(next.v, square, (k) => size(k) ** 2);
        const moved = (k: number) => (result === 'direction' ? u(k) : at(x, k) - rate(k) * u(k));
        await expectNear(next.x, moved, (k) => 10 * size(k));
      }
    }
  });

  it.each(LENGTHS)('finds the largest ratio in the chunks of %i entries', async (n) => {
    const a = positive(n, 4);
    const b = positive(n, 5);
    const third = Math.floor(n / 3);
    const bounds = [0, third, third, n];
    const out = load(compute, Float32Array.of(7, 7, 7, 7, 7));
    optimization.maximumRatio(load(compute, a), load(compute, b), bounds, 0.01, out, 1);
    const found = await read(out);
    expect([found[0], found[2], found[4]]).toEqual([7, 0, 7]);
    const largest = (start: number, end: number) => {
      let most = 0;
      for (let k = start; k < end; k++) {
        const ratio = (Math.sqrt(a[k] ?? Number.NaN) + 0.01) / (Math.sqrt(b[k] ?? Number.NaN) + 0.01);
        most = Math.max(most, ratio);
      }
      return most;
    };
    const first = largest(0, third);
    const last = largest(third, n);
    expect(Math.abs((found[1] ?? Number.NaN) - first)).toBeLessThanOrEqual(4 * tolerance * first);
    expect(Math.abs((found[3] ?? Number.NaN) - last)).toBeLessThanOrEqual(4 * tolerance * last);
  });

  it.each(LENGTHS)('clips the norm of %i entries, and leaves a smaller one exactly as it is', async (n) => {
    const values = normals(n, 6);
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    for (const own of [false, true]) {
      const source = load(compute, values);
      const dest = own ? source : compute.vector(n);
      optimization.scaleToNorm(dest, source, norm / 3);
      await expectNear(
        dest,
        (k) => (values[k] ?? Number.NaN) / 3,
        (k) => Math.abs(values[k] ?? Number.NaN),
      );
    }
    const dest = compute.vector(n);
    optimization.scaleToNorm(dest, load(compute, values), norm * 1.001);
    expect([...(await read(dest))]).toEqual([...values]);
  });

  it('lets NaN and infinity through', async () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    const bad = load(compute, Float32Array.of(nan, inf, 1, 4));
    const good = load(compute, Float32Array.of(1, 1, 1, 4));
    const dest = compute.vector(4);
    const rates = { bounds: [0, 4], rates: [1], decays: [0] };
    optimization.descend(dest, good, bad, rates);
    expect([...(await read(dest))]).toEqual([nan, -inf, 0, 0]);
    optimization.scaleToNorm(dest, bad, 0.5);
    expect([...(await read(dest))]).toEqual([nan, inf, 1, 4]);
    const out = compute.vector(3);
    optimization.maximumRatio(bad, good, [0, 1, 2, 4], 0, out, 0);
    expect([...(await read(out))]).toEqual([nan, inf, 1]);
    const next = { x: dest, m: compute.vector(4), v: compute.vector(4) };
    const held = { x: good, m: good, v: good };
    const step = { beta1: 0, beta2: 1, epsilon: 0, correction: [1, 1], decay: 'coupled' } as const;
    optimization.adaptiveStep(next, held, bad, rates, { ...step, result: 'step' });
    expect([...(await read(next.m))]).toEqual([nan, inf, 1, 4]);
    expect([...(await read(dest))].slice(0, 3)).toEqual([nan, nan, 0]);
  });

  it('refuses what does not fit', () => {
    const four = compute.vector(4);
    const six = compute.vector(6);
    const other = compute.vector(4);
    const third = compute.vector(4);
    const rates = { bounds: [0, 4], rates: [1], decays: [0] };
    expect(() => optimization.product(four, four, six)).toThrow(RangeError);
    expect(() => optimization.descend(four, four, other, rates)).toThrow(RangeError);
    expect(() => optimization.descend(four, other, other, { ...rates, rates: [1, 2] })).toThrow(RangeError);
    expect(() => optimization.descend(four, other, other, { ...rates, bounds: [0, 3] })).toThrow(RangeError);
    const step = { momentum: 0.5, nesterov: false, rate: 'step' } as const;
    const held = { x: other, m: other };
    for (const next of [
      { x: four, m: four },
      { x: other, m: four },
      { x: four, m: six },
    ]) {
      expect(() => optimization.momentumStep(next, held, other, rates, step)).toThrow(RangeError);
    }
    const adaptive = { beta1: 0, beta2: 0, epsilon: 1, correction: [1, 1], decay: 'coupled' } as const;
    const before = { ...held, v: other };
    for (const next of [
      { x: four, m: third, v: four },
      { x: four, m: third, v: third },
      { x: four, m: third, v: other },
      { x: four, m: third, v: six },
    ]) {
      const take = () =>
        optimization.adaptiveStep(next, before, other, rates, { ...adaptive, result: 'step' });
      expect(take).toThrow(RangeError);
    }
    expect(() => optimization.maximumRatio(four, four, [0, 4], 1, four, 0)).toThrow(RangeError);
    expect(() => optimization.scaleToNorm(four, six, 1)).toThrow(RangeError);
  });
});
