/** Matrix products against three nested loops, in every precision, for every way of storing them. */
import { describe, expect, it } from 'vitest';
import { benches, load, normals } from './testing.ts';

const SHAPES = [
  [1, 1, 1],
  [1, 7, 1],
  [5, 3, 2],
  [4, 4, 4],
  [8, 16, 64],
  [13, 1, 67],
  [31, 65, 5],
  [129, 2, 130],
] as const;

describe.each(benches())('$name precision', ({ compute, tolerance, read }) => {
  describe.each(SHAPES)('%i x %i x %i', (m, k, n) => {
    it.each([
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ])('multiplies; transposed: %s, %s', async (transposeA, transposeB) => {
      const a = normals(m * k + 3, m);
      const b = normals(k * n + 2, n + 100);
      const old = normals(m * n + 6, k + 200);
      for (const [alpha, beta] of [
        [1, 0],
        [-0.5, 0.75],
      ] as const) {
        const dest = load(compute, old);
        compute.matrices.multiply(
          { vector: dest, offset: 5 },
          { vector: load(compute, a), offset: 3 },
          { vector: load(compute, b), offset: 1 },
          { m, k, n, transposeA, transposeB },
          alpha,
          beta,
        );
        const found = await read(dest);
        old.forEach((before, at) => {
          const i = Math.floor((at - 5) / n);
          const j = (at - 5) % n;
          let expected = before;
          let size = 0;
          if (at >= 5 && i < m) {
            let sum = 0;
            for (let s = 0; s < k; s++) {
              const left = a[3 + (transposeA ? s * m + i : i * k + s)] ?? Number.NaN;
              const right = b[1 + (transposeB ? j * k + s : s * n + j)] ?? Number.NaN;
              sum += left * right;
              size += Math.abs(left * right);
            }
            expected = alpha * sum + beta * before;
          }
          const error = Math.abs((found[at] ?? Number.NaN) - expected);
          expect(error).toBeLessThanOrEqual(tolerance * (size + Math.abs(before)));
        });
      }
    });
  });

  it('does not read what dest held when beta is 0, and an empty sum is beta times it', async () => {
    const dest = load(compute, Float32Array.of(Number.NaN, 3));
    const one = load(compute, Float32Array.of(2));
    const at = { vector: one, offset: 0 };
    compute.matrices.multiply({ vector: dest, offset: 0 }, at, at, { m: 1, k: 1, n: 1 });
    compute.matrices.multiply({ vector: dest, offset: 1 }, at, at, { m: 1, k: 0, n: 1 }, 1, 0.5);
    expect([...(await read(dest))]).toEqual([4, 1.5]);
  });

  it('lets NaN and infinity through to the rows and columns they are in', async () => {
    const a = load(compute, Float32Array.of(1, Number.NaN, 1, 1, Number.POSITIVE_INFINITY, 1));
    const b = load(compute, Float32Array.of(1, 1));
    const dest = compute.vector(3);
    const shape = { m: 3, k: 2, n: 1 };
    compute.matrices.multiply(
      { vector: dest, offset: 0 },
      { vector: a, offset: 0 },
      { vector: b, offset: 0 },
      shape,
    );
    expect([...(await read(dest))]).toEqual([Number.NaN, 2, Number.POSITIVE_INFINITY]);
  });

  it('refuses what does not fit', () => {
    const { matrices } = compute;
    const at = (length: number, offset = 0) => ({ vector: compute.vector(length), offset });
    expect(() => matrices.multiply(at(6), at(6), at(6), { m: 2, k: 3, n: 3 })).toThrow(RangeError);
    expect(() => matrices.multiply(at(4, 1), at(6), at(6), { m: 2, k: 3, n: 2 })).toThrow(RangeError);
    expect(() => matrices.multiply(at(4), at(6), at(6), { m: 2, k: 1.5, n: 2 })).toThrow(RangeError);
    expect(() => matrices.multiply(at(4), at(6), at(6), { m: -2, k: 3, n: -2 })).toThrow(RangeError);
    const same = at(9);
    expect(() => matrices.multiply(same, same, at(9), { m: 3, k: 3, n: 3 })).toThrow(RangeError);
  });
});
