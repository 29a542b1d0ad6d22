/**
 * The WebGPU implementation of Compute, for pages and dedicated workers.
 *
 * This file checks handles and shapes, reads back, and reports a lost device; recording, memory and the
 * cutting into dispatches are its neighbours' work, the arithmetic is in `shaders/`.
 */

import { checkBounds } from '../chunks.ts';
import {
  type ChunkBounds,
  type Compute,
  type DenseShape,
  type DeviceDataset,
  DeviceLostError,
  type HostDataset,
  type Slice,
  type Term,
  type Vector,
  type Words,
  type WriteMode,
} from '../compute.ts';
import { Access, apart } from './access.ts';
import { ActivationOperations } from './activation.ts';
import { AttentionOperations } from './attention.ts';
import { CompressionOperations } from './compression.ts';
import { ConvolutionOperations } from './convolution.ts';
import { type OpenDevice, openDevice, ownGpu, WebGpuError } from './device.ts';
import { EmbeddingOperations } from './embedding.ts';
import type { ProductFamilies } from './families.ts';
import { type CompiledKernels, compileKernels } from './kernels.ts';
import { LayerNormOperations } from './layer-norm.ts';
import { chosenDense, directDense, LayerOperations } from './layers.ts';
import { MatrixOperations } from './matrices.ts';
import { type DeviceArray, DeviceTable, Memory } from './memory.ts';
import { NormalisationOperations } from './normalisation.ts';
import { OptimizationOperations } from './optimization.ts';
import { PoolingOperations } from './pooling.ts';
import { PortableOperations } from './portable.ts';
import { QuantizationOperations } from './quantization.ts';
import { RandomWordsOperations } from './random-words.ts';
import { Recorder } from './recorder.ts';
import { RegressionOperations } from './regression.ts';
import { ResidualOperations } from './residual.ts';
import { SliceOperations } from './slices.ts';
import { SparsificationOperations } from './sparsification.ts';
import { TiledProducts, tiledDense } from './tiled.ts';
import { chosenFamilies, recall } from './tuning.ts';
import { VectorOperations } from './vectors.ts';

export { HandleError } from '../compute.ts';
export { WebGpuError, WebGpuUnavailableError } from './device.ts';

/** What is allocated on the device right now; for tests and for the curious. */
export interface MemoryUse {
  readonly buffers: number;
  readonly bytes: number;
  readonly bindGroups: number;
}

/**
 * A Compute on this thread's WebGPU. `everyKernel` compiles at once what is otherwise compiled when used;
 * `products` says which family of matrix products is used, instead of the one that is faster here.
 * @throws {WebGpuUnavailableError} if there is no WebGPU, no adapter or no device, or a shader is refused.
 */
export async function createWebGpuCompute(
  gpu: GPU | undefined = ownGpu(),
  {
    everyKernel = false,
    products,
  }: { readonly everyKernel?: boolean; readonly products?: ProductFamilies } = {},
): Promise<WebGpuCompute> {
  const open = await openDevice(gpu);
  const { device, adapter } = open;
  // Asked for before compiling: the answer comes meanwhile.
  const remembered = products === undefined ? recall(adapter) : Promise.resolve(products);
  const compiled = await compileKernels(device, everyKernel);
  return new WebGpuCompute(
    open,
    compiled,
    await chosenFamilies(device, compiled.kernels, adapter, remembered),
  );
}

