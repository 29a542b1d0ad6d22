/**
 * LeNet for the comparison without a GPU: our step, and the same in TensorFlow.js, whose pictures have
 * their channels last (its convolutions run only so), with the parameters laid out to match.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Compute } from '../../../src/compute/compute.ts';
import { lenet } from '../../../src/models/lenet.ts';
import { featuresOf, makeTask, oneHotOf, type Subject, type Task } from './subject.ts';
import { select, type TensorflowBackend } from './tensorflow.ts';

const OPTIONS = { filters: [8, 16], pool: 'max', hidden: 120 };
const LAYOUT = lenet.layout(OPTIONS, { width: 784, classes: 10 });
const SIDE = 28;
const KERNEL = 5;
const SEED = 1;

/** The batch of the MLP's task; its parameters are of no use here. */
export function lenetTask(batch: number): Task {
  return { ...makeTask(batch), initial: lenet.initialise(LAYOUT, SEED) };
}

export function ourLenet(compute: Compute, task: Task): Subject {
  const program = lenet.program(compute, LAYOUT, OPTIONS, task.batch);
  const data = compute.dataset(task.data);
  const rows = Uint32Array.from({ length: task.batch }, (_, row) => row);
  const x = compute.vector(LAYOUT.length);
  const gradient = compute.vector(LAYOUT.length);
  const losses = compute.vector(2);
  compute.upload(x, task.initial);
  return {
    name: compute.adapter,
    step: () => {
      program.gradient(x, data, rows, gradient, losses, 0);
      compute.linear(x, [
        [1, x],
        [-task.learningRate, gradient],
      ]);
      compute.submit();
    },
    finish: () => compute.finish(),
    loss: async () => (await program.evaluate(x, data, rows)).loss,
    destroy: () => {
      program.destroy();
      compute.free(data, x, gradient, losses);
    },
  };
}

/** [shape[0], ..., shape[n]] row-major to the order of axes `order`. */
function permuted(values: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
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

export async function tensorflowLenet(task: Task, backend: TensorflowBackend): Promise<Subject> {
  await select(backend);
  const { batch } = task;
  const [first = 0, second = 0] = OPTIONS.filters;
  // What two convolutions with pooling leave of a side.
  const side = ((SIDE - KERNEL + 1) / 2 - KERNEL + 1) / 2;
  const tensors = LAYOUT.tensors.map(({ offset, length }) => task.initial.slice(offset, offset + length));
  const [w1, b1, w2, b2, w3, b3, w4, b4] = tensors.map((values, at) => {
    if (at % 2 === 1) return tf.variable(tf.tensor1d(values));
    if (at === 0) return filterOf(values, first, 1);
    if (at === 2) return filterOf(values, second, first);
    if (at === 4) {
      const shape = [OPTIONS.hidden, second, side, side];
      const rows = side * side * second;
      return tf.variable(tf.tensor2d(permuted(values, shape, [2, 3, 1, 0]), [rows, OPTIONS.hidden]));
    }
    return tf.variable(tf.tensor2d(permuted(values, [10, OPTIONS.hidden], [1, 0]), [OPTIONS.hidden, 10]));
  });
  if (!w1 || !b1 || !w2 || !b2 || !w3 || !b3 || !w4 || !b4) throw new RangeError('LeNet has four layers.');
  const variables = [w1, b1, w2, b2, w3, b3, w4, b4];
  const x = tf.tensor4d(featuresOf(task), [batch, SIDE, SIDE, 1]);
  const y = tf.tensor2d(oneHotOf(task), [batch, task.data.classes]);
  const stage = (input: tf.Tensor, filter: tf.Variable, bias: tf.Variable) =>
    tf.maxPool(tf.relu(tf.add(tf.conv2d(input, filter, 1, 'valid'), bias)), 2, 2, 'valid');
  const loss = () => {
    const maps = stage(stage(x, w1, b1), w2, b2);
    const flat = tf.reshape(maps, [batch, side * side * second]);
    const hidden = tf.relu(tf.add(tf.matMul(flat, w3), b3));
    return tf.losses.softmaxCrossEntropy(y, tf.add(tf.matMul(hidden, w4), b4));
  };
  const optimizer = tf.train.sgd(task.learningRate);
  return {
    name: `TensorFlow.js ${backend}`,
    step: () => {
      optimizer.minimize(loss, false, variables);
    },
    finish: async () => {
      await b4.data();
    },
    loss: async () => {
      const value = tf.tidy(loss);
      const [number = Number.NaN] = await value.data();
      value.dispose();
      return number;
    },
    destroy: () => {
      for (const tensor of [x, y, ...variables]) tensor.dispose();
    },
  };
}

function filterOf(values: Float32Array, filters: number, channels: number): tf.Variable {
  const shape = [filters, channels, KERNEL, KERNEL];
  return tf.variable(tf.tensor4d(permuted(values, shape, [2, 3, 1, 0]), [KERNEL, KERNEL, channels, filters]));
}
