/**
 * General matrix products: a part of the Compute contract, for algorithms over matrices (low-rank
 * methods) and for benches. Layers of models have operations of their own, fused with what surrounds them.
 */
import type { Slice } from './compute.ts';

/** op(a) is m x k, op(b) is k x n, dest is m x n. */
export interface ProductShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** `a` is stored k x m. */
  readonly transposeA?: boolean;
  /** `b` is stored n x k. */
  readonly transposeB?: boolean;
}

export interface Matrices {
  /**
   * dest = alpha · op(a) op(b) + beta · dest; all row-major and without gaps, each from its slice's offset.
   * Alpha is 1 and beta 0 unless given; with beta 0 what `dest` held is not read. k = 0 gives beta · dest.
   * `dest` must lie in another vector than `a` and `b`. @throws {RangeError}
   */
  multiply(dest: Slice, a: Slice, b: Slice, shape: ProductShape, alpha?: number, beta?: number): void;
}

/** @throws {RangeError} unless all three sizes are whole numbers from 0. */
export function checkShape({ m, k, n }: ProductShape): void {
  for (const size of [m, k, n]) {
    if (!Number.isInteger(size) || size < 0) {
      throw new RangeError(`A product of matrices has whole sizes from 0, not ${m} x ${k} x ${n}.`);
    }
  }
}
