/**
 * For tests of the WebAssembly kernels only: the matrix product they promise, to the bit, and vectors to
 * call them with.
 */
import { normals } from '../testing.ts';
import { type Matrix, openSimd, type Simd } from './simd.ts';

/** Length of the runs that sums are made in; `DEPTH` of `assembly/gemm.ts`. */
const RUN = 256;

export function needSimd(): Simd {
  const simd = openSimd();
  if (simd === null) throw new Error('This engine has no WebAssembly SIMD.');
  // Room for all matrices of a file, so that none is made stale by the memory growing.
  simd.arena.allocate(4_000_000).release();
  return simd;
}

/** A matrix of the arena that holds `values` from entry `at` on, in a vector with some NaN around. */
export function matrixOf(simd: Simd, values: ArrayLike<number>, stride: number, at = 3): Matrix {
  const { numbers } = simd.arena.allocate(at + values.length + 5);
  numbers.fill(Number.NaN);
  numbers.set(values, at);
  return { numbers, at, stride };
}

export interface Product {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly alpha: number;
  readonly beta: number;
  /** Unused numbers at the end of every stored row. */
  readonly gap: number;
}

const f = Math.fround;

/**
 * Runs the product on seeded numbers. `found` is C afterwards with its gaps, `expected` what single
 * precision gives in the promised order, `exact` the same in double precision and `size` the sum of the
 * magnitudes of its terms.
 */
export function multiply(simd: Simd, product: Product) {
  const { transposeA, transposeB, m, n, k, gap } = product;
  const [alpha, beta] = [f(product.alpha), f(product.beta)];
  const [lda, ldb, ldc] = [(transposeA ? m : k) + gap, (transposeB ? k : n) + gap, n + gap];
  const left = normals((transposeA ? k : m) * lda, 1);
  const right = normals((transposeB ? n : k) * ldb, 2);
  const before = normals(m * ldc, 3);
  const c = matrixOf(simd, before, ldc);
  const a = matrixOf(simd, left, lda);
  const b = matrixOf(simd, right, ldb);
  simd.gemm(transposeA, transposeB, m, n, k, alpha, a, b, beta, c);
  const found = c.numbers.slice(c.at, c.at + m * ldc);
  const expected = Float32Array.from(before);
  const exact = Float64Array.from(before);
  const size = Float64Array.from(before, Math.abs);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const at = i * ldc + j;
      let value = before[at] ?? Number.NaN;
      exact[at] = beta === 0 ? 0 : beta * value;
      size[at] = Math.abs(exact[at] ?? 0);
      for (let start = 0; start === 0 || start < k; start += RUN) {
        let sum = 0;
        for (let p = start; p < Math.min(k, start + RUN); p++) {
          const u = left[transposeA ? p * lda + i : i * lda + p] ?? Number.NaN;
          const v = right[transposeB ? j * ldb + p : p * ldb + j] ?? Number.NaN;
          sum = f(sum + f(u * v));
          exact[at] = (exact[at] ?? 0) + alpha * u * v;
          size[at] = (size[at] ?? 0) + Math.abs(alpha * u * v);
        }
        const keep = start === 0 ? beta : 1;
        value = keep === 0 ? f(alpha * sum) : f(f(alpha * sum) + f(keep * value));
      }
      expected[at] = value;
    }
  }
  const surroundings = [...c.numbers.subarray(0, c.at), ...c.numbers.subarray(c.at + m * ldc)];
  return { found, expected, exact, size, surroundings };
}

/** Shapes around every block size: 1, primes, multiples of a tile and one more or less. */
export const PRODUCTS: readonly Product[] = [
  [1, 1, 1],
  [4, 8, 4],
  [3, 7, 5],
  [5, 9, 3],
  [2, 3, 0],
  [13, 17, 31],
  [1, 130, 257],
  [67, 8, 256],
  [64, 257, 2],
  [65, 11, 515],
].flatMap(([m = 0, n = 0, k = 0], at) =>
  [0, 1, 2, 3].map((bits) => ({
    transposeA: (bits & 1) !== 0,
    transposeB: (bits & 2) !== 0,
    m,
    n,
    k,
    alpha: at % 2 === 0 ? 1 : -0.3,
    beta: [0, 1, 0.7][(at + bits) % 3] ?? 0,
    gap: (at + bits) % 2 === 0 ? 0 : 3,
  })),
);
