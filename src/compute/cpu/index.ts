/**
 * The TypeScript implementation of Compute: the oracle of every kernel test, the fallback where there is
 * no WebGPU, and the engine of Node runs.
 *
 * Operations run when they are called, which is the recorded order; reads resolve at once with copies.
 * This file checks handles and shapes and leaves the arithmetic to its neighbours, which work on plain
 * typed arrays in a fixed order and use no library function whose last bit an engine may choose: the
 * same calls give the same bits everywhere. `createDoubleCompute` is the same code over double-precision
 * vectors, for checking gradients against finite differences.
 */

import { checkBounds } from '../chunks.ts';
import type {
  ChunkBounds,
  Compute,
  DenseShape,
  DeviceDataset,
  HostDataset,
  Slice,
  Term,
  Vector,
  Words,
  WriteMode,
} from '../compute.ts';
import { Access } from './access.ts';
import { CpuActivation } from './activation.ts';
import { CpuAttention } from './attention.ts';
import * as compression from './compression.ts';
import { CpuConvolution } from './convolution.ts';
import { CpuEmbedding } from './embedding.ts';
import {
  type Block,
  CpuDataset,
  CpuVector,
  CpuWords,
  close,
  datasetOf,
  needRange,
  type Owner,
  ownBlock,
} from './handles.ts';
import { CpuLayerNorm } from './layer-norm.ts';
import * as layers from './layers.ts';
import { CpuMatrices } from './matrices.ts';
import { CpuNormalisation } from './normalisation.ts';
import { CpuOptimization } from './optimization.ts';
import { CpuPooling } from './pooling.ts';
import { CpuPortable } from './portable.ts';
import { CpuQuantization } from './quantization.ts';
import { CpuRandomWords } from './random-words.ts';
import { CpuRegression } from './regression.ts';
import { CpuResidual } from './residual.ts';
import { CpuSlices } from './slices.ts';
import { CpuSparsification } from './sparsification.ts';
import * as vectors from './vectors.ts';
import { openSimd, type Simd } from './wasm/simd.ts';

export { HandleError } from '../compute.ts';

/** A Compute over double-precision vectors, which can be read and written without rounding. */
export interface DoubleCompute extends Compute {
  readDouble(source: Vector): Float64Array;
  uploadDouble(dest: Vector, data: Float64Array, offset?: number): void;
}

/**
 * The fastest way to compute here, named by `adapter`: WebAssembly SIMD, or TypeScript where an engine
 * has none. Each gives the same bits on every machine; between the two they agree within f32.
 */
export function createCpuCompute(): Compute {
  const simd = openSimd();
  if (simd === null) return createTypeScriptCompute();
  return new CpuCompute('WebAssembly SIMD', (length) => simd.arena.allocate(length), Math.fround, simd);
}

/** TypeScript alone: sums in double precision, the oracle of the kernels of both other kinds. */
export function createTypeScriptCompute(): Compute {
  return new CpuCompute('TypeScript', (length) => ownBlock(new Float32Array(length)), Math.fround);
}

export function createDoubleCompute(): DoubleCompute {
  const exact = (value: number) => value;
  return new CpuCompute(
    'TypeScript, double precision',
    (length) => ownBlock(new Float64Array(length)),
    exact,
  );
}

class CpuCompute implements DoubleCompute {
  readonly backend = 'cpu';
  readonly adapter: string;
  readonly lost = new Promise<string>(() => {});
  readonly activation: CpuActivation;
  readonly attention: CpuAttention;
  readonly convolution: CpuConvolution;
  readonly embedding: CpuEmbedding;
  readonly layerNorm: CpuLayerNorm;
  readonly pooling: CpuPooling;
  readonly quantization: CpuQuantization;
  readonly randomWords: CpuRandomWords;
  readonly normalisation: CpuNormalisation;
  readonly residual: CpuResidual;
  readonly portable: CpuPortable;
  readonly sparsification: CpuSparsification;
  readonly #owner: Owner;
  readonly #allocate: (length: number) => Block;
  readonly #access: Access;
  readonly #layers: layers.DenseKernels;
  readonly regression: CpuRegression;
  readonly slices: CpuSlices;
  readonly optimization: CpuOptimization;
  readonly matrices: CpuMatrices;

