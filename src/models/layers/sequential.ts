/**
 * A whole classifier from a list of layers: its layout, its initial values, and its program, with softmax
 * cross-entropy at the end.
 *
 * Forward and backward are recorded without waiting, so they join the update in one submit, and one set
 * of activations serves all workers of a tab: a batch is finished with them before the next is recorded.
 */
import type { Compute, DeviceDataset, Vector, Words } from '../../compute/compute.ts';
import { heUniform, packLayout, type Run, runOf, tensorOf } from '../layout.ts';
import type { Inputs, Layout, Program, Score, Stage } from '../model.ts';
import { outputsOf, softmaxRows } from '../prediction.ts';
import { StagedProgram } from '../staged-program.ts';
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

class SequentialProgram extends StagedProgram {
  readonly #capacity: number;
  readonly #classes: number;
  /** Features a row. */
  readonly #width: number;
  readonly #features: Vector;
  readonly #labels: Words;
  readonly #layers: readonly (BoundLayer & { readonly run: Run | null })[];
  readonly #logits: Vector;
  readonly #dLogits: Vector;
  readonly #score: Vector;
  readonly #scratch: (Vector | Words)[] = [];

  constructor(compute: Compute, layout: Layout, makers: readonly LayerMaker[], batch: number) {
    super(compute, layout, batch);
    const input = inputOf(layout);
    const layers = stack(makers)(input);
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
    const bound = layers.bindEach(site, { vector: this.#features, rectified: false });
    this.#layers = bound.map((layer, at) => ({ ...layer, run: learnedRun(layout, layers.paths[at] ?? '') }));
    this.#logits = bound.at(-1)?.output.vector ?? this.#features;
    this.#dLogits = this.#vector(batch * this.#classes);
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
    this.#gather(data, rows);
    for (const { run, forward } of this.#layers) {
      if (run !== null) yield { kind: 'reads', ...run };
      forward(parameters, n);
    }
    this.#loss(n, 1 / n, this.#dLogits, losses, index);
    let delta: Vector | null = this.#dLogits;
    for (const { run, backward } of this.#layers.toReversed()) {
      if (delta === null) return;
      delta = backward(parameters, gradient, delta, n);
      if (run !== null) yield { kind: 'written', ...run };
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
      width: this.#width,
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
    for (const { forward } of this.#layers) forward(parameters, rows);
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

/** null for a layer that learns nothing. */
function learnedRun(layout: Layout, path: string): Run | null {
  return layout.tensors.some(({ name }) => name.startsWith(path)) ? runOf(layout, path) : null;
}

function inputOf(layout: Layout): Shape {
  if ('input' in layout && Array.isArray(layout.input)) return layout.input;
  throw new RangeError(
    'A model of layers needs the layout that it made itself, which tells the shape of a row.',
  );
}
