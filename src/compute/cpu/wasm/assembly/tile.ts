/**
 * The micro-kernel of the matrix product: a 4 × 8 tile of C in eight registers of four lanes.
 *
 * 4 × 8 leaves half of the sixteen vector registers of x86 to operands, so nothing spills; 6 × 8 and
 * 4 × 12 spilled and were a third slower. Every lane sums its own element of C in the order of the inner
 * index, multiplication and addition rounded apart, so the bits of an element depend neither on its place
 * in a tile nor on the machine.
 *
 * AssemblyScript (see `../asc-plugin.ts`): addresses are bytes in linear memory, numbers are f32.
 */

/** Width of a packed panel of A, and rows of a tile. */
export const ROWS: i32 = 4;
/** Width of a packed panel of B, and columns of a tile. */
export const COLUMNS: i32 = 8;

/**
 * c[r, j] = alpha · Σ_p a[p, r] · b[p, j] + beta · c[r, j]; with beta 0, c is not read.
 * `a` is a packed panel [depth, 4], `b` a packed panel [depth, 8]; rows of c are `stride` bytes apart.
 */
export function tile(depth: i32, alpha: f32, a: usize, b: usize, beta: f32, c: usize, stride: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  for (const end = a + ((<usize>depth) << 4); a < end; a += 16, b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<f32>(a);
    c00 = f32x4.add(c00, f32x4.mul(a0, b0));
    c01 = f32x4.add(c01, f32x4.mul(a0, b1));
    const a1 = v128.load_splat<f32>(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(a1, b0));
    c11 = f32x4.add(c11, f32x4.mul(a1, b1));
    const a2 = v128.load_splat<f32>(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(a2, b0));
    c21 = f32x4.add(c21, f32x4.mul(a2, b1));
    const a3 = v128.load_splat<f32>(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(a3, b0));
    c31 = f32x4.add(c31, f32x4.mul(a3, b1));
  }
  store(c, c00, c01, alpha, beta);
  c += stride;
  store(c, c10, c11, alpha, beta);
  c += stride;
  store(c, c20, c21, alpha, beta);
  c += stride;
  store(c, c30, c31, alpha, beta);
}

function store(c: usize, low: v128, high: v128, alpha: f32, beta: f32): void {
  const factor = f32x4.splat(alpha);
  low = f32x4.mul(factor, low);
  high = f32x4.mul(factor, high);
  if (beta !== 0) {
    const keep = f32x4.splat(beta);
    low = f32x4.add(low, f32x4.mul(keep, v128.load(c)));
    high = f32x4.add(high, f32x4.mul(keep, v128.load(c, 16)));
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}
