/** Operations with the same bits everywhere against naive formulas, on numbers of every size. */
import { describe, expect, it } from 'vitest';
import { benches, load, normals } from './testing.ts';

const LENGTHS = [1, 2, 3, 5, 64, 257, 1031];
/** Magnitudes over some twenty powers of ten. */
const wide = (n: number, seed: number) => normals(n, seed).map((value, k) => value * 10 ** ((k % 21) - 10));

describe.each(benches())('$name precision', ({ compute, tolerance, read }) => {
  const { portable } = compute;

  it.each(LENGTHS)('divides %i numbers by their roots', async (n) => {
    const m = wide(n, n);
    const v = wide(n, n + 1).map(Math.abs);
    const dest = compute.vector(n);
    portable.preconditioned(dest, load(compute, m), load(compute, v), 1e-8);
    const found = await read(dest);
    expect(found).toHaveLength(n);
    found.forEach((value, k) => {
      const expected = (m[k] ?? 0) / (Math.sqrt(v[k] ?? 0) + 1e-8);
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected));
    });
  });

  it('takes what is smaller than normal for zero', async () => {
    const tiny = Float32Array.of(2 ** -126, 2 ** -127, -(2 ** -140), 0, 1, -1, Number.NaN, 1e-30);
    const dest = compute.vector(tiny.length);
    const source = load(compute, tiny);
    portable.support(dest, source);
    expect(await read(dest)).toEqual([1, 0, 0, 0, 1, 1, 1, 1]);
    portable.preconditioned(dest, source, load(compute, new Float32Array(8).fill(2 ** -127)), 1);
    const found = await read(dest);
    expect(found.slice(0, 6).map((value) => value + 0)).toEqual([2 ** -126, 0, 0, 0, 1, -1]);
    expect(found[6]).toBeNaN();
  });

  it('refuses to write over what it reads', () => {
    const a = compute.vector(3);
    const b = compute.vector(3);
    expect(() => portable.preconditioned(a, a, b, 1)).toThrow(RangeError);
    expect(() => portable.preconditioned(a, b, a, 1)).toThrow(RangeError);
    expect(() => portable.support(a, a)).toThrow(RangeError);
    expect(() => portable.support(a, compute.vector(4))).toThrow(RangeError);
  });
});
