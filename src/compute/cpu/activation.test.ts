/** Activation functions against their formulas with Math.tanh, and their slopes against differences. */
import { describe, expect, it } from 'vitest';
import type { ActivationKind } from '../activation.ts';
import { benches, load, normals } from './testing.ts';

const FORMULAS: readonly (readonly [ActivationKind, (x: number) => number])[] = [
  ['relu', (x) => Math.max(0, x)],
  ['tanh', Math.tanh],
  ['gelu', (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))],
];
const at = (values: ArrayLike<number>, i: number) => values[i] ?? Number.NaN;
/** Small, ordinary and large arguments; none so near 0 that a difference steps over a kink. */
const ARGUMENTS = Float32Array.of(
  ...normals(40, 1).map((x) => 2 * x),
  ...[1e-3, -1e-3, 0.019, 0.021, -0.25, 8, -8, 11, -11, 40, -40],
);

describe.each(benches())('$name precision', ({ compute, read, tolerance }) => {
  describe.each(FORMULAS)('%s', (kind, formula) => {
    it('is its formula, for as many entries as asked', async () => {
      const y = load(compute, new Float32Array(ARGUMENTS.length).fill(7));
      const count = ARGUMENTS.length - 1;
      compute.activation.apply(kind, count, load(compute, ARGUMENTS), y);
      const found = await read(y);
      ARGUMENTS.subarray(0, count).forEach((x, k) => {
        expect(Math.abs(at(found, k) - formula(x))).toBeLessThanOrEqual(tolerance * (1 + Math.abs(x)));
      });
      expect(found[count]).toBe(7);
    });

    it('has its slope', async () => {
      const dy = normals(ARGUMENTS.length, 2);
      const dx = load(compute, new Float32Array(ARGUMENTS.length).fill(7));
      const count = ARGUMENTS.length - 1;
      compute.activation.gradient(kind, count, load(compute, ARGUMENTS), load(compute, dy), dx);
      const found = await read(dx);
      ARGUMENTS.subarray(0, count).forEach((x, k) => {
        const slope = (formula(x + 1e-5) - formula(x - 1e-5)) / 2e-5;
        expect(Math.abs(at(found, k) - slope * at(dy, k))).toBeLessThan(1e-6);
      });
      expect(found[count]).toBe(7);
    });

    it('stays finite for the largest numbers, and lets NaN through', async () => {
      const extremes = Float32Array.of(0, 3e38, -3e38, 1e13, -1e13, Number.NaN);
      const [y, dx] = [compute.vector(6), compute.vector(6)];
      const x = load(compute, extremes);
      compute.activation.apply(kind, 6, x, y);
      compute.activation.gradient(kind, 6, x, load(compute, new Float32Array(6).fill(1)), dx);
      const [values, slopes] = [await read(y), await read(dx)];
      const top = kind === 'tanh' ? 1 : extremes[1];
      const bottom = kind === 'tanh' ? -1 : 0;
      expect(values[1]).toBe(top);
      expect([values[0], values[2]]).toEqual([expect.closeTo(0, 30), expect.closeTo(bottom, 30)]);
      expect(slopes.slice(1, 5).map((value) => Math.round(value))).toEqual(
        kind === 'tanh' ? [0, 0, 0, 0] : [1, expect.closeTo(0), 1, expect.closeTo(0)],
      );
      expect(values[5]).toBeNaN();
    });
  });

  it('refuses to overwrite what it reads, and vectors that are too short', () => {
    const [x, y] = [compute.vector(4), compute.vector(3)];
    expect(() => compute.activation.apply('gelu', 4, x, x)).toThrow(RangeError);
    expect(() => compute.activation.apply('gelu', 4, x, y)).toThrow(RangeError);
    expect(() => compute.activation.gradient('gelu', 3, x, y, y)).toThrow(RangeError);
  });
});
