/**
 * The general matrix product on row-major f32, C = alpha · op(A) op(B) + beta · C, blocked for cache
 * (Goto and van de Geijn 2008): a panel of B of `DEPTH` × 8 stays in the nearest cache while the tiles of
 * a packed block of A pass over it, and both packed blocks stay in the second one.
 *
 * An element is summed in blocks of `DEPTH`: each block in order from zero, the blocks added in order.
 * That order depends on k alone, so the bits are the same on every machine and in every corner of C.
 */
import { pack } from './pack';
import { COLUMNS, ROWS, tile } from './tile';

export const DEPTH: i32 = 256;
export const BLOCK_ROWS: i32 = 64;
export const BLOCK_COLUMNS: i32 = 256;

/** Scratch lies at the start of linear memory; the host keeps its first `scratchBytes()` free. */
export const PACKED_A: usize = 0;
export const PACKED_B: usize = PACKED_A + BLOCK_ROWS * DEPTH * 4;
const EDGE: usize = PACKED_B + BLOCK_COLUMNS * DEPTH * 4;
const EDGE_STRIDE: usize = COLUMNS * 4;
const SCRATCH_BYTES: usize = EDGE + ROWS * COLUMNS * 4;

export function scratchBytes(): usize {
  return SCRATCH_BYTES;
}

/**
 * op(A) is m × k and op(B) is k × n; `lda`, `ldb` and `ldc` are the lengths of the stored rows. A stored
 * A is [m, lda], or [k, lda] if transposed; likewise B. With beta 0, C need not hold numbers; with k 0 the
 * product is zero. C must not overlap A or B.
 */
export function gemm(
  transposeA: bool,
  transposeB: bool,
  m: i32,
  n: i32,
  k: i32,
  alpha: f32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  beta: f32,
  c: usize,
  ldc: i32,
): void {
  const rowA: usize = transposeA ? 4 : (<usize>lda) << 2;
  const depthA: usize = transposeA ? (<usize>lda) << 2 : 4;
  const columnB: usize = transposeB ? (<usize>ldb) << 2 : 4;
  const depthB: usize = transposeB ? 4 : (<usize>ldb) << 2;
  const rowC = (<usize>ldc) << 2;
  for (let j = 0; j < n; j += BLOCK_COLUMNS) {
    const columns = min(BLOCK_COLUMNS, n - j);
    let p = 0;
    // At least once, so that beta reaches C even if nothing is summed.
    do {
      const depth = min(DEPTH, k - p);
      const fromB = b + <usize>j * columnB + <usize>p * depthB;
      pack(COLUMNS, columns, depth, fromB, columnB, depthB, PACKED_B);
      const keep: f32 = p === 0 ? beta : 1;
      for (let i = 0; i < m; i += BLOCK_ROWS) {
        const rows = min(BLOCK_ROWS, m - i);
        const fromA = a + <usize>i * rowA + <usize>p * depthA;
        pack(ROWS, rows, depth, fromA, rowA, depthA, PACKED_A);
        block(rows, columns, depth, alpha, keep, c + <usize>i * rowC + ((<usize>j) << 2), rowC);
      }
      p += DEPTH;
    } while (p < k);
  }
}

/** C of one packed block of A by one of B. */
export function block(
  rows: i32,
  columns: i32,
  depth: i32,
  alpha: f32,
  beta: f32,
  c: usize,
  stride: usize,
): void {
  const panelA = (<usize>(ROWS * depth)) << 2;
  const panelB = (<usize>(COLUMNS * depth)) << 2;
  let b = PACKED_B;
  for (let j = 0; j < columns; j += COLUMNS) {
    let a = PACKED_A;
    for (let i = 0; i < rows; i += ROWS) {
      const to = c + <usize>i * stride + ((<usize>j) << 2);
      if (i + ROWS <= rows && j + COLUMNS <= columns) tile(depth, alpha, a, b, beta, to, stride);
      else edge(min(ROWS, rows - i), min(COLUMNS, columns - j), depth, alpha, a, b, beta, to, stride);
      a += panelA;
    }
    b += panelB;
  }
}

/** A tile that reaches past the end of C is made apart, and what belongs to C copied. */
function edge(
  rows: i32,
  columns: i32,
  depth: i32,
  alpha: f32,
  a: usize,
  b: usize,
  beta: f32,
  c: usize,
  stride: usize,
): void {
  tile(depth, alpha, a, b, 0, EDGE, EDGE_STRIDE);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const to = c + <usize>i * stride + ((<usize>j) << 2);
      let value = load<f32>(EDGE + <usize>i * EDGE_STRIDE + ((<usize>j) << 2));
      if (beta !== 0) value += beta * load<f32>(to);
      store<f32>(to, value);
    }
  }
}
