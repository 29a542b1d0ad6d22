/**
 * `mlp`: fully connected layers with ReLU between them, softmax cross-entropy at the end.
 *
 * Rumelhart, Hinton and Williams 1986, in its plainest modern form. No hidden layer at all is
 * multinomial logistic regression. The whole of forward and backward is recorded without waiting, so it
 * joins the update in one submit, and one set of activations serves all workers of a tab: a batch is
 * finished with them before the next is recorded. Weights are [outputs, inputs], as torch keeps them.
 */
import { numbersOption, type Options } from '../base/options.ts';
import type { Compute, DenseShape, DeviceDataset, Slice, Vector, Words } from '../compute/compute.ts';
import { heUniform, packLayout, tensorOf } from './layout.ts';
import type { DataShape, Inputs, Layout, ModelEntry, Program, Score } from './model.ts';
import { outputsOf, softmaxRows } from './prediction.ts';

/** Rows of one forward pass during evaluation; more saves few dispatches and costs memory. */
const EVALUATION_ROWS = 500;

const weightName = (layer: number) => `layers.${layer}.weight`;
const biasName = (layer: number) => `layers.${layer}.bias`;

export const mlp: ModelEntry = {
  id: 'mlp',
  label: 'MLP',
  description: 'Fully connected layers with ReLU between them and softmax cross-entropy at the end.',
  options: {
    hidden: {
      kind: 'numbers',
      label: 'hidden layers',
      help: 'Units of each hidden layer, from input to output; none at all is logistic regression.',
      default: [128],
      min: 1,
      max: 1024,
      integer: true,
      maxLength: 4,
    },
  },

  layout(options: Options, data: DataShape): Layout {
    const sizes = [data.width, ...numbersOption(options, 'hidden'), data.classes];
    return packLayout(
      sizes
        .slice(1)
        .flatMap((outputs, layer) => [
          [weightName(layer), [outputs, sizes[layer] ?? 0]] as const,
          [biasName(layer), [outputs]] as const,
        ]),
    );
  },

  initialise: heUniform,

  program: (compute, layout, _options, batch) => new MlpProgram(compute, layout, batch),
};

/** One dense layer: where its tensors lie, and the scratch that holds its input and its output. */
interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weightOffset: number;
  readonly biasOffset: number;
  readonly input: Vector;
  readonly output: Vector;
  /** Gradients of the loss with respect to input (none for the first layer) and output. */
  readonly dInput: Vector | null;
  readonly dOutput: Vector;
}

class MlpProgram implements Program {
  readonly layout: Layout;
  readonly #compute: Compute;
  readonly #batch: number;
  readonly #capacity: number;
  readonly #layers: readonly Layer[];
  readonly #features: Vector;
  readonly #logits: Vector;
  readonly #dLogits: Vector;
  readonly #classes: number;
  readonly #labels: Words;
  readonly #score: Vector;
  readonly #scratch: (Vector | Words)[] = [];

  constructor(compute: Compute, layout: Layout, batch: number) {
    this.layout = layout;
    this.#compute = compute;
    this.#batch = batch;
    this.#capacity = Math.max(batch, EVALUATION_ROWS);
    const layers: Layer[] = [];
    let input = this.#vector(this.#capacity * (tensorOf(layout, weightName(0)).shape[1] ?? 0));
    let dInput: Vector | null = null;
    this.#features = input;
    for (let at = 0; at < layout.tensors.length / 2; at++) {
      const weight = tensorOf(layout, weightName(at));
      const [outputs = 0, inputs = 0] = weight.shape;
      const output = this.#vector(this.#capacity * outputs);
      const dOutput = this.#vector(batch * outputs);
      layers.push({
        inputs,
        outputs,
        weightOffset: weight.offset,
        biasOffset: tensorOf(layout, biasName(at)).offset,
        input,
        output,
        dInput,
        dOutput,
      });
      input = output;
      dInput = dOutput;
    }
    this.#layers = layers;
    this.#logits = input;
    this.#dLogits = dInput ?? input;
    this.#classes = layers.at(-1)?.outputs ?? 0;
    this.#labels = compute.words(this.#capacity);
    this.#score = this.#vector(2);
    this.#scratch.push(this.#labels);
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
    for (const layer of this.#layers.toReversed()) {
      const shape = shapeOf(layer, n);
      const dWeight = { vector: gradient, offset: layer.weightOffset };
      const dBias = { vector: gradient, offset: layer.biasOffset };
      this.#compute.denseWeightGradient(shape, layer.input, layer.dOutput, dWeight, dBias);
      if (layer.dInput !== null) {
        const weight = { vector: parameters, offset: layer.weightOffset };
        this.#compute.denseInputGradient(shape, layer.dOutput, weight, layer.input, layer.dInput);
      }
    }
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
      width: this.#layers[0]?.inputs ?? 0,
      outputs: this.#classes,
      capacity: this.#capacity,
      features: this.#features,
      output: this.#logits,
      gather: (data: DeviceDataset, rows: Uint32Array) =>
        this.#compute.gatherRows(data, rows, this.#features, this.#labels),
      forward: (rows: number) => this.#pass(parameters, rows),
    };
    return softmaxRows(await outputsOf(pass, inputs), this.#classes);
  }

  destroy(): void {
    this.#compute.free(...this.#scratch);
  }

  #forward(parameters: Vector, data: DeviceDataset, rows: Uint32Array): void {
    this.#compute.gatherRows(data, rows, this.#features, this.#labels);
    this.#pass(parameters, rows.length);
  }

  /** From the features that lie there to logits. */
  #pass(parameters: Vector, rows: number): void {
    for (const layer of this.#layers) {
      const weight: Slice = { vector: parameters, offset: layer.weightOffset };
      const bias: Slice = { vector: parameters, offset: layer.biasOffset };
      const activation = layer.output === this.#logits ? 'none' : 'relu';
      this.#compute.dense(shapeOf(layer, rows), layer.input, weight, bias, layer.output, activation);
    }
  }

  #loss(rows: number, scale: number, dLogits: Vector | null, out: Vector, index: number): void {
    const classes = this.#classes;
    this.#compute.softmaxCrossEntropy(rows, classes, this.#logits, this.#labels, scale, dLogits, out, index);
  }

  #vector(length: number): Vector {
    const vector = this.#compute.vector(length);
    this.#scratch.push(vector);
    return vector;
  }
}

function shapeOf(layer: Layer, batch: number): DenseShape {
  return { batch, inputs: layer.inputs, outputs: layer.outputs };
}
