/**
 * General matrix products on the cpu backend; see `Matrices`. WebAssembly computes them where it can; this
 * is the TypeScript way.
 *
 * Blocks of both operands are packed into double-precision panels in the order in which the inner loop
 * wants them, whatever their storage, and a tile of 2 x 4 results is summed in local variables (Goto and
 * van de Geijn, "Anatomy of high-performance matrix multiplication", 2008). Each result is one sum over k
 * in rising order, rounded once: the same bits in every engine.
 */
import type { Slice } from '../compute.ts';
import { checkShape, type Matrices, type ProductShape } from '../matrices.ts';
import type { Access } from './access.ts';
import type { Numbers } from './handles.ts';
import { apart } from './slices.ts';

/** Columns whose panel of the right operand is kept; with k of some hundreds it fits a second-level cache. */
const COLUMNS = 64;

export class CpuMatrices implements Matrices {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  multiply(dest: Slice, a: Slice, b: Slice, shape: ProductShape, alpha = 1, beta = 0): void {
    checkShape(shape);
    const { m, k, n, transposeA = false, transposeB = false } = shape;
    const to = this.#access.slice(dest, m * n);
    const left = this.#access.slice(a, m * k);
    const right = this.#access.slice(b, k * n);
    apart(to, left, right);
    const scale = this.#access.round(alpha);
    const keep = this.#access.round(beta);
    const { simd } = this.#access;
    if (simd !== null) {
      const first = { numbers: left, at: a.offset, stride: transposeA ? m : k };
      const second = { numbers: right, at: b.offset, stride: transposeB ? k : n };
      const result = { numbers: to, at: dest.offset, stride: n };
      simd.gemm(transposeA, transposeB, m, n, k, scale, first, second, keep, result);
      return;
    }
    const rowsOf = (at: number, first: number, count: number) =>
      transposeA ? panel(left, at + first, m, 1, k, count) : panel(left, at + first * k, 1, k, k, count);
    const columnsOf = (at: number, first: number, count: number) =>
      transposeB ? panel(right, at + first * k, 1, k, k, count) : panel(right, at + first, n, 1, k, count);
    for (let start = 0; start < n; start += COLUMNS) {
      const width = Math.min(COLUMNS, n - start);
      const columns: Float64Array[] = [];
      for (let j = 0; j < width; j += 4) {
        columns.push(columnsOf(b.offset, start + j, Math.min(4, width - j)));
      }
      for (let i = 0; i < m; i += 4) {
        const height = Math.min(4, m - i);
        const rows = rowsOf(a.offset, i, height);
        columns.forEach((column, block) => {
          const at = dest.offset + i * n + start + 4 * block;
          tile(rows, column, k, to, at, n, height, Math.min(4, width - 4 * block), scale, keep);
        });
      }
    }
  }
}

/**
 * `count` lines of length k side by side, four a step: entry (s, c) is values[at + s·step + c·line];
 * lines past `count` are zeros.
 */
function panel(values: Numbers, at: number, step: number, line: number, k: number, count: number) {
  const packed = new Float64Array(4 * k);
  for (let c = 0; c < count; c++) {
    let from = at + c * line;
    for (let s = c; s < 4 * k; s += 4) {
      packed[s] = values[from] as number;
      from += step;
    }
  }
  return packed;
}

/** A tile of up to 4 x 4 results: to = scale · rows columns + keep · to. */
function tile(
  rows: Float64Array,
  columns: Float64Array,
  k: number,
  to: Numbers,
  at: number,
  stride: number,
  height: number,
  width: number,
  scale: number,
  keep: number,
): void {
  const sums = new Float64Array(16);
  // Two rows at a time: eight sums, the values they need and no more fit the registers.
  for (let half = 0; half < height; half += 2) {
    let s00 = 0;
    let s01 = 0;
    let s02 = 0;
    let s03 = 0;
    let s10 = 0;
    let s11 = 0;
    let s12 = 0;
    let s13 = 0;
    for (let p = 0; p < 4 * k; p += 4) {
      const a0 = rows[p + half] as number;
      const a1 = rows[p + half + 1] as number;
      const b0 = columns[p] as number;
      const b1 = columns[p + 1] as number;
      const b2 = columns[p + 2] as number;
      const b3 = columns[p + 3] as number;
      s00 += a0 * b0;
      s01 += a0 * b1;
      s02 += a0 * b2;
      s03 += a0 * b3;
      s10 += a1 * b0;
      s11 += a1 * b1;
      s12 += a1 * b2;
      s13 += a1 * b3;
    }
    sums.set([s00, s01, s02, s03, s10, s11, s12, s13], 4 * half);
  }
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      const place = at + r * stride + c;
      const sum = scale * (sums[4 * r + c] as number);
      to[place] = keep === 0 ? sum : sum + keep * (to[place] as number);
    }
  }
}
