/**
 * The program of models that are one affine map, y = W x + b, and a loss: linear and logistic regression.
 * It gathers the batch, and records forward, loss and backward without waiting, as every program does.
 */
import type { Compute, DeviceDataset, Slice, Vector, Words } from '../compute/compute.ts';
import { tensorOf } from './layout.ts';
import type { Inputs, Layout, Score, Stage } from './model.ts';
import { outputsOf, softmaxRows } from './prediction.ts';
import { StagedProgram } from './staged-program.ts';

/** Rows of one forward pass during evaluation. */
const EVALUATION_ROWS = 500;

/** What follows the map. */
export interface AffineLoss {
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
  /** Whether outputs can be right or wrong; otherwise accuracy is NaN. */
  readonly classifies: boolean;
}

/** Its layout has a tensor `weight` [outputs, width], and `bias` [outputs] unless b is 0. */
export class AffineProgram extends StagedProgram {
  readonly #loss: AffineLoss;
  readonly #capacity: number;
  readonly #inputs: number;
  readonly #outputs: number;
  readonly #weightOffset: number;
  /** null where the model has no bias. */
  readonly #biasOffset: number | null;
  readonly #features: Vector;
  readonly #labels: Words;
  readonly #y: Vector;
  readonly #dY: Vector;
  readonly #score: Vector;
  /** Stand for a bias and its gradient where there is none; the first stays 0. */
  readonly #noBias: Vector;
  readonly #unused: Vector;

  constructor(compute: Compute, layout: Layout, batch: number, loss: AffineLoss) {
    super(compute, layout, batch);
    const weight = tensorOf(layout, 'weight');
    const [outputs = 0, inputs = 0] = weight.shape;
    this.#loss = loss;
    this.#capacity = Math.max(batch, EVALUATION_ROWS);
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#weightOffset = weight.offset;
    this.#biasOffset = layout.tensors.find(({ name }) => name === 'bias')?.offset ?? null;
    this.#features = compute.vector(this.#capacity * inputs);
    this.#labels = compute.words(this.#capacity);
    this.#y = compute.vector(this.#capacity * outputs);
    this.#dY = compute.vector(batch * outputs);
    this.#score = compute.vector(2);
    this.#noBias = compute.vector(outputs);
    this.#unused = compute.vector(outputs);
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
    const all = { begin: 0, end: this.layout.length };
    yield { kind: 'reads', ...all };
    this.#forward(parameters, data, rows);
    this.#loss.record(n, this.#y, this.#labels, 1 / n, this.#dY, losses, index);
    const shape = { batch: n, inputs: this.#inputs, outputs: this.#outputs };
    const dWeight = { vector: gradient, offset: this.#weightOffset };
    const dBias = this.#bias(gradient, this.#unused);
    this.compute.denseWeightGradient(shape, this.#features, this.#dY, dWeight, dBias);
    yield { kind: 'written', ...all };
  }

  async evaluate(parameters: Vector, data: DeviceDataset, rows: Uint32Array): Promise<Score> {
    if (rows.length === 0) throw new RangeError('There is no score over no rows; give at least one.');
    this.compute.upload(this.#score, new Float32Array(2));
    for (let start = 0; start < rows.length; start += this.#capacity) {
      const chunk = rows.subarray(start, start + this.#capacity);
      this.#forward(parameters, data, chunk);
      this.#loss.record(chunk.length, this.#y, this.#labels, 1 / rows.length, null, this.#score, 0);
    }
    const [loss = Number.NaN, correct = Number.NaN] = await this.compute.read(this.#score);
    return { loss, accuracy: this.#loss.classifies ? correct / rows.length : Number.NaN };
  }

  async predict(parameters: Vector, inputs: Inputs): Promise<Float32Array> {
    const pass = {
      compute: this.compute,
      width: this.#inputs,
      outputs: this.#outputs,
      capacity: this.#capacity,
      features: this.#features,
      output: this.#y,
      gather: (data: DeviceDataset, rows: Uint32Array) =>
        this.compute.gatherRows(data, rows, this.#features, this.#labels),
      forward: (rows: number) => this.#pass(parameters, rows),
    };
    const outputs = await outputsOf(pass, inputs);
    return this.#loss.classifies ? softmaxRows(outputs, this.#outputs) : outputs;
  }

  destroy(): void {
    this.compute.free(this.#features, this.#labels, this.#y, this.#dY);
    this.compute.free(this.#score, this.#noBias, this.#unused);
  }

  #forward(parameters: Vector, data: DeviceDataset, rows: Uint32Array): void {
    this.compute.gatherRows(data, rows, this.#features, this.#labels);
    this.#pass(parameters, rows.length);
  }

  /** From the features that lie there to outputs. */
  #pass(parameters: Vector, rows: number): void {
    const shape = { batch: rows, inputs: this.#inputs, outputs: this.#outputs };
    const weight = { vector: parameters, offset: this.#weightOffset };
    const bias = this.#bias(parameters, this.#noBias);
    this.compute.dense(shape, this.#features, weight, bias, this.#y, 'none');
  }

  #bias(vector: Vector, instead: Vector): Slice {
    return this.#biasOffset === null ? { vector: instead, offset: 0 } : { vector, offset: this.#biasOffset };
  }
}
