/**
 * Causal multi-head self-attention: a part of the Compute contract. Vaswani et al., "Attention is all you
 * need", 2017 (arXiv 1706.03762), section 3.2, with the mask of its decoder; the projections before and
 * after are ordinary dense layers.
 *
 * For each window and head, with q, k, v of `width / heads` numbers a place:
 *
 *     p[t, s] = softmax over s <= t of q[t] · k[s] / √(width / heads),  out[t] = Σ_s p[t, s] v[s]
 *
 * The context × context matrix p is never kept: forward leaves the logarithm of each row's softmax
 * denominator, from which backward makes the entries of p again, as in Dao et al., "FlashAttention", 2022
 * (arXiv 2205.14135), algorithms 1 and 4.
 */
import type { Vector } from './compute.ts';

export interface AttentionShape {
  readonly windows: number;
  /** Places a window. */
  readonly context: number;
  readonly heads: number;
  /** Numbers a place, of all heads together: a multiple of 4 · heads. */
  readonly width: number;
}

export interface Attention {
  /**
   * `qkv` is [windows, context, 3, heads, width / heads]; `out` [windows, context, heads, width / heads].
   * `stats` holds 2 · windows · context · heads numbers for `backward`. All three must be different
   * vectors. @throws {RangeError}
   */
  forward(shape: AttentionShape, qkv: Vector, out: Vector, stats: Vector): void;
  /**
   * dQkv = gradient with respect to qkv, overwritten; `qkv`, `out` and `stats` as forward took and left
   * them (the second half of `stats` is scratch). `dQkv` and `stats` must be other vectors than the rest.
   * @throws {RangeError}
   */
  backward(shape: AttentionShape, qkv: Vector, out: Vector, stats: Vector, dOut: Vector, dQkv: Vector): void;
}

/** Numbers of one head. @throws {RangeError} unless the width is a multiple of 4 · heads. */
export function headSize({ heads, width }: AttentionShape): number {
  const size = width / heads;
  if (!Number.isInteger(size) || size % 4 !== 0 || size < 4) {
    throw new RangeError(
      `Attention over ${heads} heads needs a width that is a multiple of ${4 * heads}, not ${width}.`,
    );
  }
  return size;
}
