/**
 * What a training step is, for whoever is compared: the same parameters, the same batch, plain SGD on the
 * model's softmax cross-entropy. Data and parameters are on the device before timing starts.
 */
import { completeOptions, type Options } from '../../../src/base/options.ts';
import type { HostDataset } from '../../../src/data/dataset.ts';
import { PURPOSE, randomStream } from '../../../src/math/random.ts';
import { gpt } from '../../../src/models/gpt.ts';
import { tensorOf } from '../../../src/models/layout.ts';
import { lenet } from '../../../src/models/lenet.ts';
import { mlp } from '../../../src/models/mlp.ts';
import type { Layout, ModelEntry } from '../../../src/models/model.ts';

export type ModelId = 'mlp' | 'lenet' | 'gpt';

export interface Task {
  readonly id: ModelId;
  readonly model: ModelEntry;
  readonly options: Options;
  readonly layout: Layout;
  readonly batch: number;
  readonly learningRate: number;
  /** `batch` rows; row numbers 0..batch-1 are the batch. */
  readonly data: HostDataset;
  readonly initial: Float32Array;
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

const PIXELS = 784;
const CLASSES = 10;
const CONTEXT = 64;
/** Printable ASCII and the end of a line: the lab's alphabet for text. */
const VOCABULARY = 97;
const SEED = 1;

const MODELS = {
  mlp: { model: mlp, given: { hidden: [128] } },
  lenet: { model: lenet, given: {} },
  gpt: { model: gpt, given: { layers: 2, heads: 4, width: 64 } },
} as const;

/** A batch of seeded noise: no loss to speak of, but the arithmetic of real data. */
export function makeTask(id: ModelId, batch: number): Task {
  const { model, given } = MODELS[id];
  const options = completeOptions('model', model.options, given);
  const data = id === 'gpt' ? windows(batch) : pictures(batch);
  const { width, classes } = data;
  const shape = { width, classes, ...(id === 'gpt' ? { tokens: true as const } : {}) };
  const layout = model.layout(options, shape);
  const initial = model.initialise(layout, SEED);
  return { id, model, options, layout, batch, learningRate: 0.01, data, initial };
}

function pictures(batch: number): HostDataset {
  const stream = randomStream(SEED, PURPOSE.simulation, 0, batch);
  return {
    rows: batch,
    width: PIXELS,
    classes: CLASSES,
    scale: 1 / 255,
    features: Uint8Array.from({ length: batch * PIXELS }, () => Math.floor(stream.uniform() * 256)),
    labels: Uint8Array.from({ length: batch }, () => Math.floor(stream.uniform() * CLASSES)),
  };
}

function windows(batch: number): HostDataset {
  const stream = randomStream(SEED, PURPOSE.simulation, 0, batch);
  const width = CONTEXT + 1;
  return {
    rows: batch,
    width,
    classes: VOCABULARY,
    scale: 1,
    features: Uint8Array.from({ length: batch * width }, () => Math.floor(stream.uniform() * VOCABULARY)),
    labels: new Uint8Array(batch),
  };
}

/** The batch as floats, for libraries that take nothing else. */
export function featuresOf({ data }: Task): Float32Array {
  return Float32Array.from(data.features, (byte) => byte * data.scale);
}

/** [rows, classes]: the labels of pictures; of text the tokens of every window but its first. */
export function oneHotOf({ data, id }: Task): Float32Array {
  const { classes, width } = data;
  const labels = id === 'gpt' ? [...data.features].filter((_, at) => at % width > 0) : [...data.labels];
  const oneHot = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => {
    oneHot[row * classes + label] = 1;
  });
  return oneHot;
}

/** Of every window of text all tokens but the last: what is read. */
export function tokensOf({ data: { features, width } }: Task): Int32Array {
  return Int32Array.from([...features].filter((_, at) => at % width < width - 1));
}

/** The initial values of a tensor, row-major in its shape. */
export function initialOf({ layout, initial }: Task, name: string) {
  const { shape, offset, length } = tensorOf(layout, name);
  return { shape, values: initial.slice(offset, offset + length) };
}

/** [shape[0], ..., shape[n]] row-major to the order of axes `order`. */
export function permuted(
  values: Float32Array,
  shape: readonly number[],
  order: readonly number[],
): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const sizes = order.map((axis) => shape[axis] ?? 0);
  return Float32Array.from(values, (_, place) => {
    let left = place;
    let from = 0;
    for (let axis = order.length - 1; axis >= 0; axis--) {
      const size = sizes[axis] ?? 1;
      from += (left % size) * (strides[order[axis] ?? 0] ?? 0);
      left = Math.floor(left / size);
    }
    return values[from] ?? Number.NaN;
  });
}
