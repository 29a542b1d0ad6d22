/**
 * Sparsification: choosing and collecting few coordinates of a vector, besides the exact top-k.
 *
 * The thresholds of both selections are found by counting alone: neither sorts, and no operation needs a
 * number on the host before the result is read. What they collect is laid out for `Compute.scatter`:
 * indices, rising, and then the f32 bits of the values in the same order.
 */
import type { Vector, Words } from './compute.ts';

/** Bisection steps of `approximateTopK`, as in the paper. */
export const APPROXIMATE_STEPS = 30;

export interface Sparsification {
  /**
   * out word j = f32 bits of factor · source[indices_j], for j in [0, k). A factor of 1 copies the bits.
   * Indices beyond the source give 0.
   */
  gather(source: Vector, indices: Words, k: number, factor: number, out: Words): void;

  /**
   * MSTopK (Shi et al., arXiv 2010.10458): k entries, nearly those of largest magnitude, by bisection.
   *
   * With a = |v|, ā its mean and u its largest: T = ā + ϱ(u - ā) for ϱ = (l + r)/2 and c = #{a >= T}, 30
   * times from (l, r) = (0, 1). If c <= k then r = ϱ, and T1 = T, k1 = c where c exceeds the k1 so far;
   * else l = ϱ, and T2 = T, k2 = c where c is below the k2 so far (at first T1 = ∞, k1 = 0, T2 = 0, k2 = d).
   * Chosen are the k1 entries with a >= T1, and of those with T2 <= a < T1, in index order, k - k1
   * neighbours from place ⌊draw · (k2 - k + 1) / 2^32⌋ on, `draw` being a u32. Where fewer than k entries
   * reach ā, or one is not finite, it is the exact top-k instead.
   *
   * out words 0..k-1 are indices, words k..2k-1 values. 0 <= k <= length.
   */
  approximateTopK(source: Vector, k: number, draw: number, out: Words): void;

  /**
   * At most k entries above a threshold that would keep k of a normal sample.
   *
   * With μ and σ mean and standard deviation of v (over d, not d - 1): T = |μ| + zσ, and n = #{|v| >= T}.
   * Up to three times: T is halved where n < 2k/3, and multiplied by 1.5 where n > 4k/3. If that ends with
   * n = 0, the last T that kept anything counts. Kept are the first k, by index, of those that reach T.
   * Where an entry is not finite, T is the smallest magnitude that is not.
   *
   * out word 0 is the number n of entries kept, words 1..n their indices, words n+1..2n their values; the
   * rest of the 2k + 1 words is left as it was. 0 < k <= length, z >= 0.
   */
  thresholdTopK(source: Vector, k: number, z: number, out: Words): void;
}
