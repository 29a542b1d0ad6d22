/**
 * The program of models of rows: features -> layers -> outputs -> loss, and back through the layers.
 *
 * A model says of what layers it is; here a batch is gathered, and scores and predictions are made. Forward
 * and backward are recorded without waiting, so they join the update in one submit, and one set of
 * activations serves all workers of a tab: a batch is finished with them before the next is recorded.
 */
import type { Compute, DeviceDataset, Vector, Words } from '../compute/compute.ts';
import type { Run } from './layout.ts';
import type { Inputs, Layout, Score, Stage } from './model.ts';
import { outputsOf, softmaxRows } from './prediction.ts';
import { StagedProgram } from './staged-program.ts';

/** What follows the last layer. */
export interface Loss {
  /**
   * Records the loss of `rows` rows of outputs: out[index] += Σ loss · scale, out[index + 1] += rows that are
   * right (if that can be said); `dOutputs`, if given, = its gradient · scale.
   */
  record(
    rows: number,
    outputs: Vector,
    labels: Words,
    scale: number,
    dOutputs: Vector | null,
    out: Vector,
    index: number,
  ): void;
  /** Outputs are logits of classes, and can be right or wrong; otherwise accuracy is NaN. */
  readonly classifies: boolean;
}

/** Softmax and cross-entropy, in nats. */
export function crossEntropy(compute: Compute, classes: number): Loss {
  return {
    classifies: true,
    record: (rows, ...given) => compute.softmaxCrossEntropy(rows, classes, ...given),
  };
}

/** A layer on a device, with its activations. */
export interface ProgramLayer {
  /** The entries that it learns; null if there are none. */
  readonly run: Run | null;
  /** Records input -> output over the first `rows` rows. */
  forward(parameters: Vector, rows: number): void;
  /**
   * Records the gradients of its tensors into their places in `gradient`, for `dOutput`, the gradient of
   * the output. Follows a forward pass over the same rows. Returns the gradient of the input; null if
   * nothing is learned before it.
   */
  backward(parameters: Vector, gradient: Vector, dOutput: Vector, rows: number): Vector | null;
}

/** Where layers are bound. */
export interface ProgramSite {
  readonly features: Vector;
  /** Most rows of a forward pass that a backward pass follows. */
  readonly batch: number;
  /** Most rows of any forward pass; at least `batch`. */
  readonly capacity: number;
  /** Scratch memory, freed with the program. */
  scratch(length: number): Vector;
}

export interface RowModel {
  /** Features, and outputs, of a row. */
  readonly width: number;
  readonly outputs: number;
  /** Rows of one forward pass during evaluation; more saves few dispatches and costs memory. */
  readonly evaluationRows: number;
  readonly loss: Loss;
  /** From `site.features` to `output`; asked again for passes of another capacity. */
  bind(site: ProgramSite): { readonly layers: readonly ProgramLayer[]; readonly output: Vector };
}

/** Scratch memory of forward passes over up to `capacity` rows, and its layers. */
interface Pass {
  readonly capacity: number;
  readonly features: Vector;
  readonly labels: Words;
  readonly layers: readonly ProgramLayer[];
  readonly output: Vector;
}

export class RowProgram extends StagedProgram {
  readonly #model: RowModel;
  readonly #training: Pass;
  readonly #dOutput: Vector;
  readonly #score: Vector;
  readonly #scratch: (Vector | Words)[] = [];
  #evaluating: Pass | null = null;

  constructor(compute: Compute, layout: Layout, batch: number, model: RowModel) {
    super(compute, layout, batch);
    this.#model = model;
    this.#training = this.#bind(batch, batch);
    this.#dOutput = this.#vector(batch * model.outputs);
    this.#score = this.#vector(2);
  }

  protected *passes(
    parameters: Vector,
    data: DeviceDataset,
    rows: Uint32Array,
    gradient: Vector,
    losses: Vector,
    index: number,
  ): Generator<Stage, void, undefined> {
    const n = rows.length;
    const pass = this.#training;
    this.#gather(pass, data, rows);
    for (const layer of pass.layers) {
      if (layer.run !== null) yield { kind: 'reads', ...layer.run };
      layer.forward(parameters, n);
    }
    this.#loss(pass, n, 1 / n, this.#dOutput, losses, index);
    let delta: Vector | null = this.#dOutput;
    for (const layer of pass.layers.toReversed()) {
      if (delta === null) return;
      delta = layer.backward(parameters, gradient, delta, n);
      if (layer.run !== null) yield { kind: 'written', ...layer.run };
    }
  }

  async evaluate(parameters: Vector, data: DeviceDataset, rows: Uint32Array): Promise<Score> {
    if (rows.length === 0) throw new RangeError('There is no score over no rows; give at least one.');
    const pass = this.#wide;
    this.compute.upload(this.#score, new Float32Array(2));
    for (let start = 0; start < rows.length; start += pass.capacity) {
      const chunk = rows.subarray(start, start + pass.capacity);
      this.#gather(pass, data, chunk);
      this.#forward(pass, parameters, chunk.length);
      this.#loss(pass, chunk.length, 1 / rows.length, null, this.#score, 0);
    }
    const [loss = Number.NaN, correct = Number.NaN] = await this.compute.read(this.#score);
    return { loss, accuracy: this.#model.loss.classifies ? correct / rows.length : Number.NaN };
  }

  async predict(parameters: Vector, inputs: Inputs): Promise<Float32Array> {
    const { width, outputs, loss } = this.#model;
    const pass = this.#wide;
    const predicted = await outputsOf(
      {
        ...pass,
        compute: this.compute,
        width,
        outputs,
        gather: (data, rows) => this.#gather(pass, data, rows),
        forward: (rows) => this.#forward(pass, parameters, rows),
      },
      inputs,
    );
    return loss.classifies ? softmaxRows(predicted, outputs) : predicted;
  }

  destroy(): void {
    this.compute.free(...this.#scratch);
  }

  /** For passes without a backward pass: made when there is the first, since not every program scores. */
  get #wide(): Pass {
    const { evaluationRows } = this.#model;
    if (this.batch >= evaluationRows) return this.#training;
    this.#evaluating ??= this.#bind(evaluationRows, 1);
    return this.#evaluating;
  }

  #bind(capacity: number, batch: number): Pass {
    const features = this.#vector(capacity * this.#model.width);
    const labels = this.compute.words(capacity);
    this.#scratch.push(labels);
    const scratch = (length: number) => this.#vector(length);
    return { capacity, features, labels, ...this.#model.bind({ features, batch, capacity, scratch }) };
  }

  #gather({ features, labels }: Pass, data: DeviceDataset, rows: Uint32Array): void {
    this.compute.gatherRows(data, rows, features, labels);
  }

  /** From the features that lie there to outputs. */
  #forward({ layers }: Pass, parameters: Vector, rows: number): void {
    for (const layer of layers) layer.forward(parameters, rows);
  }

  #loss(
    { output, labels }: Pass,
    rows: number,
    scale: number,
    dOutput: Vector | null,
    out: Vector,
    index: number,
  ): void {
    this.#model.loss.record(rows, output, labels, scale, dOutput, out, index);
  }

  #vector(length: number): Vector {
    const vector = this.compute.vector(length);
    this.#scratch.push(vector);
    return vector;
  }
}