export class WebGpuCompute implements Compute {
  readonly backend = 'webgpu';
  readonly adapter: string;
  /** Which families of matrix products are used. */
  readonly products: ProductFamilies;
  /** Not resolved by a `destroy` of one's own: that is no loss. */
  readonly lost: Promise<string>;
  readonly device: GPUDevice;
  /** What the shader compiler had to say; nothing is expected. */
  readonly compileMessages: readonly string[];
  readonly activation: ActivationOperations;
  readonly attention: AttentionOperations;
  readonly convolution: ConvolutionOperations;
  readonly embedding: EmbeddingOperations;
  readonly layerNorm: LayerNormOperations;
  readonly pooling: PoolingOperations;
  readonly quantization: QuantizationOperations;
  readonly randomWords: RandomWordsOperations;
  readonly normalisation: NormalisationOperations;
  readonly residual: ResidualOperations;
  readonly portable: PortableOperations;
  readonly sparsification: SparsificationOperations;
  readonly #memory: Memory;
  readonly #recorder: Recorder;
  readonly #access: Access;
  readonly #vectors: VectorOperations;
  readonly #compression: CompressionOperations;
  readonly #layers: LayerOperations;
  readonly regression: RegressionOperations;
  readonly slices: SliceOperations;
  readonly optimization: OptimizationOperations;
  readonly matrices: MatrixOperations;
  #gone: string | null = null;
  #failure: WebGpuError | null = null;

