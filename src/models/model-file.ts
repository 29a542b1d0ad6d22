/**
 * A model as a safetensors file: one tensor for each of the layout, under its name and shape, and text
 * beside them that says where it comes from. The way back refuses a file of any other layout.
 */
import type { Layout } from '../base/layout.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

/** The file is a model, but not one for here; one sentence says why. */
export class ModelFileError extends Error {
  override readonly name = 'ModelFileError';
}

export interface ModelFile {
  readonly parameters: Float32Array;
  readonly metadata: Readonly<Record<string, string>>;
}

export function encodeModel(
  layout: Layout,
  parameters: Float32Array,
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const tensors = layout.tensors.map(({ name, shape, offset, length }) => ({
    name,
    shape,
    data: parameters.subarray(offset, offset + length),
  }));
  return encodeSafetensors({ tensors, metadata });
}

const shapeText = (shape: readonly number[]) => `[${shape.join(', ')}]`;

/**
 * The parameters in a file, in the order of `layout`.
 * @throws {SafetensorsError} if it is no safetensors file.
 * @throws {ModelFileError} if its tensors are not those of `layout`, or not all its numbers are finite.
 */
export function decodeModel(bytes: Uint8Array, layout: Layout): ModelFile {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const parameters = new Float32Array(layout.length);
  const todo = 'choose the model and data that it was trained with.';
  for (const { name, shape, offset } of layout.tensors) {
    const found = tensors.find((tensor) => tensor.name === name);
    if (found === undefined) {
      throw new ModelFileError(`The file is of another model: it has no tensor "${name}"; ${todo}`);
    }
    if (shapeText(found.shape) !== shapeText(shape)) {
      throw new ModelFileError(
        `The file is of another model: its tensor "${name}" is ${shapeText(found.shape)}, ` +
          `here it is ${shapeText(shape)}; ${todo}`,
      );
    }
    if (!found.data.every(Number.isFinite)) {
      throw new ModelFileError(`The tensor "${name}" in the file has infinite or missing numbers.`);
    }
    parameters.set(found.data, offset);
  }
  const extra = tensors.find(({ name }) => layout.tensors.every((tensor) => tensor.name !== name));
  if (extra !== undefined) {
    throw new ModelFileError(
      `The file is of another model: it has a tensor "${extra.name}" besides those of this one; ${todo}`,
    );
  }
  return { parameters, metadata };
}
