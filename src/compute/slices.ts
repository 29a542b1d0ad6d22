/**
 * Operations on runs and chunks of vectors: what collectives cut vectors with, and what per-layer rules
 * measure and scale. A part of the Compute contract.
 *
 * A chunk is a tensor, a block or a collective's share. Everything here works in the order in which it is
 * recorded, like the rest of the contract, and lets NaN and infinity through.
 */
import type { ChunkBounds, Vector, WriteMode } from './compute.ts';

/** `sum-abs`: Σ |v_k|; `sum-squares`: Σ v_k². */
export type NormKind = 'sum-abs' | 'sum-squares';

/** One factor for each chunk; `factors` has one entry fewer than `bounds`. */
export interface ChunkFactors {
  readonly bounds: ChunkBounds;
  readonly factors: readonly number[];
}

export interface Slices {
  /**
   * dest[destOffset + k] = source[sourceOffset + k] for k in [0, length), bit by bit. Offsets and length
   * are entries. `dest` must be another vector than `source`. @throws {RangeError}
   */
  copy(dest: Vector, destOffset: number, source: Vector, sourceOffset: number, length: number): void;
  /**
   * dest[destOffset + k] += weight · source[sourceOffset + k] for k in [0, length). `dest` must be another
   * vector than `source`. @throws {RangeError}
   */
  add(
    dest: Vector,
    destOffset: number,
    source: Vector,
    sourceOffset: number,
    length: number,
    weight: number,
  ): void;
  /**
   * out[index + c] = Σ |source_k| or Σ source_k² over chunk c; 0 for an empty chunk. Not the root: norms
   * of parts add up as they are. The device sums in f32, so squares of numbers past 1.8e19 are infinite.
   */
  chunkNorms(source: Vector, bounds: ChunkBounds, kind: NormKind, out: Vector, index: number): void;
  /**
   * `set`: dest_k = factors[c] · source_k; `add`: dest_k += factors[c] · source_k, for k in chunk c. The
   * bounds run over the whole vector; `dest` may be `source`. @throws {RangeError}
   */
  addScaledChunks(
    dest: Vector,
    source: Vector,
    bounds: ChunkBounds,
    factors: readonly number[],
    mode: WriteMode,
  ): void;
}

/** @throws {RangeError} unless there is a factor for every chunk. */
export function checkFactors({ bounds, factors }: ChunkFactors): void {
  if (factors.length !== bounds.length - 1) {
    throw new RangeError(`${bounds.length - 1} chunks need as many factors, not ${factors.length}.`);
  }
}
