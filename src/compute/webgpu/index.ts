/**
 * The WebGPU implementation of Compute, for pages and dedicated workers.
 *
 * This file checks handles and shapes, reads back, and reports a lost device; recording, memory and the
 * cutting into dispatches are its neighbours' work, the arithmetic is in `shaders/`.
 */
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
import { CompressionOperations } from './compression.ts';
import { type OpenDevice, openDevice, ownGpu, WebGpuError } from './device.ts';
import { type CompiledKernels, compileKernels } from './kernels.ts';
import { type ArraySlice, LayerOperations } from './layers.ts';
import { type DeviceArray, DeviceTable, Memory } from './memory.ts';
import { Recorder } from './recorder.ts';
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
 * A Compute on this thread's WebGPU.
 * @throws {WebGpuUnavailableError} if there is no WebGPU, no adapter or no device, or a shader is refused.
 */
export async function createWebGpuCompute(gpu: GPU | undefined = ownGpu()): Promise<WebGpuCompute> {
  const open = await openDevice(gpu);
  return new WebGpuCompute(open, await compileKernels(open.device));
}

export class WebGpuCompute implements Compute {
  readonly backend = 'webgpu';
  readonly adapter: string;
  /** Not resolved by a `destroy` of one's own: that is no loss. */
  readonly lost: Promise<string>;
  readonly device: GPUDevice;
  /** What the shader compiler had to say; nothing is expected. */
  readonly compileMessages: readonly string[];
  readonly #memory: Memory;
  readonly #recorder: Recorder;
  readonly #vectors: VectorOperations;
  readonly #compression: CompressionOperations;
  readonly #layers: LayerOperations;
  #gone: string | null = null;
  #failure: WebGpuError | null = null;

  constructor({ device, adapter }: OpenDevice, { kernels, messages }: CompiledKernels) {
    this.device = device;
    this.adapter = adapter;
    this.compileMessages = messages;
    this.#memory = new Memory(device);
    this.#recorder = new Recorder(device, this.#memory);
    this.#vectors = new VectorOperations(kernels, this.#memory, this.#recorder);
    this.#compression = new CompressionOperations(kernels, this.#memory, this.#recorder);
    this.#layers = new LayerOperations(kernels, this.#recorder, this.#memory.create('vector', 4));
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
    const rowWords = Math.ceil(width / 4);
    const packed = new Uint8Array(rows * rowWords * 4);
    for (let row = 0; row < rows; row++) {
      packed.set(features.subarray(row * width, (row + 1) * width), row * rowWords * 4);
    }
    const onDevice = this.#memory.create('words', rows * rowWords);
    const classes = this.#memory.create('words', rows);
    this.#recorder.upload(onDevice, new Uint32Array(packed.buffer), 0);
    this.#recorder.upload(classes, Uint32Array.from(labels), 0);
    return new DeviceTable(rows, width, data.scale, onDevice, classes);
  }

  free(...handles: readonly (Vector | Words | DeviceDataset)[]): void {
    for (const handle of handles) {
      if (handle instanceof DeviceTable) {
        const { features, classes } = this.#memory.openTable(handle);
        this.#recorder.free(features);
        this.#recorder.free(classes);
      } else {
        this.#recorder.free(this.#memory.openAny(handle));
      }
    }
  }

  upload(dest: Vector, data: Float32Array, offset = 0): void {
    this.#recorder.upload(this.#vector(dest, data.length, offset), data, offset);
  }

  uploadWords(dest: Words, data: Uint32Array, offset = 0): void {
    this.#recorder.upload(this.#words(dest, data.length, offset), data, offset);
  }

