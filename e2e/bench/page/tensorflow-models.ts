/**
 * The models in TensorFlow.js core operations. Weights of dense layers lie as [inputs, outputs]; pictures
 * have their channels last (its convolutions run only so), with the parameters laid out to match.
 */
import * as tf from '@tensorflow/tfjs-core';
import { NORM_EPSILON } from '../../../src/compute/layer-norm.ts';
import { featuresOf, initialOf, permuted, type Task, tokensOf } from './subject.ts';

export interface TensorflowModel {
  readonly variables: tf.Variable[];
  /** Scores of the batch, [rows, classes]. */
  scores(): tf.Tensor;
}

const KERNEL = 5;

class Parameters {
  readonly variables: tf.Variable[] = [];
  readonly #task: Task;

  constructor(task: Task) {
    this.#task = task;
  }

  vector(name: string): tf.Variable {
    return this.#keep(tf.tensor1d(initialOf(this.#task, name).values));
  }

  /** As it lies. */
  matrix(name: string): tf.Variable {
    const { shape, values } = initialOf(this.#task, name);
    const [rows = 0, columns = 0] = shape;
    return this.#keep(tf.tensor2d(values, [rows, columns]));
  }

  /** [outputs, inputs] as [inputs, outputs]. */
  weight(name: string): tf.Variable {
    const { shape, values } = initialOf(this.#task, name);
    const [outputs = 0, inputs = 0] = shape;
    return this.#keep(tf.tensor2d(permuted(values, shape, [1, 0]), [inputs, outputs]));
  }

  /** [outputs, channels · side · side] as [side · side · channels, outputs]. */
  weightOfMaps(name: string, channels: number): tf.Variable {
    const { shape, values } = initialOf(this.#task, name);
    const [outputs = 0, inputs = 0] = shape;
    const side = Math.sqrt(inputs / channels);
    const turned = permuted(values, [outputs, channels, side, side], [2, 3, 1, 0]);
    return this.#keep(tf.tensor2d(turned, [inputs, outputs]));
  }

  /** [filters, channels, 5, 5] as [5, 5, channels, filters]. */
  filter(name: string): tf.Variable {
    const { shape, values } = initialOf(this.#task, name);
    const [filters = 0, channels = 0] = shape;
    const turned = permuted(values, shape, [2, 3, 1, 0]);
    return this.#keep(tf.tensor4d(turned, [KERNEL, KERNEL, channels, filters]));
  }

  dense(path: string): (x: tf.Tensor) => tf.Tensor {
    const weight = this.weight(`${path}.weight`);
    const bias = this.vector(`${path}.bias`);
    return (x) => tf.add(tf.matMul(x, weight), bias);
  }

  #keep(initial: tf.Tensor): tf.Variable {
    const variable = tf.variable(initial);
    this.variables.push(variable);
    return variable;
  }
}

function mlp(task: Task): TensorflowModel {
  const parameters = new Parameters(task);
  const x = tf.tensor2d(featuresOf(task), [task.batch, task.data.width]);
  const layers = Array.from({ length: task.layout.tensors.length / 2 }, (_, at) =>
    parameters.dense(`layers.${at}`),
  );
  return {
    variables: parameters.variables,
    scores: () => layers.reduce<tf.Tensor>((h, layer, at) => layer(at === 0 ? h : tf.relu(h)), x),
  };
}

function lenet(task: Task): TensorflowModel {
  const parameters = new Parameters(task);
  const names = task.layout.tensors.map(({ name }) => name);
  const paths = names.filter((_, at) => at % 2 === 0).map((name) => name.replace(/\.weight$/, ''));
  const [first = '', second = '', third = '', fourth = ''] = paths;
  const side = Math.sqrt(task.data.width);
  const [channels = 0] = initialOf(task, `${second}.bias`).shape;
  const stage = (path: string) => {
    const filter = parameters.filter(`${path}.weight`);
    const bias = parameters.vector(`${path}.bias`);
    return (maps: tf.Tensor) =>
      tf.maxPool(tf.relu(tf.add(tf.conv2d(maps, filter, 1, 'valid'), bias)), 2, 2, 'valid');
  };
  const stages = [stage(first), stage(second)];
  const weight = parameters.weightOfMaps(`${third}.weight`, channels);
  const bias = parameters.vector(`${third}.bias`);
  const last = parameters.dense(fourth);
  const x = tf.tensor4d(featuresOf(task), [task.batch, side, side, 1]);
  return {
    variables: parameters.variables,
    scores: () => {
      const maps = stages.reduce<tf.Tensor>((input, each) => each(input), x);
      const flat = tf.reshape(maps, [task.batch, -1]);
      return last(tf.relu(tf.add(tf.matMul(flat, weight), bias)));
    },
  };
}

/** GPT-2's form of GELU, by tanh. */
function gelu(x: tf.Tensor): tf.Tensor {
  const cubed = tf.mul(tf.mul(x, x), x);
  const inner = tf.mul(tf.add(x, tf.mul(cubed, 0.044715)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}

function gpt(task: Task): TensorflowModel {
  const { batch, data, layout, options } = task;
  const parameters = new Parameters(task);
  const context = data.width - 1;
  const heads = Number(options.heads);
  const [, width = 0] = initialOf(task, 'tokens.weight').shape;
  const size = width / heads;
  const layers = layout.tensors.filter(({ name }) => name.endsWith('.norm1.gain')).length;
  const tokens = tf.tensor1d(tokensOf(task), 'int32');
  // What a place may not look at gets so low a score that its share is 0.
  const future = Float32Array.from({ length: context ** 2 }, (_, at) =>
    at % context > Math.floor(at / context) ? -1e9 : 0,
  );
  const mask = tf.tensor2d(future, [context, context]);
  const norm = (path: string) => {
    const gain = parameters.vector(`${path}.gain`);
    const bias = parameters.vector(`${path}.bias`);
    return (x: tf.Tensor) => {
      const { mean, variance } = tf.moments(x, -1, true);
      const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, NORM_EPSILON)));
      return tf.add(tf.mul(normal, gain), bias);
    };
  };
  const attend = (qkv: tf.Tensor) => {
    const parts = tf.split(tf.reshape(qkv, [batch, context, 3, heads, size]), 3, 2);
    const [q, k, v] = parts.map((part) =>
      tf.transpose(tf.reshape(part, [batch, context, heads, size]), [0, 2, 1, 3]),
    );
    if (!q || !k || !v) throw new RangeError('There are three parts.');
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(size)), mask);
    return tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]), [batch * context, width]);
  };
  const table = parameters.matrix('tokens.weight');
  const positions = parameters.matrix('positions.weight');
  const blocks = Array.from({ length: layers }, (_, layer) => {
    const path = `blocks.${layer}`;
    const dense = (name: string) => parameters.dense(`${path}.${name}`);
    const [norm1, norm2] = [norm(`${path}.norm1`), norm(`${path}.norm2`)];
    const [attention, projection] = [dense('attention'), dense('projection')];
    const [expansion, contraction] = [dense('expansion'), dense('contraction')];
    return (x: tf.Tensor) => {
      const y = tf.add(x, projection(attend(attention(norm1(x)))));
      return tf.add(y, contraction(gelu(expansion(norm2(y)))));
    };
  });
  const lastNorm = norm('norm');
  const head = parameters.weight('head.weight');
  return {
    variables: parameters.variables,
    scores: () => {
      const read = tf.reshape(tf.gather(table, tokens), [batch, context, width]);
      const stream = tf.reshape(tf.add(read, positions), [batch * context, width]);
      return tf.matMul(lastNorm(blocks.reduce((h, block) => block(h), stream)), head);
    },
  };
}

export const TENSORFLOW_MODELS = { mlp, lenet, gpt };
