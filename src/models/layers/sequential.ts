/**
 * A whole classifier from a list of layers: its layout, its initial values, and its program, with softmax
 * cross-entropy at the end.
 *
 * Forward and backward are recorded without waiting, so they join the update in one submit, and one set
 * of activations serves all workers of a tab: a batch is finished with them before the next is recorded.
 */
import type { Compute, DeviceDataset, Vector, Words } from '../../compute/compute.ts';
import { heUniform, packLayout, tensorOf } from '../layout.ts';
import type { Inputs, Layout, Program, Score } from '../model.ts';
import { outputsOf, softmaxRows } from '../prediction.ts';
import { type BoundLayer, type LayerMaker, type Shape, sizeOf } from './layer.ts';
import { stack } from './stack.ts';

/** Rows of one forward pass during evaluation; more saves few dispatches and costs memory. */
const EVALUATION_ROWS = 100;

/** With the shape of a row, which convolutions need and tensors do not tell. */
export interface SequentialLayout extends Layout {
  readonly input: Shape;
}

/** The tensors of all layers, back to back. @throws {RangeError} if a layer cannot work on what comes in. */
export function sequentialLayout(makers: readonly LayerMaker[], input: Shape): SequentialLayout {
  const { tensors } = stack(makers)(input);
  return { ...packLayout(tensors.map(({ name, shape }) => [name, shape])), input };
}

/** Weights by He's rule, gains 1, biases 0. */
export function initialiseLayers(layout: Layout, seed: number): Float32Array {
  const parameters = heUniform(layout, seed);
  for (const { name, offset, length } of layout.tensors) {
    if (name.endsWith('.gain')) parameters.fill(1, offset, offset + length);
  }
  return parameters;
}

/** @param layout of `sequentialLayout` with the same list. */
export function sequential(
  compute: Compute,
  layout: Layout,
  makers: readonly LayerMaker[],
  batch: number,
): Program {
  return new SequentialProgram(compute, layout, makers, batch);
}

class SequentialProgram implements Program {
  readonly layout: Layout;
  readonly #compute: Compute;
  readonly #batch: number;
  readonly #capacity: number;
  readonly #classes: number;
  /** Features a row. */
  readonly #width: number;
  readonly #features: Vector;
  readonly #labels: Words;
  readonly #layers: BoundLayer;
  readonly #dLogits: Vector;
  readonly #score: Vector;
  readonly #scratch: (Vector | Words)[] = [];

  constructor(compute: Compute, layout: Layout, makers: readonly LayerMaker[], batch: number) {
    const input = inputOf(layout);
    const layers = stack(makers)(input);
    this.layout = layout;
    this.#compute = compute;
    this.#batch = batch;
    this.#capacity = Math.max(batch, EVALUATION_ROWS);
    this.#classes = sizeOf(layers.output);
    this.#width = sizeOf(input);
    this.#features = this.#vector(this.#capacity * this.#width);
    this.#labels = compute.words(this.#capacity);
    this.#scratch.push(this.#labels);
    const site = {
      compute,
      batch,
      capacity: this.#capacity,
      wantsInputGradient: false,
      offset: (tensor: string) => tensorOf(layout, tensor).offset,
      scratch: (length: number) => this.#vector(length),
    };
    this.#layers = layers.bind(site, { vector: this.#features, rectified: false });
    this.#dLogits = this.#vector(batch * this.#classes);
    this.#score = this.#vector(2);
  }

  gradient(
    parameters: Vector,
    data: DeviceDataset,
    rows: Uint32Array,
    gradient: Vector,
    losses: Vector,
    index: number,
  ): void {
    const n = rows.length;
    if (n > this.#batch)
      throw new RangeError(`A batch of ${n} rows; this program was made for ${this.#batch}.`);
    if (n === 0) {
      // A seat may hold no data at all (a skewed Dirichlet draw); its mean over nothing is taken as 0.
      this.#compute.upload(gradient, new Float32Array(gradient.length));
      return;
    }
    this.#forward(parameters, data, rows);
    this.#loss(n, 1 / n, this.#dLogits, losses, index);
    this.#layers.backward(parameters, gradient, this.#dLogits, n);
  }

  async evaluate(parameters: Vector, data: DeviceDataset, rows: Uint32Array): Promise<Score> {
    if (rows.length === 0) throw new RangeError('There is no score over no rows; give at least one.');
    this.#compute.upload(this.#score, new Float32Array(2));
    for (let start = 0; start < rows.length; start += this.#capacity) {
      const chunk = rows.subarray(start, start + this.#capacity);
      this.#forward(parameters, data, chunk);
      this.#loss(chunk.length, 1 / rows.length, null, this.#score, 0);
    }
    const [loss = Number.NaN, correct = Number.NaN] = await this.#compute.read(this.#score);
    return { loss, accuracy: correct / rows.length };
  }

  async predict(parameters: Vector, inputs: Inputs): Promise<Float32Array> {
    const pass = {
      compute: this.#compute,
      width: this.#width,
      outputs: this.#classes,
      capacity: this.#capacity,
      features: this.#features,
      output: this.#layers.output.vector,
      gather: (data: DeviceDataset, rows: Uint32Array) =>
        this.#compute.gatherRows(data, rows, this.#features, this.#labels),
      forward: (rows: number) => this.#layers.forward(parameters, rows),
    };
    return softmaxRows(await outputsOf(pass, inputs), this.#classes);
  }

  destroy(): void {
    this.#compute.free(...this.#scratch);
  }

  #forward(parameters: Vector, data: DeviceDataset, rows: Uint32Array): void {
    this.#compute.gatherRows(data, rows, this.#features, this.#labels);
    this.#layers.forward(parameters, rows.length);
  }

  #loss(rows: number, scale: number, dLogits: Vector | null, out: Vector, index: number): void {
    const logits = this.#layers.output.vector;
    const classes = this.#classes;
    this.#compute.softmaxCrossEntropy(rows, classes, logits, this.#labels, scale, dLogits, out, index);
  }

  #vector(length: number): Vector {
    const vector = this.#compute.vector(length);
    this.#scratch.push(vector);
    return vector;
  }
}

function inputOf(layout: Layout): Shape {
  if ('input' in layout && Array.isArray(layout.input)) return layout.input;
  throw new RangeError(
    'A model of layers needs the layout that it made itself, which tells the shape of a row.',
  );
}
