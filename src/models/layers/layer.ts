/**
 * The Layer contract: one step of a model, from a value to the next, and its gradient back.
 *
 * A layer is written as a function that, told the shape of what comes in, says what goes out, which
 * tensors it learns, and how it binds to a Compute. A model is a list of such functions (`sequential.ts`).
 * Layers record Compute operations and nothing else; they know nothing of losses or data sets.
 *
 * One rule makes activations cheap: a value may be marked `rectified`, the output of a ReLU (or of what
 * keeps its zeros). Whoever makes the gradient of such a value has already taken it through that ReLU:
 * it is 0 wherever the value is not positive. So a ReLU costs no pass of its own in either direction.
 */
import type { Compute, Slice, Vector } from '../../compute/compute.ts';
import type { ProgramLayer, ProgramSite } from '../row-program.ts';

/** One row's value: [channels, height, width] of a picture, or [units] of a flat one. */
export type Shape = readonly number[];

/**
 * What a layer learns. The name says how it begins: a `weight` ([outputs, inputs, ...]) by He's rule, a
 * `bias` with 0, a `gain` with 1. A container puts a path before it: `branch.0.conv.weight`.
 */
export interface LayerTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A value on its way through a bound model: rows of `shape`, one after another. */
export interface Value {
  readonly vector: Vector;
  readonly rectified: boolean;
}

/** Where a layer is bound: on which Compute, for how many rows, and where its tensors lie. */
export interface Site extends Omit<ProgramSite, 'features'> {
  readonly compute: Compute;
  /** Whether anybody wants the gradient of the input. */
  readonly wantsInputGradient: boolean;
  /** Where the tensor of this name begins in the flat vector of parameters. */
  offset(tensor: string): number;
}

/** A layer at its site. */
export interface BoundLayer extends Omit<ProgramLayer, 'run'> {
  readonly output: Value;
}

export interface Layer {
  /** Its kind in a word, as it appears in tensor names. */
  readonly name: string;
  readonly output: Shape;
  readonly tensors: readonly LayerTensor[];
  bind(site: Site, input: Value): BoundLayer;
}

/** A layer that has yet to be told what comes in. @throws {RangeError} if it cannot work on that. */
export type LayerMaker = (input: Shape) => Layer;

export type Activation = 'none' | 'relu';

/** Numbers of one row. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Channels, height and width of a picture. @throws {RangeError} if the value is flat. */
export function pictureOf(shape: Shape, layer: string) {
  const [channels, height, width] = shape;
  if (channels === undefined || height === undefined || width === undefined) {
    throw new RangeError(`A ${layer} layer works on pictures; put it before the flatten or dense layers.`);
  }
  return { channels, height, width };
}

/** The run of a vector that begins where the tensor does. */
export function tensorIn(site: Site, vector: Vector, tensor: string): Slice {
  return { vector, offset: site.offset(tensor) };
}
