/**
 * What a training step is, for whoever is compared: the same parameters, the same batch, plain SGD on the
 * softmax cross-entropy of an MLP 784-128-10. Data and parameters are on the device before timing starts.
 */
import type { HostDataset } from '../../../src/compute/compute.ts';
import { PURPOSE, randomStream } from '../../../src/math/random.ts';
import { mlp } from '../../../src/models/mlp.ts';

export interface Task {
  readonly batch: number;
  readonly learningRate: number;
  /** `batch` rows; row numbers 0..batch-1 are the batch. */
  readonly data: HostDataset;
  /** Parameters by layer: weight as [outputs, inputs], row-major. */
  readonly layers: readonly Layer[];
  /** The same parameters as one flat vector. */
  readonly initial: Float32Array;
}

export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

export interface Subject {
  readonly name: string;
  /** Hands one step to the device, without waiting. */
  step(): void;
  /** Waits until all steps are done. */
  finish(): Promise<void>;
  /** Mean loss over the batch at the current parameters: the subjects must agree. */
  loss(): Promise<number>;
  destroy(): void;
}

const WIDTH = 784;
const CLASSES = 10;
const SEED = 1;

export const MLP_OPTIONS = { hidden: [128] };
export const MLP_LAYOUT = mlp.layout(MLP_OPTIONS, { width: WIDTH, classes: CLASSES });

/** A batch of seeded noise with seeded labels: no loss to speak of, but the arithmetic of real data. */
export function makeTask(batch: number): Task {
  const stream = randomStream(SEED, PURPOSE.simulation, 0, batch);
  const data: HostDataset = {
    rows: batch,
    width: WIDTH,
    classes: CLASSES,
    scale: 1 / 255,
    features: Uint8Array.from({ length: batch * WIDTH }, () => Math.floor(stream.uniform() * 256)),
    labels: Uint8Array.from({ length: batch }, () => Math.floor(stream.uniform() * CLASSES)),
  };
  const initial = mlp.initialise(MLP_LAYOUT, SEED);
  const part = (name: string) => {
    const tensor = MLP_LAYOUT.tensors.find((each) => each.name === name);
    if (tensor === undefined) throw new RangeError(`The MLP has no ${name}.`);
    return initial.slice(tensor.offset, tensor.offset + tensor.length);
  };
  const sizes = [WIDTH, ...MLP_OPTIONS.hidden, CLASSES];
  const layers = sizes.slice(1).map((outputs, at) => ({
    inputs: sizes[at] ?? 0,
    outputs,
    weight: part(`layers.${at}.weight`),
    bias: part(`layers.${at}.bias`),
  }));
  return { batch, learningRate: 0.01, data, layers, initial };
}

/** The batch as floats, for libraries that take nothing else. */
export function featuresOf({ data }: Task): Float32Array {
  return Float32Array.from(data.features, (byte) => byte * data.scale);
}

export function oneHotOf({ data, batch }: Task): Float32Array {
  const oneHot = new Float32Array(batch * CLASSES);
  data.labels.forEach((label, row) => {
    oneHot[row * CLASSES + label] = 1;
  });
  return oneHot;
}

/** [outputs, inputs] to [inputs, outputs], the layout the other libraries are at home with. */
export function transposed({ inputs, outputs, weight }: Layer): Float32Array {
  return Float32Array.from(
    { length: weight.length },
    (_, at) => weight[(at % outputs) * inputs + Math.floor(at / outputs)] ?? 0,
  );
}
