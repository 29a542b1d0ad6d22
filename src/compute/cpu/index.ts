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
import * as compression from './compression.ts';
import {
  CpuDataset,
  CpuVector,
  CpuWords,
  close,
  datasetOf,
  type Numbers,
  needRange,
  numbersOf,
  type Owner,
  wordsOf,
} from './handles.ts';
import * as layers from './layers.ts';
import * as vectors from './vectors.ts';

export { HandleError } from '../compute.ts';

/** A Compute over double-precision vectors, which can be read and written without rounding. */
export interface DoubleCompute extends Compute {
  readDouble(source: Vector): Float64Array;
  uploadDouble(dest: Vector, data: Float64Array, offset?: number): void;
}

export function createCpuCompute(): Compute {
  return new CpuCompute('TypeScript', (length) => new Float32Array(length), Math.fround);
}

export function createDoubleCompute(): DoubleCompute {
  const exact = (value: number) => value;
  return new CpuCompute('TypeScript, double precision', (length) => new Float64Array(length), exact);
}

class CpuCompute implements DoubleCompute {
  readonly backend = 'cpu';
  readonly adapter: string;
  readonly lost = new Promise<string>(() => {});
  readonly #owner: Owner;
  readonly #allocate: (length: number) => Numbers;
  /** To the vectors' precision: a coefficient reaches a kernel as f32, so it must here too. */
  readonly #round: (value: number) => number;

