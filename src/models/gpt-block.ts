/**
 * One block of a GPT, with its normalisations before the layers, as GPT-2 has them:
 *
 *     y = x + projection(attention(norm1(x))),   z = y + contraction(GELU(expansion(norm2(y))))
 *
 * Backward runs on the gradient of the stream in place: each of the two branches adds its share to it.
 */
import type { ActivationKind } from '../compute/activation.ts';
import type { Compute, Slice, Vector } from '../compute/compute.ts';
import { blockPath, type GptSizes } from './gpt-layout.ts';
import { type Run, runOf, tensorOf } from './layout.ts';
import type { Layout } from './model.ts';

const ACTIVATION: ActivationKind = 'gelu';

/** What a GPT's blocks use one after another, and what they are bound to. */
export interface GptSite {
  readonly compute: Compute;
  readonly layout: Layout;
  readonly sizes: GptSizes;
  /** Places (windows × context) that vectors of a forward pass have room for. */
  readonly places: number;
  scratch(length: number): Vector;
  /** Gradients on their way: [places of a batch, 4 · width] twice, and [places, width]. */
  readonly wide: Vector;
  readonly wider: Vector;
  readonly narrow: Vector;
  /** Ones, [places of a batch, 4 · width]: a ReLU's output that lets every gradient through. */
  readonly ones: Vector;
}

/** How many windows, and how many places of each. */
export interface Extent {
  readonly windows: number;
  readonly context: number;
}

export class GptBlock {
  /** Its tensors in the layout. */
  readonly run: Run;
  readonly #site: GptSite;
  readonly #path: string;
  readonly #input: Vector;
  /** Outputs of the steps above in their order, and what the gradients want to know of them. */
  readonly #normal1: Vector;
  readonly #moments1: Vector;
  readonly #qkv: Vector;
  readonly #mixed: Vector;
  readonly #denominators: Vector;
  readonly #middle: Vector;
  readonly #normal2: Vector;
  readonly #moments2: Vector;
  readonly #expanded: Vector;
  readonly #activated: Vector;
  /** A branch's output before it joins the stream. */
  readonly #branch: Vector;
  readonly output: Vector;

  constructor(site: GptSite, layer: number, input: Vector, branch: Vector) {
    const { places, sizes } = site;
    const { width, heads } = sizes;
    this.#site = site;
    this.#path = blockPath(layer);
    this.run = runOf(site.layout, `${this.#path}.`);
    this.#input = input;
    this.#branch = branch;
    this.#normal1 = site.scratch(places * width);
    this.#moments1 = site.scratch(2 * places);
    this.#qkv = site.scratch(3 * places * width);
    this.#mixed = site.scratch(places * width);
    this.#denominators = site.scratch(2 * places * heads);
    this.#middle = site.scratch(places * width);
    this.#normal2 = site.scratch(places * width);
    this.#moments2 = site.scratch(2 * places);
    this.#expanded = site.scratch(4 * places * width);
    this.#activated = site.scratch(4 * places * width);
    this.output = site.scratch(places * width);
  }

  forward(parameters: Vector, extent: Extent): void {
    const { compute, sizes } = this.#site;
    const { heads, width } = sizes;
    const rows = extent.windows * extent.context;
    const norm = { rows, width };
    const at = (tensor: string) => this.#in(parameters, tensor);
    const { layerNorm, attention, activation } = compute;
    layerNorm.forward(norm, this.#input, at('norm1.gain'), at('norm1.bias'), this.#normal1, this.#moments1);
    this.#map('attention', parameters, rows, this.#normal1, 3 * width, this.#qkv);
    attention.forward({ ...extent, heads, width }, this.#qkv, this.#mixed, this.#denominators);
    this.#map('projection', parameters, rows, this.#mixed, width, this.#branch);
    this.#join(this.#input, this.#middle);
    layerNorm.forward(norm, this.#middle, at('norm2.gain'), at('norm2.bias'), this.#normal2, this.#moments2);
    this.#map('expansion', parameters, rows, this.#normal2, 4 * width, this.#expanded);
    activation.apply(ACTIVATION, 4 * rows * width, this.#expanded, this.#activated);
    this.#map('contraction', parameters, rows, this.#activated, width, this.#branch);
    this.#join(this.#middle, this.output);
  }

  /** Turns `stream`, the gradient of the output, into that of the input; writes those of its tensors. */
  backward(parameters: Vector, gradient: Vector, stream: Vector, extent: Extent): void {
    const { compute, sizes, wide, wider, narrow } = this.#site;
    const { heads, width } = sizes;
    const rows = extent.windows * extent.context;
    const { attention, activation } = compute;
    this.#mapBack('contraction', parameters, gradient, rows, this.#activated, stream, wide);
    activation.gradient(ACTIVATION, 4 * rows * width, this.#expanded, wide, wider);
    this.#mapBack('expansion', parameters, gradient, rows, this.#normal2, wider, narrow);
    this.#normBack('norm2', parameters, gradient, rows, this.#middle, this.#moments2, stream);
    this.#mapBack('projection', parameters, gradient, rows, this.#mixed, stream, narrow);
    const shape = { ...extent, heads, width };
    attention.backward(shape, this.#qkv, this.#mixed, this.#denominators, narrow, wide);
    this.#mapBack('attention', parameters, gradient, rows, this.#normal1, wide, narrow);
    this.#normBack('norm1', parameters, gradient, rows, this.#input, this.#moments1, stream);
  }

  #in(vector: Vector, tensor: string): Slice {
    return { vector, offset: tensorOf(this.#site.layout, `${this.#path}.${tensor}`).offset };
  }

  #map(name: string, parameters: Vector, batch: number, x: Vector, outputs: number, y: Vector): void {
    const [, inputs = 0] = tensorOf(this.#site.layout, `${this.#path}.${name}.weight`).shape;
    const weight = this.#in(parameters, `${name}.weight`);
    const bias = this.#in(parameters, `${name}.bias`);
    this.#site.compute.dense({ batch, inputs, outputs }, x, weight, bias, y, 'none');
  }

  #mapBack(
    name: string,
    parameters: Vector,
    gradient: Vector,
    batch: number,
    x: Vector,
    dy: Vector,
    dx: Vector,
  ): void {
    const { compute, layout, ones } = this.#site;
    const [outputs = 0, inputs = 0] = tensorOf(layout, `${this.#path}.${name}.weight`).shape;
    const shape = { batch, inputs, outputs };
    const dWeight = this.#in(gradient, `${name}.weight`);
    compute.denseWeightGradient(shape, x, dy, dWeight, this.#in(gradient, `${name}.bias`));
    compute.denseInputGradient(shape, dy, this.#in(parameters, `${name}.weight`), ones, dx);
  }

  /** Adds the branch's share to the stream. */
  #normBack(
    name: string,
    parameters: Vector,
    gradient: Vector,
    rows: number,
    x: Vector,
    moments: Vector,
    stream: Vector,
  ): void {
    const { compute, sizes, narrow } = this.#site;
    const gain = this.#in(parameters, `${name}.gain`);
    const dGain = this.#in(gradient, `${name}.gain`);
    const dBias = this.#in(gradient, `${name}.bias`);
    const shape = { rows, width: sizes.width };
    compute.layerNorm.backward(shape, x, moments, gain, narrow, stream, 'add', dGain, dBias);
  }

  #join(stream: Vector, sum: Vector): void {
    this.#site.compute.linear(sum, [
      [1, stream],
      [1, this.#branch],
    ]);
  }
}
