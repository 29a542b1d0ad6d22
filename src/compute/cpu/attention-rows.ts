/**
 * The inner loops of attention on the TypeScript backend, over rows of small matrices in double precision:
 * four rows a pass, so that a number loaded is used four times. Sums run in a fixed order.
 */
import type { Numbers } from './handles.ts';

/** `rows` rows of `size` numbers from one array, a row every `step` numbers, into another. */
export function copyRows(
  rows: number,
  size: number,
  source: Numbers,
  sourceAt: number,
  sourceStep: number,
  dest: Numbers,
  destAt: number,
  destStep: number,
): void {
  for (let row = 0; row < rows; row++) {
    const from = sourceAt + row * sourceStep;
    const to = destAt + row * destStep;
    for (let c = 0; c < size; c++) dest[to + c] = source[from + c] as number;
  }
}

/** out[outAt + r] = scale · (row a · row r of `matrix`) for r in [0, rows), four rows a pass. */
export function products(
  a: Float64Array,
  aAt: number,
  matrix: Float64Array,
  rows: number,
  size: number,
  scale: number,
  out: Float64Array,
  outAt: number,
): void {
  let r = 0;
  for (; r + 3 < rows; r += 4) {
    let p0 = r * size;
    let p1 = p0 + size;
    let p2 = p1 + size;
    let p3 = p2 + size;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let c = aAt; c < aAt + size; c++) {
      const x = a[c] as number;
      s0 += x * (matrix[p0++] as number);
      s1 += x * (matrix[p1++] as number);
      s2 += x * (matrix[p2++] as number);
      s3 += x * (matrix[p3++] as number);
    }
    out[outAt + r] = s0 * scale;
    out[outAt + r + 1] = s1 * scale;
    out[outAt + r + 2] = s2 * scale;
    out[outAt + r + 3] = s3 * scale;
  }
  for (; r < rows; r++) {
    let sum = 0;
    for (let c = 0; c < size; c++) sum += (a[aAt + c] as number) * (matrix[r * size + c] as number);
    out[outAt + r] = sum * scale;
  }
}

/** sum[sumAt + c] += Σ_{first <= r < rows} factors[at + r · step] · matrix[r, c], four rows a pass. */
export function addRows(
  sum: Float64Array,
  sumAt: number,
  size: number,
  matrix: Float64Array,
  first: number,
  rows: number,
  factors: Float64Array,
  at: number,
  step: number,
): void {
  let r = first;
  for (; r + 3 < rows; r += 4) {
    const f0 = factors[at + r * step] as number;
    const f1 = factors[at + (r + 1) * step] as number;
    const f2 = factors[at + (r + 2) * step] as number;
    const f3 = factors[at + (r + 3) * step] as number;
    let p0 = r * size;
    let p1 = p0 + size;
    let p2 = p1 + size;
    let p3 = p2 + size;
    for (let c = sumAt; c < sumAt + size; c++) {
      sum[c] =
        (sum[c] as number) +
        f0 * (matrix[p0++] as number) +
        f1 * (matrix[p1++] as number) +
        f2 * (matrix[p2++] as number) +
        f3 * (matrix[p3++] as number);
    }
  }
  for (; r < rows; r++) {
    const f = factors[at + r * step] as number;
    for (let c = 0; c < size; c++) {
      sum[sumAt + c] = (sum[sumAt + c] as number) + f * (matrix[r * size + c] as number);
    }
  }
}