  async read(source: Vector): Promise<Float32Array> {
    return new Float32Array(await this.#read(this.#vector(source), source.length));
  }

  async readWords(source: Words, count = source.length): Promise<Uint32Array> {
    return new Uint32Array(await this.#read(this.#words(source, count), count));
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
    const out = this.#vector(dest);
    const arrays = terms.map(([, vector]) => this.#sameLength(vector, out.length));
    const coefficients = terms.map(([coefficient]) => coefficient);
    this.#vectors.linear(out, coefficients, arrays);
  }

  squaredDistance(a: Vector, b: Vector | null, out: Vector, index: number): void {
    const left = this.#vector(a);
    const right = b === null ? null : this.#sameLength(b, left.length);
    this.#vectors.squaredDistance(left, right, this.#vector(out, 1, index), index);
  }

  sketch(source: Vector, seed: number, out: Vector): void {
    const from = this.#vector(source);
    const buckets = this.#vector(out, 1);
    apart(buckets, from);
    this.#vectors.sketch(from, seed, buckets);
  }

  // ---- compression -------------------------------------------------------------------------------

  chunkMeans(source: Vector, bounds: ChunkBounds, out: Words, offset: number): void {
    const from = this.#vector(source);
    checkBounds(bounds, from.length);
    this.#compression.chunkMeans(from, bounds, this.#words(out, bounds.length - 1, offset), offset);
  }

  signPack(source: Vector, out: Words, offset: number): void {
    const from = this.#vector(source);
    this.#compression.signPack(from, this.#words(out, Math.ceil(from.length / 32), offset), offset);
  }

  signUnpack(
    source: Words,
    bounds: ChunkBounds,
    bitsOffset: number,
    dest: Vector,
    weight: number,
    mode: WriteMode,
  ): void {
    const to = this.#vector(dest);
    checkBounds(bounds, to.length);
    const from = this.#words(source, Math.ceil(to.length / 32), bitsOffset);
    this.#words(source, bounds.length - 1);
    this.#compression.signUnpack(from, bounds, bitsOffset, to, weight, mode);
  }

  topK(source: Vector, k: number, out: Words): void {
    this.#compression.topK(this.#vector(source, k), k, this.#words(out, 2 * k));
  }

  scatter(source: Words, k: number, dest: Vector, weight: number, mode: WriteMode): void {
    const from = this.#words(source, 2 * k);
    const to = this.#vector(dest);
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
    const features = this.#vector(out, rows.length * table.width);
    this.#layers.gatherRows(table, rows, features, this.#words(labels, rows.length));
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
    const input = this.#vector(x, batch * inputs);
    const w = this.#slice(weight, inputs * outputs);
    const b = this.#slice(bias, outputs);
    const output = this.#vector(y, batch * outputs);
    apart(output, input, w.array, b.array);
    this.#layers.dense.forward(shape, input, w, b, output, activation === 'relu');
  }

  denseWeightGradient(shape: DenseShape, x: Vector, dy: Vector, dWeight: Slice, dBias: Slice): void {
    const { batch, inputs, outputs } = shape;
    const input = this.#vector(x, batch * inputs);
    const delta = this.#vector(dy, batch * outputs);
    const w = this.#slice(dWeight, inputs * outputs);
    const b = this.#slice(dBias, outputs);
    apart(w.array, input, delta);
    apart(b.array, delta);
    this.#layers.dense.weightGradient(shape, input, delta, w);
    this.#layers.biasGradient(shape, delta, b);
  }

  denseInputGradient(shape: DenseShape, dy: Vector, weight: Slice, x: Vector, dx: Vector): void {
    const { batch, inputs, outputs } = shape;
    const delta = this.#vector(dy, batch * outputs);
    const w = this.#slice(weight, inputs * outputs);
    const input = this.#vector(x, batch * inputs);
    const dInput = this.#vector(dx, batch * inputs);
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
    const input = this.#vector(logits, batch * classes);
    const gold = this.#words(labels, batch);
    const delta = dLogits === null ? null : this.#vector(dLogits, batch * classes);
    const totals = this.#vector(out, 2, index);
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

  #vector(vector: Vector, needed = 0, offset = 0): DeviceArray {
    return this.#memory.open('vector', vector, needed, offset);
  }

  #words(words: Words, needed = 0, offset = 0): DeviceArray {
    return this.#memory.open('words', words, needed, offset);
  }

  #slice({ vector, offset }: Slice, length: number): ArraySlice {
    return { array: this.#vector(vector, length, offset), offset };
  }

  #sameLength(vector: Vector, length: number): DeviceArray {
    const array = this.#vector(vector);
    if (array.length !== length) {
      throw new RangeError(`Vectors of ${length} and ${array.length} entries cannot be combined.`);
    }
    return array;
  }
}

/** @throws {RangeError} if a result would overwrite what the same kernel reads. */
function apart(result: DeviceArray, ...operands: readonly DeviceArray[]): void {
  if (operands.includes(result)) throw new RangeError('The result must be another vector than the operands.');
}

/** @throws {RangeError} unless the bounds rise from 0 to `length`. */
function checkBounds(bounds: ChunkBounds, length: number): void {
  let previous = 0;
  for (const bound of bounds) {
    if (!Number.isInteger(bound) || bound < previous) throw new RangeError('Chunk bounds must not fall.');
    previous = bound;
  }
  if (bounds[0] !== 0 || previous !== length) {
    throw new RangeError(`Chunk bounds must run from 0 to ${length}, the vector's length.`);
  }
}
