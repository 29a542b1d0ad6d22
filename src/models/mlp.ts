/**
 * `mlp`: fully connected layers with ReLU, tanh or GELU between them, softmax cross-entropy at the end.
 *
 * Rumelhart, Hinton and Williams 1986, in its plainest modern form. No hidden layer at all is
 * multinomial logistic regression. The whole of forward and backward is recorded without waiting, so it
 * joins the update in one submit, and one set of activations serves all workers of a tab: a batch is
 * finished with them before the next is recorded. ReLU is fused with the products in both directions; the
 * others keep the value before them and are passes of their own. Weights are [outputs, inputs], as torch keeps them.
 */
import { choiceOption, numbersOption, type Options } from '../base/options.ts';
import type { ActivationKind } from '../compute/activation.ts';
import type { Compute, DenseShape, DeviceDataset, Slice, Vector, Words } from '../compute/compute.ts';
import { heUniform, packLayout, type Run, runOf, tensorOf } from './layout.ts';
import type { DataShape, Inputs, Layout, ModelEntry, Score, Stage } from './model.ts';
import { outputsOf, softmaxRows } from './prediction.ts';
import { StagedProgram } from './staged-program.ts';

/** Rows of one forward pass during evaluation; more saves few dispatches and costs memory. */
const EVALUATION_ROWS = 500;

const pathOf = (layer: number) => `layers.${layer}.`;
const weightName = (layer: number) => `${pathOf(layer)}weight`;
const biasName = (layer: number) => `${pathOf(layer)}bias`;

