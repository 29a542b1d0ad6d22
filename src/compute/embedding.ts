/**
 * Tokens in and out of a model: a part of the Compute contract. A token is a number below the vocabulary's
 * size; a row of a token data set is a window of context + 1 of them, kept as bytes.
 */
import type { DeviceDataset, Slice, Vector, Words, WriteMode } from './compute.ts';

export interface EmbeddingShape {
  readonly windows: number;
  /** Tokens a window. */
  readonly context: number;
  readonly vocabulary: number;
  /** Numbers a token is turned into. */
  readonly width: number;
}

/** Tokens past the vocabulary count as its last one everywhere here. */
export interface Embedding {
  /**
   * Of window b = rows[b], with context = data.width - 1: inputs[b, t] = token t, targets[b, t] = token
   * t + 1. The data must be bytes; their scale is not applied. @throws {RangeError}
   */
  gatherTokens(
    data: DeviceDataset,
    rows: Uint32Array,
    vocabulary: number,
    inputs: Words,
    targets: Words,
  ): void;
  /**
   * out[b, t, :] = table[tokens[b, t], :] + positions[t, :]; table is [vocabulary, width], positions
   * [context, width]. `out` must be another vector than those of the slices. @throws {RangeError}
   */
  embed(shape: EmbeddingShape, tokens: Words, table: Slice, positions: Slice, out: Vector): void;
  /**
   * dTable[v, :] = (or +=, in mode `add`) Σ dOut[b, t, :] over all places that hold token v, in order;
   * dPositions[t, :] = Σ_b dOut[b, t, :], overwritten. The two must not overlap, and must lie in other
   * vectors than dOut. @throws {RangeError}
   */
  embedGradient(
    shape: EmbeddingShape,
    tokens: Words,
    dOut: Vector,
    dTable: Slice,
    mode: WriteMode,
    dPositions: Slice,
  ): void;
}
