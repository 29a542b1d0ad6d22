/**
 * The Compute contract: where vectors live and what can be done to them.
 *
 * Two implementations: `webgpu/` (WGSL kernels from `shaders/`) and `cpu/` (typed arrays: the oracle of
 * every kernel test, the fallback where there is no WebGPU, the engine of Node runs). Operations are
 * *recorded* and take effect in call order; nothing runs on a device until `submit`, or a read, which
 * submits. Matrices are row-major f32. It knows nothing of models, networks or algorithms.
 */

import type { HostDataset } from '../data/dataset.ts';
import type { Activation } from './activation.ts';
import type { Attention } from './attention.ts';
import type { Convolution } from './convolution.ts';
import type { Embedding } from './embedding.ts';
import type { LayerNorm } from './layer-norm.ts';
import type { Matrices } from './matrices.ts';
import type { Normalisation } from './normalisation.ts';
import type { Optimization } from './optimization.ts';
import type { Pooling } from './pooling.ts';
import type { Portable } from './portable.ts';
import type { Quantization } from './quantization.ts';
import type { RandomWords } from './random-words.ts';
import type { Regression } from './regression.ts';
import type { Residual } from './residual.ts';
import type { Slices } from './slices.ts';
import type { Sparsification } from './sparsification.ts';

export type { HostDataset };

/** A flat vector of f32 on the device. Only the Compute that made it can use it. */
export interface Vector {
  readonly length: number;
}

/** A flat array of u32 words on the device: packed signs, indices, bit patterns of f32. */
export interface Words {
  readonly length: number;
}

/** A labelled data set on the device; a batch of it is a list of row numbers. */
export interface DeviceDataset {
  readonly rows: number;
  /** Features a row. */
  readonly width: number;
}

/** A run of `vector` starting at `offset`; its length follows from the shapes of the operation. */
export interface Slice {
  readonly vector: Vector;
  readonly offset: number;
}

/** One term of a linear combination: coefficient and vector. */
export type Term = readonly [coefficient: number, vector: Vector];

/** Start of every chunk, and the total length at the end: chunk c is `[bounds[c], bounds[c + 1])`. */
export type ChunkBounds = readonly number[];

/** `set`: dest = weight * decoded; `add`: dest += weight * decoded (elsewhere untouched for sparse data). */
export type WriteMode = 'set' | 'add';

/** The device is gone (driver reset, GPU process crash); vectors on it are lost. */
export class DeviceLostError extends Error {
  override readonly name = 'DeviceLostError';
}

/** A vector (or the like) of another Compute, or one that was freed. */
export class HandleError extends Error {
  override readonly name = 'HandleError';
}

export interface DenseShape {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
}

export interface Compute {
  readonly backend: 'webgpu' | 'cpu';
  /** Which device, in words: vendor and architecture of the adapter; on the cpu, by which means it computes. */
  readonly adapter: string;
  /** Resolves with the reason when the device is lost; never resolves on the cpu. */
  readonly lost: Promise<string>;
  readonly activation: Activation;
  readonly attention: Attention;
  readonly convolution: Convolution;
  readonly embedding: Embedding;
  readonly layerNorm: LayerNorm;
  readonly pooling: Pooling;
  readonly portable: Portable;
  readonly quantization: Quantization;
  readonly randomWords: RandomWords;
  readonly normalisation: Normalisation;
  readonly residual: Residual;
  readonly sparsification: Sparsification;
  readonly regression: Regression;
  readonly slices: Slices;
  readonly optimization: Optimization;
  readonly matrices: Matrices;

  // ---- memory ------------------------------------------------------------------------------------
  /** A new vector of zeros. */
  vector(length: number): Vector;
  /** A new array of zero words. */
  words(length: number): Words;
  dataset(data: HostDataset): DeviceDataset;
  /** Gives memory back; using the handle afterwards is an error. */
  free(...handles: readonly (Vector | Words | DeviceDataset)[]): void;
  /** Overwrites `dest[offset..]`, in order with the recorded operations. */
  upload(dest: Vector, data: Float32Array, offset?: number): void;
  uploadWords(dest: Words, data: Uint32Array, offset?: number): void;
  /** Submits, and reads back a copy. @throws {DeviceLostError} */
  read(source: Vector): Promise<Float32Array>;
  /** Submits, and reads the first `count` words (all by default). @throws {DeviceLostError} */
  readWords(source: Words, count?: number): Promise<Uint32Array>;
  /** Hands everything recorded so far to the device. */
  submit(): void;
  /** Submits; resolves when the device has finished everything. @throws {DeviceLostError} */
  finish(): Promise<void>;
  /** Frees everything. */
  destroy(): void;

