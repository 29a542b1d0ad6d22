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
        run: (dest: Vector, x: Vector, y: Vector) => optimization.secondMoment(dest, x, y, 0.9),
        value: (x: number, y: number) => 0.9 * x + 0.1 * y * y,
      },
      {
        run: (dest: Vector, x: Vector, y: Vector) => optimization.precondition(dest, x, y, 0.01),
        value: (x: number, y: number) => x / (Math.sqrt(y) + 0.01),
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

  it.each(LENGTHS)('takes an adaptive step over %i entries', async (n) => {
    const x = normals(n, 1);
    const m = normals(n, 2);
    const v = positive(n, 3);
    const third = Math.floor(n / 3);
    const bounds = [0, third, third, n];
    const decays = [0.5, 9, 0];
    const rate = 0.05;
    const epsilon = 1e-3;
    for (const weightDecay of [undefined, 0.25, { bounds, factors: decays }]) {
      for (const correction of [undefined, [0.1, 0.001] as const]) {
        const [c1, c2] = correction ?? [1, 1];
        const parts = (k: number): readonly [number, number] => {
          const own = x[k] ?? Number.NaN;
          const direction = (m[k] ?? Number.NaN) / c1 / (Math.sqrt((v[k] ?? Number.NaN) / c2) + epsilon);
          const decay = typeof weightDecay === 'object' ? (k < third ? 0.5 : 0) : (weightDecay ?? 0);
          return [own, rate * (direction + decay * own)];
        };
        const expected = (k: number) => parts(k)[0] - parts(k)[1];
        const size = (k: number) => Math.abs(parts(k)[0]) + Math.abs(parts(k)[1]);
        for (const own of [false, true]) {
          const held = load(compute, x);
          const dest = own ? held : compute.vector(n);
          optimization.adaptiveStep(dest, held, load(compute, m), load(compute, v), {
            rate,
            epsilon,
            ...(weightDecay === undefined ? {} : { weightDecay }),
            ...(correction === undefined ? {} : { correction }),
          });
          await expectNear(dest, expected, size);
        }
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
    optimization.secondMoment(dest, good, bad, 0.5);
    expect([...(await read(dest))]).toEqual([nan, inf, 1, 10]);
    optimization.precondition(dest, bad, good, 0);
    expect([...(await read(dest))]).toEqual([nan, inf, 1, 2]);
    optimization.scaleToNorm(dest, bad, 0.5);
    expect([...(await read(dest))]).toEqual([nan, inf, 1, 4]);
    const out = compute.vector(3);
    optimization.maximumRatio(bad, good, [0, 1, 2, 4], 0, out, 0);
    expect([...(await read(out))]).toEqual([nan, inf, 1]);
    optimization.adaptiveStep(dest, good, bad, good, { rate: 1, epsilon: 0 });
    expect([...(await read(dest))]).toEqual([nan, -inf, 0, 2]);
  });

  it('refuses what does not fit', () => {
    const four = compute.vector(4);
    const six = compute.vector(6);
    const other = compute.vector(4);
    const step = { rate: 1, epsilon: 1 };
    expect(() => optimization.product(four, four, six)).toThrow(RangeError);
    expect(() => optimization.adaptiveStep(four, other, four, other, step)).toThrow(RangeError);
    expect(() => optimization.adaptiveStep(four, other, other, four, step)).toThrow(RangeError);
    const weightDecay = { bounds: [0, 4], factors: [1, 2] };
    expect(() => optimization.adaptiveStep(four, other, other, other, { ...step, weightDecay })).toThrow(
      RangeError,
    );
    expect(() => optimization.maximumRatio(four, four, [0, 4], 1, four, 0)).toThrow(RangeError);
    expect(() => optimization.scaleToNorm(four, six, 1)).toThrow(RangeError);
  });
});
