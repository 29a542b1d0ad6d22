/**
 * Operations whose results are the same bits on every device: a part of the Compute contract.
 *
 * Sums, differences and single products are rounded alike everywhere, but shaders may be a few units off in
 * a root or a quotient (WGSL, section "Floating point accuracy"). Where workers on different devices must
 * step to the same bits, these are used instead; the device does them with whole numbers, slowly.
 */
import type { Vector } from './compute.ts';

export interface Portable {
  /**
   * dest = m / (√v + ε): the root, the sum and the quotient each rounded to the nearest f32. Magnitudes
   * below 2^-126 count as zero, in and out; v < 0 gives NaN; ε > 0. `dest` must be another vector than `m`
   * and `v`. @throws {RangeError}
   */
  preconditioned(dest: Vector, m: Vector, v: Vector, epsilon: number): void;
  /** dest = 1 where |source| ≥ 2^-126 or source is NaN, else 0. `dest` must be another vector. @throws {RangeError} */
  support(dest: Vector, source: Vector): void;
}
