/**
 * What models predict for given rows, for people to look at: a forward pass without a loss, read back.
 *
 * Rows come from the device's data set or from the host (a drawn digit, points of a plane). Nothing of
 * training uses this; probabilities are made on the host from logits.
 */
import type { Compute, DeviceDataset, Vector } from '../compute/compute.ts';
import { exp } from '../math/portable.ts';

/** Rows to predict: of a data set on the device, or rows × width features as the model sees them. */
export type Inputs =
  | { readonly data: DeviceDataset; readonly rows: Uint32Array }
  | { readonly features: Float32Array };

/** A program's forward pass, from its place for features to its place for outputs. */
export interface ForwardPass {
  readonly compute: Compute;
  /** Features a row. */
  readonly width: number;
  /** Numbers that come out a row. */
  readonly outputs: number;
  /** Most rows of a pass. */
  readonly capacity: number;
  readonly features: Vector;
  readonly output: Vector;
  gather(data: DeviceDataset, rows: Uint32Array): void;
  forward(rows: number): void;
}

/**
 * The outputs of all rows, row-major [rows, outputs]; one read-back for each `capacity` rows.
 * @throws {RangeError} for features that are no whole number of rows.
 */
export async function outputsOf(pass: ForwardPass, inputs: Inputs): Promise<Float32Array> {
  const { compute, width, outputs, capacity } = pass;
  const count = 'rows' in inputs ? inputs.rows.length : inputs.features.length / width;
  if (!Number.isInteger(count)) {
    throw new RangeError(`There are not whole rows of ${width} features each; give ${width} a row.`);
  }
  const all = new Float32Array(count * outputs);
  for (let start = 0; start < count; start += capacity) {
    const end = Math.min(count, start + capacity);
    if ('rows' in inputs) pass.gather(inputs.data, inputs.rows.subarray(start, end));
    else compute.upload(pass.features, inputs.features.subarray(start * width, end * width));
    pass.forward(end - start);
    const chunk = await compute.read(pass.output);
    all.set(chunk.subarray(0, (end - start) * outputs), start * outputs);
  }
  return all;
}

/** Softmax of every row of `classes` logits, in double precision; a row that is not finite is NaN. */
export function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const largest = row.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
    const weights = Float64Array.from(row, (logit) => exp(logit - largest));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    weights.forEach((weight, at) => {
      probabilities[start + at] = weight / sum;
    });
  }
  return probabilities;
}
