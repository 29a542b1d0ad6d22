/**
 * Vector operations of the TypeScript backend on plain typed arrays: linear combinations, squared
 * distances and the count sketch (Charikar, Chen and Farach-Colton 2002, as a norm estimate: AMS 1999).
 *
 * Sums run in double precision in a fixed order and are rounded once, when stored: reproducible bit by
 * bit, and closer to the true value than a device's f32 sum. Arguments have been checked by the caller.
 */
import { sketchShift, sketchSign } from '../../math/sketch-hash.ts';
import type { Numbers } from './handles.ts';

/** dest = Σ c_t · v_t in the order given; `dest` may be among the terms. No terms: zeros. */
export function linear(dest: Numbers, coefficients: readonly number[], vectors: readonly Numbers[]): void {
  const [a = 0, b = 0, c = 0] = coefficients;
  const [u, v, w] = vectors;
  const n = dest.length;
  if (u === undefined) dest.fill(0);
  else if (v === undefined) for (let k = 0; k < n; k++) dest[k] = a * (u[k] as number);
  else if (w === undefined) for (let k = 0; k < n; k++) dest[k] = a * (u[k] as number) + b * (v[k] as number);
  else if (vectors.length === 3)
    for (let k = 0; k < n; k++) dest[k] = a * (u[k] as number) + b * (v[k] as number) + c * (w[k] as number);
  else manyTerms(dest, coefficients, vectors);
}

/** Blocks of 512 stay in the nearest cache while every vector adds its term. */
function manyTerms(dest: Numbers, coefficients: readonly number[], vectors: readonly Numbers[]): void {
  const sum = new Float64Array(512);
  for (let start = 0; start < dest.length; start += sum.length) {
    const n = Math.min(sum.length, dest.length - start);
    sum.fill(0);
    vectors.forEach((vector, t) => {
      const coefficient = coefficients[t] as number;
      for (let k = 0; k < n; k++) sum[k] = (sum[k] as number) + coefficient * (vector[start + k] as number);
    });
    for (let k = 0; k < n; k++) dest[start + k] = sum[k] as number;
  }
}

/** Σ (a_k - b_k)², or Σ a_k². Four partial sums hide the latency of an addition. */
export function squaredDistance(a: Numbers, b: Numbers | null): number {
  const n = a.length;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < n; k += 4) {
    const d0 = b === null ? (a[k] as number) : (a[k] as number) - (b[k] as number);
    const d1 = b === null ? (a[k + 1] as number) : (a[k + 1] as number) - (b[k + 1] as number);
    const d2 = b === null ? (a[k + 2] as number) : (a[k + 2] as number) - (b[k + 2] as number);
    const d3 = b === null ? (a[k + 3] as number) : (a[k + 3] as number) - (b[k + 3] as number);
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (; k < n; k++) {
    const d = b === null ? (a[k] as number) : (a[k] as number) - (b[k] as number);
    s0 += d * d;
  }
  return s0 + s1 + (s2 + s3);
}

/** out = count sketch of `source` into out.length buckets; see `Compute.sketch`. */
export function sketch(source: Numbers, seed: number, out: Numbers): void {
  const buckets = out.length;
  const sum = new Float64Array(buckets);
  for (let start = 0, group = 0; start < source.length; start += buckets, group++) {
    const end = Math.min(start + buckets, source.length);
    let bucket = sketchShift(seed, group, buckets);
    for (let i = start; i < end; i++) {
      sum[bucket] = (sum[bucket] as number) + sketchSign(seed, i) * (source[i] as number);
      bucket = bucket + 1 === buckets ? 0 : bucket + 1;
    }
  }
  out.set(sum);
}