  // ---- vectors -----------------------------------------------------------------------------------
  /** dest = Σ coefficient · vector, summed in the order given. `dest` may be one of the terms. */
  linear(dest: Vector, terms: readonly Term[]): void;
  /** out[index] = Σ (a_k - b_k)², or Σ a_k² without b. */
  squaredDistance(a: Vector, b: Vector | null, out: Vector, index: number): void;
  /**
   * A count sketch of `source` into `out` (k = out.length buckets), an unbiased estimate of squared
   * norms: E‖sketch(v)‖² = ‖v‖². Coordinate i of group g = ⌊i/k⌋ goes to bucket (i + shift(g)) mod k
   * with sign(i); shift and sign are `sketchHash` of the seed (math/sketch-hash.ts, same bits in WGSL).
   */
  sketch(source: Vector, seed: number, out: Vector): void;

  // ---- compression -------------------------------------------------------------------------------
  /** out word c (as f32 bits, from `offset`) = mean |source_k| over chunk c. */
  chunkMeans(source: Vector, bounds: ChunkBounds, out: Words, offset: number): void;
  /** Bit k (word k >> 5, bit k & 31, from word `offset`) = source_k >= 0. Padding bits are 0. */
  signPack(source: Vector, out: Words, offset: number): void;
  /**
   * `chunkMeans` from word 0 on (but for rounding), then `signPack`; in one pass where chunks allow it. A chunk
   * that holds a NaN has a mean that is none, and the bit of the NaN may be either.
   */
  signPackMeans(source: Vector, bounds: ChunkBounds, out: Words): void;
  /** dest_k = or += weight · (±scale of k's chunk); scales at word 0, bits at word `bitsOffset`. */
  signUnpack(
    source: Words,
    bounds: ChunkBounds,
    bitsOffset: number,
    dest: Vector,
    weight: number,
    mode: WriteMode,
  ): void;
  /**
   * Submits, and reads back the k entries of largest magnitude, ties by lower index, in index order: k
   * indices, then the k values' f32 bits. Exact. `source` must stay as it is until this resolves.
   * @throws {DeviceLostError}
   */
  topK(source: Vector, k: number): Promise<Uint32Array>;
  /** Scatter of k (index, value) pairs laid out as those of `topK`; `set` zeroes dest first. */
  scatter(source: Words, k: number, dest: Vector, weight: number, mode: WriteMode): void;

  // ---- layers ------------------------------------------------------------------------------------
  /**
   * out[b, :] = features of row rows[b] (scaled); labels word b = its class, or the f32 bits of the number
   * to predict where the data set has 0 classes.
   */
  gatherRows(data: DeviceDataset, rows: Uint32Array, out: Vector, labels: Words): void;
  /** y[b, o] = act(Σ_i x[b, i] · weight[o, i] + bias[o]); weight is [outputs, inputs]. */
  dense(
    shape: DenseShape,
    x: Vector,
    weight: Slice,
    bias: Slice,
    y: Vector,
    activation: 'none' | 'relu',
  ): void;
  /** dWeight[o, i] = Σ_b dy[b, o] · x[b, i]; dBias[o] = Σ_b dy[b, o]. Overwrites. */
  denseWeightGradient(shape: DenseShape, x: Vector, dy: Vector, dWeight: Slice, dBias: Slice): void;
  /** dx[b, i] = (x[b, i] > 0 ? 1 : 0) · Σ_o dy[b, o] · weight[o, i], x being a ReLU's output. */
  denseInputGradient(shape: DenseShape, dy: Vector, weight: Slice, x: Vector, dx: Vector): void;
  /**
   * Softmax cross-entropy over `classes` logits a row.
   * out[index] += Σ_b loss_b · scale, out[index + 1] += number of rows whose arg-max is the label
   * (ties: lower class). `dLogits`, if given, = (softmax - one-hot) · scale.
   */
  softmaxCrossEntropy(
    batch: number,
    classes: number,
    logits: Vector,
    labels: Words,
    scale: number,
    dLogits: Vector | null,
    out: Vector,
    index: number,
  ): void;
}