  constructor(
    adapter: string,
    allocate: (length: number) => Block,
    round: (value: number) => number,
    simd: Simd | null = null,
  ) {
    this.adapter = adapter;
    this.#owner = { destroyed: false };
    this.#allocate = allocate;
    this.#access = new Access(this.#owner, round, simd);
    this.#layers = simd ?? layers;
    this.regression = new CpuRegression(this.#access);
    this.slices = new CpuSlices(this.#access);
    this.optimization = new CpuOptimization(this.#access);
    this.matrices = new CpuMatrices(this.#access);
    this.activation = new CpuActivation(this.#access);
    this.attention = new CpuAttention(this.#access);
    this.convolution = new CpuConvolution(this.#access);
    this.embedding = new CpuEmbedding(this.#access);
    this.layerNorm = new CpuLayerNorm(this.#access);
    this.pooling = new CpuPooling(this.#access);
    this.quantization = new CpuQuantization(this.#access);
    this.randomWords = new CpuRandomWords(this.#access);
    this.normalisation = new CpuNormalisation(this.#access);
    this.residual = new CpuResidual(this.#access);
    this.portable = new CpuPortable(this.#access);
    this.sparsification = new CpuSparsification(this.#access);
  }

  // ---- memory ------------------------------------------------------------------------------------

  vector(length: number): Vector {
    return new CpuVector(this.#owner, this.#allocate(length));
  }

  words(length: number): Words {
    return new CpuWords(this.#owner, new Uint32Array(length));
  }

  dataset(data: HostDataset): DeviceDataset {
    if (data.features.length !== data.rows * data.width || data.labels.length !== data.rows) {
      throw new RangeError(
        `A data set of ${data.rows} rows of ${data.width} has ${data.features.length} features and ${data.labels.length} labels.`,
      );
    }
    return new CpuDataset(this.#owner, data);
  }

  free(...handles: readonly (Vector | Words | DeviceDataset)[]): void {
    for (const handle of handles) close(this.#owner, handle);
  }

  upload(dest: Vector, data: Float32Array, offset = 0): void {
    this.#access.vector(dest, data.length, offset).set(data, offset);
  }

  uploadDouble(dest: Vector, data: Float64Array, offset = 0): void {
    this.#access.vector(dest, data.length, offset).set(data, offset);
  }

  uploadWords(dest: Words, data: Uint32Array, offset = 0): void {
    this.#access.words(dest, data.length, offset).set(data, offset);
  }

  async read(source: Vector): Promise<Float32Array> {
    return new Float32Array(this.#access.vector(source));
  }

  readDouble(source: Vector): Float64Array {
    return new Float64Array(this.#access.vector(source));
  }

  async readWords(source: Words, count = source.length): Promise<Uint32Array> {
    return this.#access.words(source, count).slice(0, count);
  }

  submit(): void {}

  async finish(): Promise<void> {}

  destroy(): void {
    this.#owner.destroyed = true;
  }

  // ---- vectors -----------------------------------------------------------------------------------

  linear(dest: Vector, terms: readonly Term[]): void {
    const out = this.#access.vector(dest);
    const coefficients = terms.map(([coefficient]) => this.#access.round(coefficient));
    const sources = terms.map(([, vector]) => this.#access.sameLength(vector, out.length));
    const [a, b] = coefficients;
    const [u, v] = sources;
    const { simd } = this.#access;
    // Two terms are every step of SGD.
    if (simd !== null && sources.length === 2 && a !== undefined && b !== undefined && u && v) {
      simd.combine(out, a, u, b, v);
      return;
    }
    vectors.linear(out, coefficients, sources);
  }

  squaredDistance(a: Vector, b: Vector | null, out: Vector, index: number): void {
    const left = this.#access.vector(a);
    const right = b === null ? null : this.#access.sameLength(b, left.length);
    this.#access.vector(out, 1, index)[index] = vectors.squaredDistance(left, right);
  }

  sketch(source: Vector, seed: number, out: Vector): void {
    vectors.sketch(this.#access.vector(source), seed, this.#access.vector(out, 1));
  }

  // ---- compression -------------------------------------------------------------------------------

  chunkMeans(source: Vector, bounds: ChunkBounds, out: Words, offset: number): void {
    const numbers = this.#access.vector(source);
    checkBounds(bounds, numbers.length);
    compression.chunkMeans(numbers, bounds, this.#access.words(out, bounds.length - 1, offset), offset);
  }

  signPack(source: Vector, out: Words, offset: number): void {
    const numbers = this.#access.vector(source);
    compression.signPack(numbers, this.#access.words(out, Math.ceil(numbers.length / 32), offset), offset);
  }

  signPackMeans(source: Vector, bounds: ChunkBounds, out: Words): void {
    const numbers = this.#access.vector(source);
    checkBounds(bounds, numbers.length);
    const chunks = bounds.length - 1;
    const words = this.#access.words(out, chunks + Math.ceil(numbers.length / 32));
    compression.chunkMeans(numbers, bounds, words, 0);
    compression.signPack(numbers, words, chunks);
  }

  signUnpack(
    source: Words,
    bounds: ChunkBounds,
    bitsOffset: number,
    dest: Vector,
    weight: number,
    mode: WriteMode,
  ): void {
    const numbers = this.#access.vector(dest);
    checkBounds(bounds, numbers.length);
    const words = this.#access.words(source, Math.ceil(numbers.length / 32), bitsOffset);
    compression.signUnpack(words, bounds, bitsOffset, numbers, weight, mode);
  }

  async topK(source: Vector, k: number): Promise<Uint32Array> {
    const numbers = this.#access.vector(source);
    needRange('vector', numbers.length, k, 0);
    const out = new Uint32Array(2 * k);
    compression.topK(numbers, k, out);
    return out;
  }

  scatter(source: Words, k: number, dest: Vector, weight: number, mode: WriteMode): void {
    const words = this.#access.words(source, 2 * k);
    compression.scatter(words, k, this.#access.vector(dest), weight, mode);
  }

  // ---- layers ------------------------------------------------------------------------------------

  gatherRows(data: DeviceDataset, rows: Uint32Array, out: Vector, labels: Words): void {
    const host = datasetOf(this.#owner, data);
    const numbers = this.#access.vector(out, rows.length * host.width);
    const gold = this.#access.words(labels, rows.length);
    const wanted = labelWords(host);
    const scale = this.#access.round(host.scale);
    for (let b = 0; b < rows.length; b++) {
      const row = rows[b] as number;
      needRange('data set', host.rows, 1, row);
      gold[b] = wanted[row] as number;
      const from = row * host.width;
      const to = b * host.width;
      for (let i = 0; i < host.width; i++) numbers[to + i] = (host.features[from + i] as number) * scale;
    }
  }

  dense(
    shape: DenseShape,
    x: Vector,
    weight: Slice,
    bias: Slice,
    y: Vector,
    activation: 'none' | 'relu',
  ): void {
    const { batch, inputs, outputs } = shape;
    const input = this.#access.vector(x, batch * inputs);
    const output = this.#access.vector(y, batch * outputs);
    const w = this.#access.slice(weight, inputs * outputs);
    const b = this.#access.slice(bias, outputs);
    this.#layers.dense(shape, input, w, weight.offset, b, bias.offset, output, activation === 'relu');
  }

  denseWeightGradient(shape: DenseShape, x: Vector, dy: Vector, dWeight: Slice, dBias: Slice): void {
    const { batch, inputs, outputs } = shape;
    const input = this.#access.vector(x, batch * inputs);
    const delta = this.#access.vector(dy, batch * outputs);
    const w = this.#access.slice(dWeight, inputs * outputs);
    const b = this.#access.slice(dBias, outputs);
    this.#layers.denseWeightGradient(shape, input, delta, w, dWeight.offset, b, dBias.offset);
  }

  denseInputGradient(shape: DenseShape, dy: Vector, weight: Slice, x: Vector, dx: Vector): void {
    const { batch, inputs, outputs } = shape;
    const delta = this.#access.vector(dy, batch * outputs);
    const w = this.#access.slice(weight, inputs * outputs);
    const input = this.#access.vector(x, batch * inputs);
    const dInput = this.#access.vector(dx, batch * inputs);
    this.#layers.denseInputGradient(shape, delta, w, weight.offset, input, dInput);
  }

  softmaxCrossEntropy(
    batch: number,
    classes: number,
    logits: Vector,
    labels: Words,
    scale: number,
    dLogits: Vector | null,
    out: Vector,
    index: number,
  ): void {
    const input = this.#access.vector(logits, batch * classes);
    const gold = this.#access.words(labels, batch);
    const delta = dLogits === null ? null : this.#access.vector(dLogits, batch * classes);
    const totals = this.#access.vector(out, 2, index);
    const { loss, correct } = layers.softmaxCrossEntropy(batch, classes, input, gold, scale, delta);
    totals[index] = (totals[index] as number) + loss * scale;
    totals[index + 1] = (totals[index + 1] as number) + correct;
  }
}

/** Class numbers, or the f32 bits of numbers to predict. */
function labelWords({ labels }: HostDataset): Uint8Array | Uint32Array {
  return labels instanceof Float32Array
    ? new Uint32Array(labels.buffer, labels.byteOffset, labels.length)
    : labels;
}