export const mlp: ModelEntry = {
  id: 'mlp',
  label: 'MLP',
  description: 'Fully connected layers with ReLU (or tanh, or GELU) between them.',
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
    activation: {
      kind: 'choice',
      label: 'activation',
      help: 'What a hidden unit makes of its sum: relu, tanh, or gelu (in its tanh form).',
      default: 'relu',
      choices: ['relu', 'tanh', 'gelu'],
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

  program: (compute, layout, options, batch) => new MlpProgram(compute, layout, batch, activationOf(options)),
};

function activationOf(options: Options): ActivationKind {
  const kind = choiceOption(options, 'activation');
  return kind === 'tanh' || kind === 'gelu' ? kind : 'relu';
}

/** One dense layer: where its tensors lie, and the scratch that holds its input and its output. */
interface Layer {
  /** Its tensors in the layout. */
  readonly run: Run;
  readonly inputs: number;
  readonly outputs: number;
  readonly weightOffset: number;
  readonly biasOffset: number;
  readonly input: Vector;
  /** Sums before the activation, where that is a pass of its own. */
  readonly sums: Vector | null;
  readonly output: Vector;
  /** Gradients of the loss with respect to input (none for the first layer) and output. */
  readonly dInput: Vector | null;
  readonly dOutput: Vector;
}

class MlpProgram extends StagedProgram {
  readonly #capacity: number;
  readonly #activation: ActivationKind;
  readonly #layers: readonly Layer[];
  readonly #features: Vector;
  readonly #logits: Vector;
  readonly #dLogits: Vector;
  readonly #classes: number;
  readonly #labels: Words;
  readonly #score: Vector;
  /** For activations of their own: a mask that lets all through, and a gradient before its activation. */
  readonly #ones: Vector;
  readonly #dActivated: Vector;
  readonly #scratch: (Vector | Words)[] = [];

  constructor(compute: Compute, layout: Layout, batch: number, activation: ActivationKind) {
    super(compute, layout, batch);
    this.#activation = activation;
    this.#capacity = Math.max(batch, EVALUATION_ROWS);
    const layers: Layer[] = [];
    let input = this.#vector(this.#capacity * (tensorOf(layout, weightName(0)).shape[1] ?? 0));
    let dInput: Vector | null = null;
    this.#features = input;
    const count = layout.tensors.length / 2;
    let widest = 0;
    for (let at = 0; at < count; at++) {
      const weight = tensorOf(layout, weightName(at));
      const [outputs = 0, inputs = 0] = weight.shape;
      const own = activation !== 'relu' && at + 1 < count;
      const output = this.#vector(this.#capacity * outputs);
      if (own) widest = Math.max(widest, batch * outputs);
      const dOutput = this.#vector(batch * outputs);
      layers.push({
        run: runOf(layout, pathOf(at)),
        inputs,
        outputs,
        weightOffset: weight.offset,
        biasOffset: tensorOf(layout, biasName(at)).offset,
        input,
        sums: own ? this.#vector(this.#capacity * outputs) : null,
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
    this.#ones = this.#vector(Math.max(1, widest));
    compute.upload(this.#ones, new Float32Array(this.#ones.length).fill(1));
    this.#dActivated = this.#vector(Math.max(1, widest));
    this.#scratch.push(this.#labels);
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
    this.#gather(data, rows);
    for (const layer of this.#layers) {
      yield { kind: 'reads', ...layer.run };
      this.#layerForward(layer, parameters, n);
    }
    this.#loss(n, 1 / n, this.#dLogits, losses, index);
    for (const [at, layer] of [...this.#layers.entries()].reverse()) {
      this.#layerBackward(layer, this.#layers[at - 1]?.sums ?? null, parameters, gradient, n);
      yield { kind: 'written', ...layer.run };
    }
  }

  async evaluate(parameters: Vector, data: DeviceDataset, rows: Uint32Array): Promise<Score> {
    if (rows.length === 0) throw new RangeError('There is no score over no rows; give at least one.');
    this.compute.upload(this.#score, new Float32Array(2));
    for (let start = 0; start < rows.length; start += this.#capacity) {
      const chunk = rows.subarray(start, start + this.#capacity);
      this.#gather(data, chunk);
      this.#forward(parameters, chunk.length);
      this.#loss(chunk.length, 1 / rows.length, null, this.#score, 0);
    }
    const [loss = Number.NaN, correct = Number.NaN] = await this.compute.read(this.#score);
    return { loss, accuracy: correct / rows.length };
  }

  async predict(parameters: Vector, inputs: Inputs): Promise<Float32Array> {
    const pass = {
      compute: this.compute,
      width: this.#layers[0]?.inputs ?? 0,
      outputs: this.#classes,
      capacity: this.#capacity,
      features: this.#features,
      output: this.#logits,
      gather: (data: DeviceDataset, rows: Uint32Array) => this.#gather(data, rows),
      forward: (rows: number) => this.#forward(parameters, rows),
    };
    return softmaxRows(await outputsOf(pass, inputs), this.#classes);
  }

  destroy(): void {
    this.compute.free(...this.#scratch);
  }

  #gather(data: DeviceDataset, rows: Uint32Array): void {
    this.compute.gatherRows(data, rows, this.#features, this.#labels);
  }

  /** From the features that lie there to logits. */
  #forward(parameters: Vector, rows: number): void {
    for (const layer of this.#layers) this.#layerForward(layer, parameters, rows);
  }

  #layerForward(layer: Layer, parameters: Vector, rows: number): void {
    const weight: Slice = { vector: parameters, offset: layer.weightOffset };
    const bias: Slice = { vector: parameters, offset: layer.biasOffset };
    const shape = shapeOf(layer, rows);
    if (layer.sums === null) {
      const activation = layer.output === this.#logits ? 'none' : 'relu';
      this.compute.dense(shape, layer.input, weight, bias, layer.output, activation);
    } else {
      this.compute.dense(shape, layer.input, weight, bias, layer.sums, 'none');
      this.compute.activation.apply(this.#activation, rows * layer.outputs, layer.sums, layer.output);
    }
  }

  /** `sums`: of the layer before, where its activation is a pass of its own. */
  #layerBackward(
    layer: Layer,
    sums: Vector | null,
    parameters: Vector,
    gradient: Vector,
    rows: number,
  ): void {
    const shape = shapeOf(layer, rows);
    const dWeight = { vector: gradient, offset: layer.weightOffset };
    const dBias = { vector: gradient, offset: layer.biasOffset };
    this.compute.denseWeightGradient(shape, layer.input, layer.dOutput, dWeight, dBias);
    if (layer.dInput === null) return;
    const weight = { vector: parameters, offset: layer.weightOffset };
    if (sums === null) {
      this.compute.denseInputGradient(shape, layer.dOutput, weight, layer.input, layer.dInput);
    } else {
      const { activation } = this.compute;
      this.compute.denseInputGradient(shape, layer.dOutput, weight, this.#ones, this.#dActivated);
      activation.gradient(this.#activation, rows * layer.inputs, sums, this.#dActivated, layer.dInput);
    }
  }

  #loss(rows: number, scale: number, dLogits: Vector | null, out: Vector, index: number): void {
    const classes = this.#classes;
    this.compute.softmaxCrossEntropy(rows, classes, this.#logits, this.#labels, scale, dLogits, out, index);
  }

  #vector(length: number): Vector {
    const vector = this.compute.vector(length);
    this.#scratch.push(vector);
    return vector;
  }
}

function shapeOf(layer: Layer, batch: number): DenseShape {
  return { batch, inputs: layer.inputs, outputs: layer.outputs };
}
