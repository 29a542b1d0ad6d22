/**
 * Helpers for model files: packing named tensors into one flat vector, and He initialisation.
 *
 * The flat vector is the currency of the whole lab (mixing, compression, hashing and export all work on
 * it), so tensors lie in it back to back, in the order given, without padding.
 */
import { PURPOSE, randomStream } from '../math/random.ts';
import type { Layout, Stage, Tensor } from './model.ts';

export type NamedShape = readonly [name: string, shape: readonly number[]];

/** Tensors one after another in the order given. */
export function packLayout(shapes: readonly NamedShape[]): Layout {
  const tensors: Tensor[] = [];
  let offset = 0;
  for (const [name, shape] of shapes) {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors.push({ name, shape, offset, length });
    offset += length;
  }
  return { tensors, length: offset };
}

/** @throws {RangeError} if the layout has no tensor of this name. */
export function tensorOf(layout: Layout, name: string): Tensor {
  const tensor = layout.tensors.find((candidate) => candidate.name === name);
  if (tensor === undefined) throw new RangeError(`The layout has no tensor "${name}".`);
  return tensor;
}

/** The entries [begin, end) of a layout. */
export type Run = Omit<Stage, 'kind'>;

/** The entries of all tensors whose names begin so; they must lie back to back. @throws {RangeError} if there is none. */
export function runOf({ tensors }: Layout, prefix: string): Run {
  const run = tensors.filter(({ name }) => name.startsWith(prefix));
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError(`The layout has no "${prefix}...".`);
  return { begin: first.offset, end: last.offset + last.length };
}

/**
 * He et al., "Delving deep into rectifiers", 2015 (arXiv 1502.01852), in its uniform form: a weight of
 * shape [outputs, inputs] is drawn from U(-b, b) with b = sqrt(6 / inputs), so that a ReLU layer keeps the
 * variance of its input; a filter of shape [outputs, channels, height, width] has as many inputs as the
 * product of its last three. Tensors with one axis (biases) are zero. Each tensor has a random stream of its
 * own, numbered by its place in the layout.
 */
export function heUniform(layout: Layout, seed: number): Float32Array {
  const parameters = new Float32Array(layout.length);
  layout.tensors.forEach((tensor, place) => {
    if (tensor.shape.length < 2) return;
    const inputs = tensor.shape.slice(1).reduce((product, size) => product * size, 1);
    const bound = Math.sqrt(6 / inputs);
    const stream = randomStream(seed, PURPOSE.initialisation, 0, place);
    for (let k = 0; k < tensor.length; k++) {
      parameters[tensor.offset + k] = (2 * stream.uniform() - 1) * bound;
    }
  });
  return parameters;
}