  constructor(adapter: string, allocate: (length: number) => Numbers, round: (value: number) => number) {
    this.adapter = adapter;
    this.#owner = { destroyed: false };
    this.#allocate = allocate;
    this.#round = round;
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
    numbersOf(this.#owner, dest, data.length, offset).set(data, offset);
  }

  uploadDouble(dest: Vector, data: Float64Array, offset = 0): void {
    numbersOf(this.#owner, dest, data.length, offset).set(data, offset);
  }

  uploadWords(dest: Words, data: Uint32Array, offset = 0): void {
    wordsOf(this.#owner, dest, data.length, offset).set(data, offset);
  }

  async read(source: Vector): Promise<Float32Array> {
    return new Float32Array(numbersOf(this.#owner, source));
  }

  readDouble(source: Vector): Float64Array {
    return new Float64Array(numbersOf(this.#owner, source));
  }

  async readWords(source: Words, count = source.length): Promise<Uint32Array> {
    return wordsOf(this.#owner, source, count).slice(0, count);
  }

  submit(): void {}

  async finish(): Promise<void> {}

  destroy(): void {
    this.#owner.destroyed = true;
  }

  // ---- vectors -----------------------------------------------------------------------------------

  linear(dest: Vector, terms: readonly Term[]): void {
    const out = numbersOf(this.#owner, dest);
    const coefficients = terms.map(([coefficient]) => this.#round(coefficient));
    const sources = terms.map(([, vector]) => this.#sameLength(vector, out.length));
    vectors.linear(out, coefficients, sources);
  }

  squaredDistance(a: Vector, b: Vector | null, out: Vector, index: number): void {
    const left = numbersOf(this.#owner, a);
    const right = b === null ? null : this.#sameLength(b, left.length);
    numbersOf(this.#owner, out, 1, index)[index] = vectors.squaredDistance(left, right);
  }

  sketch(source: Vector, seed: number, out: Vector): void {
    vectors.sketch(numbersOf(this.#owner, source), seed, numbersOf(this.#owner, out, 1));
  }

  // ---- compression -------------------------------------------------------------------------------

  chunkMeans(source: Vector, bounds: ChunkBounds, out: Words, offset: number): void {
    const numbers = numbersOf(this.#owner, source);
    checkBounds(bounds, numbers.length);
    compression.chunkMeans(numbers, bounds, wordsOf(this.#owner, out, bounds.length - 1, offset), offset);
  }

  signPack(source: Vector, out: Words, offset: number): void {
    const numbers = numbersOf(this.#owner, source);
    compression.signPack(numbers, wordsOf(this.#owner, out, Math.ceil(numbers.length / 32), offset), offset);
  }

  signUnpack(
    source: Words,
    bounds: ChunkBounds,
    bitsOffset: number,
    dest: Vector,
    weight: number,
    mode: WriteMode,
  ): void {
    const numbers = numbersOf(this.#owner, dest);
    checkBounds(bounds, numbers.length);
    const words = wordsOf(this.#owner, source, Math.ceil(numbers.length / 32), bitsOffset);
    compression.signUnpack(words, bounds, bitsOffset, numbers, weight, mode);
  }

  topK(source: Vector, k: number, out: Words): void {
    const numbers = numbersOf(this.#owner, source);
    needRange('vector', numbers.length, k, 0);
    compression.topK(numbers, k, wordsOf(this.#owner, out, 2 * k));
  }

  scatter(source: Words, k: number, dest: Vector, weight: number, mode: WriteMode): void {
    const words = wordsOf(this.#owner, source, 2 * k);
    compression.scatter(words, k, numbersOf(this.#owner, dest), weight, mode);
  }

  // ---- layers ------------------------------------------------------------------------------------

  gatherRows(data: DeviceDataset, rows: Uint32Array, out: Vector, labels: Words): void {
    const host = datasetOf(this.#owner, data);
    const numbers = numbersOf(this.#owner, out, rows.length * host.width);
    const classes = wordsOf(this.#owner, labels, rows.length);
    const scale = this.#round(host.scale);
    for (let b = 0; b < rows.length; b++) {
      const row = rows[b] as number;
      needRange('data set', host.rows, 1, row);
      classes[b] = host.labels[row] as number;
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
    const input = numbersOf(this.#owner, x, batch * inputs);
    const output = numbersOf(this.#owner, y, batch * outputs);
    const w = this.#slice(weight, inputs * outputs);
    const b = this.#slice(bias, outputs);
    layers.dense(shape, input, w, weight.offset, b, bias.offset, output, activation === 'relu');
  }

  denseWeightGradient(shape: DenseShape, x: Vector, dy: Vector, dWeight: Slice, dBias: Slice): void {
    const { batch, inputs, outputs } = shape;
    const input = numbersOf(this.#owner, x, batch * inputs);
    const delta = numbersOf(this.#owner, dy, batch * outputs);
    const w = this.#slice(dWeight, inputs * outputs);
    const b = this.#slice(dBias, outputs);
    layers.denseWeightGradient(shape, input, delta, w, dWeight.offset, b, dBias.offset);
  }

  denseInputGradient(shape: DenseShape, dy: Vector, weight: Slice, x: Vector, dx: Vector): void {
    const { batch, inputs, outputs } = shape;
    const delta = numbersOf(this.#owner, dy, batch * outputs);
    const w = this.#slice(weight, inputs * outputs);
    const input = numbersOf(this.#owner, x, batch * inputs);
    const dInput = numbersOf(this.#owner, dx, batch * inputs);
    layers.denseInputGradient(shape, delta, w, weight.offset, input, dInput);
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
    const input = numbersOf(this.#owner, logits, batch * classes);
    const gold = wordsOf(this.#owner, labels, batch);
    const delta = dLogits === null ? null : numbersOf(this.#owner, dLogits, batch * classes);
    const totals = numbersOf(this.#owner, out, 2, index);
    const { loss, correct } = layers.softmaxCrossEntropy(batch, classes, input, gold, scale, delta);
    totals[index] = (totals[index] as number) + loss * scale;
    totals[index + 1] = (totals[index + 1] as number) + correct;
  }

  #sameLength(vector: Vector, length: number): Numbers {
    const numbers = numbersOf(this.#owner, vector);
    if (numbers.length !== length) {
      throw new RangeError(`Vectors of ${length} and ${numbers.length} entries cannot be combined.`);
    }
    return numbers;
  }

  #slice(slice: Slice, length: number): Numbers {
    return numbersOf(this.#owner, slice.vector, length, slice.offset);
  }
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