  constructor(
    { device, adapter }: OpenDevice,
    { kernels, messages }: CompiledKernels,
    products: ProductFamilies,
  ) {
    this.products = products;
    this.device = device;
    this.adapter = adapter;
    this.compileMessages = messages;
    this.#memory = new Memory(device);
    this.#recorder = new Recorder(device, this.#memory);
    this.#access = new Access(kernels, this.#memory, this.#recorder);
    this.activation = new ActivationOperations(this.#access);
    this.attention = new AttentionOperations(this.#access);
    this.convolution = new ConvolutionOperations(this.#access);
    this.embedding = new EmbeddingOperations(this.#access);
    this.layerNorm = new LayerNormOperations(this.#access);
    this.pooling = new PoolingOperations(this.#access);
    this.quantization = new QuantizationOperations(this.#access);
    this.randomWords = new RandomWordsOperations(this.#access);
    this.normalisation = new NormalisationOperations(this.#access);
    this.residual = new ResidualOperations(this.#access);
    this.portable = new PortableOperations(this.#access);
    this.sparsification = new SparsificationOperations(this.#access);
    this.#vectors = new VectorOperations(kernels, this.#memory, this.#recorder);
    this.#compression = new CompressionOperations(
      kernels,
      this.#memory,
      this.#recorder,
      async (words, count) => new Uint32Array(await this.#read(words, count)),
    );
    const tiled = new TiledProducts(this.#access);
    const families = { direct: directDense(kernels, this.#recorder), tiled: tiledDense(tiled) };
    const dense = chosenDense(products, families);
    this.#layers = new LayerOperations(kernels, this.#recorder, this.#memory.create('vector', 4), dense);
    this.regression = new RegressionOperations(this.#access);
    this.slices = new SliceOperations(this.#access);
    this.optimization = new OptimizationOperations(this.#access);
    this.matrices = new MatrixOperations(this.#access, products, tiled);
    this.lost = new Promise((resolve) => {
      device.lost.then(({ reason, message }) => {
        if (this.#gone !== null) return;
        this.#stop(`The graphics device was lost (${reason}): ${message || 'no reason given'}`);
        resolve(this.#gone ?? reason);
      });
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      this.#failure ??= new WebGpuError(`The graphics device refused an operation: ${error.message}`);
    });
  }

  get memoryUse(): MemoryUse {
    return { ...this.#memory.use, bindGroups: this.#recorder.cachedGroups };
  }

  // ---- memory ------------------------------------------------------------------------------------

  vector(length: number): Vector {
    return this.#memory.create('vector', length);
  }

  words(length: number): Words {
    return this.#memory.create('words', length);
  }

  dataset(data: HostDataset): DeviceDataset {
    const { rows, width, features, labels } = data;
    if (features.length !== rows * width || labels.length !== rows) {
      throw new RangeError(
        `A data set of ${rows} rows of ${width} has ${features.length} features and ${labels.length} labels.`,
      );
    }
    const words = features instanceof Float32Array ? features : packRows(features, rows, width);
    const onDevice = this.#memory.create('words', words.length);
    const gold = this.#memory.create('words', rows);
    this.#recorder.upload(onDevice, words, 0);
    this.#recorder.upload(gold, labels instanceof Float32Array ? labels : Uint32Array.from(labels), 0);
    return new DeviceTable(rows, width, words === features ? null : data.scale, onDevice, gold);
  }

  free(...handles: readonly (Vector | Words | DeviceDataset)[]): void {
    for (const handle of handles) {
      if (handle instanceof DeviceTable) {
        const { features, labels } = this.#memory.openTable(handle);
        this.#recorder.free(features);
        this.#recorder.free(labels);
      } else {
        this.#recorder.free(this.#memory.openAny(handle));
      }
    }
  }

  upload(dest: Vector, data: Float32Array, offset = 0): void {
    this.#recorder.upload(this.#access.vector(dest, data.length, offset), data, offset);
  }

  uploadWords(dest: Words, data: Uint32Array, offset = 0): void {
    this.#recorder.upload(this.#access.words(dest, data.length, offset), data, offset);
  }

  async read(source: Vector): Promise<Float32Array> {
    return new Float32Array(await this.#read(this.#access.vector(source), source.length));
  }

  async readWords(source: Words, count = source.length): Promise<Uint32Array> {
    return new Uint32Array(await this.#read(this.#access.words(source, count), count));
  }

  submit(): void {
    this.#recorder.submit();
  }

  async finish(): Promise<void> {
    // By reading a word: unlike onSubmittedWorkDone, a mapping is refused when the device is gone.
    await this.#read(this.#recorder.lists, 1);
  }

  destroy(): void {
    if (this.#gone === null) this.#stop('This Compute has been destroyed.');
    this.device.destroy();
  }

  // ---- vectors -----------------------------------------------------------------------------------

  linear(dest: Vector, terms: readonly Term[]): void {
    const out = this.#access.vector(dest);
    const arrays = terms.map(([, vector]) => this.#access.sameLength(vector, out.length));
    const coefficients = terms.map(([coefficient]) => coefficient);
    this.#vectors.linear(out, coefficients, arrays);
  }

  squaredDistance(a: Vector, b: Vector | null, out: Vector, index: number): void {
    const left = this.#access.vector(a);
    const right = b === null ? null : this.#access.sameLength(b, left.length);
    this.#vectors.squaredDistance(left, right, this.#access.vector(out, 1, index), index);
  }

  sketch(source: Vector, seed: number, out: Vector): void {
    const from = this.#access.vector(source);
    const buckets = this.#access.vector(out, 1);
    apart(buckets, from);
    this.#vectors.sketch(from, seed, buckets);
  }

  // ---- compression -------------------------------------------------------------------------------

  chunkMeans(source: Vector, bounds: ChunkBounds, out: Words, offset: number): void {
    const from = this.#access.vector(source);
    checkBounds(bounds, from.length);
    this.#compression.chunkMeans(from, bounds, this.#access.words(out, bounds.length - 1, offset), offset);
  }

  signPack(source: Vector, out: Words, offset: number): void {
    const from = this.#access.vector(source);
    this.#compression.signPack(from, this.#access.words(out, Math.ceil(from.length / 32), offset), offset);
  }

  signPackMeans(source: Vector, bounds: ChunkBounds, out: Words): void {
    const from = this.#access.vector(source);
    checkBounds(bounds, from.length);
    const to = this.#access.words(out, bounds.length - 1 + Math.ceil(from.length / 32));
    this.#compression.signPackMeans(from, bounds, to);
  }

  signUnpack(
    source: Words,
    bounds: ChunkBounds,
    bitsOffset: number,
    dest: Vector,
    weight: number,
    mode: WriteMode,
  ): void {
    const to = this.#access.vector(dest);
    checkBounds(bounds, to.length);
    const from = this.#access.words(source, Math.ceil(to.length / 32), bitsOffset);
    this.#access.words(source, bounds.length - 1);
    this.#compression.signUnpack(from, bounds, bitsOffset, to, weight, mode);
  }

  async topK(source: Vector, k: number): Promise<Uint32Array> {
    return this.#compression.topK.select(this.#access.vector(source, k), k);
  }

  scatter(source: Words, k: number, dest: Vector, weight: number, mode: WriteMode): void {
    const from = this.#access.words(source, 2 * k);
    const to = this.#access.vector(dest);
    if (mode === 'set') this.#vectors.linear(to, [], []);
    this.#compression.scatter(from, k, to, weight, mode);
  }

  // ---- layers ------------------------------------------------------------------------------------

  gatherRows(data: DeviceDataset, rows: Uint32Array, out: Vector, labels: Words): void {
    const table = this.#memory.openTable(data);
    for (const row of rows) {
      if (row >= table.rows)
        throw new RangeError(`The data set has ${table.rows} rows; there is no row ${row}.`);
    }
    const features = this.#access.vector(out, rows.length * table.width);
    this.#layers.gatherRows(table, rows, features, this.#access.words(labels, rows.length));
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
    const w = this.#access.slice(weight, inputs * outputs);
    const b = this.#access.slice(bias, outputs);
    const output = this.#access.vector(y, batch * outputs);
    apart(output, input, w.array, b.array);
    this.#layers.dense.forward(shape, input, w, b, output, activation === 'relu');
  }

  denseWeightGradient(shape: DenseShape, x: Vector, dy: Vector, dWeight: Slice, dBias: Slice): void {
    const { batch, inputs, outputs } = shape;
    const input = this.#access.vector(x, batch * inputs);
    const delta = this.#access.vector(dy, batch * outputs);
    const w = this.#access.slice(dWeight, inputs * outputs);
    const b = this.#access.slice(dBias, outputs);
    apart(w.array, input, delta);
    apart(b.array, delta);
    this.#layers.dense.weightGradient(shape, input, delta, w);
    this.#layers.biasGradient(shape, delta, b);
  }

  denseInputGradient(shape: DenseShape, dy: Vector, weight: Slice, x: Vector, dx: Vector): void {
    const { batch, inputs, outputs } = shape;
    const delta = this.#access.vector(dy, batch * outputs);
    const w = this.#access.slice(weight, inputs * outputs);
    const input = this.#access.vector(x, batch * inputs);
    const dInput = this.#access.vector(dx, batch * inputs);
    apart(dInput, delta, w.array, input);
    this.#layers.dense.inputGradient(shape, delta, w, input, dInput);
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
    apart(totals, input);
    if (delta !== null) apart(delta, input, totals);
    this.#layers.softmaxCrossEntropy(batch, classes, input, gold, scale, delta, totals, index);
  }

  // ---- helpers -----------------------------------------------------------------------------------

  async #read(source: DeviceArray, length: number): Promise<ArrayBuffer> {
    this.#throwIfBroken();
    const bytes = length * 4;
    const reader = this.#memory.takeReader(bytes);
    this.#recorder.copy(source, reader, bytes);
    this.#recorder.submit();
    try {
      await reader.mapAsync(GPUMapMode.READ, 0, bytes);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new DeviceLostError(this.#gone ?? `The graphics device was lost: ${why}`);
    }
    const copy = reader.getMappedRange(0, bytes).slice(0);
    reader.unmap();
    this.#memory.giveReader(reader);
    this.#throwIfBroken();
    return copy;
  }

  /** What went wrong since the last read or finish is told once. */
  #throwIfBroken(): void {
    if (this.#gone !== null) throw new DeviceLostError(this.#gone);
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
  }

  #stop(reason: string): void {
    this.#gone = reason;
    this.#recorder.stop();
  }
}

/** Bytes four a word, each row padded to whole words. */
function packRows(features: Uint8Array, rows: number, width: number): Uint32Array {
  const rowBytes = Math.ceil(width / 4) * 4;
  const packed = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    packed.set(features.subarray(row * width, (row + 1) * width), row * rowBytes);
  }
  return new Uint32Array(packed.buffer);
}
