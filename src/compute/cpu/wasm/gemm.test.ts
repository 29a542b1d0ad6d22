/** The matrix product of the WebAssembly kernels: to the bit, at every edge of a block, with hostile numbers. */
import { describe, expect, it } from 'vitest';
import { matrixOf, multiply, needSimd, PRODUCTS } from './testing.ts';

const simd = needSimd();

describe('the matrix product', () => {
  it.each(PRODUCTS)('is the promised sum, bit by bit: %j', (product) => {
    const { found, expected, exact, size, surroundings } = multiply(simd, product);
    expect(found).toEqual(expected);
    found.forEach((value, at) => {
      expect(Math.abs(value - (exact[at] ?? Number.NaN))).toBeLessThanOrEqual(2e-6 * (size[at] ?? 0));
    });
    expect(surroundings.every(Number.isNaN)).toBe(true);
  });

  it('gives a row the same bits wherever it stands, and however many stand around it', () => {
    const [k, n] = [300, 19];
    const row = Float32Array.from({ length: k }, (_, p) => Math.sin(p));
    const b = matrixOf(
      simd,
      Float32Array.from({ length: k * n }, (_, p) => Math.cos(p)),
      n,
    );
    const alone = matrixOf(simd, new Float32Array(n), n);
    simd.gemm(false, false, 1, n, k, 1, matrixOf(simd, row, k), b, 0, alone);
    const among = new Float32Array(70 * k).fill(0.25);
    for (const place of [0, 3, 64, 69]) {
      among.set(row, place * k);
      const c = matrixOf(simd, new Float32Array(70 * n), n);
      simd.gemm(false, false, 70, n, k, 1, matrixOf(simd, among, k), b, 0, c);
      const from = c.at + place * n;
      expect(c.numbers.slice(from, from + n)).toEqual(alone.numbers.slice(alone.at, alone.at + n));
    }
  });

  it('lets infinities and NaN through, and no further than their row and column', () => {
    const [m, n, k] = [6, 10, 5];
    const left = new Float32Array(m * k).fill(1);
    left[2 * k + 1] = Number.POSITIVE_INFINITY;
    left[5 * k] = Number.NaN;
    const right = new Float32Array(k * n).fill(1);
    right[1 * n + 9] = Number.NEGATIVE_INFINITY;
    // What C held before must not matter with beta 0, not even NaN.
    const c = matrixOf(simd, new Float32Array(m * n).fill(Number.NaN), n);
    simd.gemm(false, false, m, n, k, 1, matrixOf(simd, left, k), matrixOf(simd, right, n), 0, c);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        const value = c.numbers[c.at + i * n + j];
        const column = j === 9 ? Number.NEGATIVE_INFINITY : k;
        const infinite = j === 9 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
        expect(value).toBe(i === 5 ? Number.NaN : i === 2 ? infinite : column);
      }
    }
  });

  it('refuses matrices that reach past their vectors, and arrays of another memory', () => {
    const a = matrixOf(simd, new Float32Array(6), 3, 0);
    const own = { numbers: new Float32Array(20), at: 0, stride: 3 };
    const times = (left: typeof a, right: typeof a, rows: number) =>
      simd.gemm(false, false, rows, 3, 3, 1, left, right, 0, matrixOf(simd, new Float32Array(30), 3));
    expect(() => times(a, a, 9)).toThrow('are asked for');
    expect(() => times({ ...a, stride: 2 }, a, 1)).toThrow('stored rows');
    expect(() => times({ ...a, at: -1 }, a, 1)).toThrow(RangeError);
    expect(() => times(own, own, 1)).toThrow('memory');
  });
});
