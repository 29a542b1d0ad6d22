/**
 * The models in jax-js, written as its documentation does. Weights of dense layers lie as [inputs, outputs],
 * the layout that libraries are at home with; pictures have their channels first, as ours do.
 */
import { type Array as Jax, lax, nn, numpy as np } from '@jax-js/jax';
import { NORM_EPSILON } from '../../../src/compute/layer-norm.ts';
import { featuresOf, initialOf, permuted, type Task, tokensOf } from './subject.ts';

/** A parameter by its name in our layout; each is consumed by its one use. */
type Take = (name: string) => Jax;

export interface JaxModel {
  readonly parameters: Readonly<Record<string, Jax>>;
  readonly input: Jax;
  /** log softmax of the scores, [rows, classes]. */
  logScores(take: Take, x: Jax): Jax;
}

function parametersOf(task: Task): Record<string, Jax> {
  return Object.fromEntries(
    task.layout.tensors.map(({ name }) => {
      const { shape, values } = initialOf(task, name);
      const isEmbedding = name === 'tokens.weight' || name === 'positions.weight';
      if (shape.length !== 2 || isEmbedding) return [name, np.array(values).reshape(shape)] as const;
      return [name, np.array(permuted(values, shape, [1, 0])).reshape(shape.toReversed())] as const;
    }),
  );
}

const dense = (take: Take, name: string, x: Jax) =>
  np.dot(x, take(`${name}.weight`)).add(take(`${name}.bias`));

function mlp(task: Task): JaxModel {
  const depth = task.layout.tensors.length / 2;
  return {
    parameters: parametersOf(task),
    input: np.array(featuresOf(task)).reshape([task.batch, task.data.width]),
    logScores: (take, x) => {
      let h = x;
      for (let at = 0; at < depth; at++) {
        const z = dense(take, `layers.${at}`, h);
        h = at < depth - 1 ? nn.relu(z) : z;
      }
      return nn.logSoftmax(h);
    },
  };
}

/** Our LeNet names its layers by their places; what has parameters are two convolutions and two dense ones. */
function lenet(task: Task): JaxModel {
  const names = task.layout.tensors.map(({ name }) => name);
  const paths = names.filter((_, at) => at % 2 === 0).map((name) => name.replace(/\.weight$/, ''));
  const [first = '', second = '', third = '', fourth = ''] = paths;
  const side = Math.sqrt(task.data.width);
  const stage = (take: Take, path: string, x: Jax) => {
    const bias = take(`${path}.bias`).reshape([1, -1, 1, 1]);
    const maps = lax.conv(x, take(`${path}.weight`), [1, 1], 'VALID').add(bias);
    return lax.reduceWindow(nn.relu(maps), np.max, [2, 2], [2, 2]);
  };
  return {
    parameters: parametersOf(task),
    input: np.array(featuresOf(task)).reshape([task.batch, 1, side, side]),
    logScores: (take, x) => {
      const maps = stage(take, second, stage(take, first, x)).reshape([task.batch, -1]);
      return nn.logSoftmax(dense(take, fourth, nn.relu(dense(take, third, maps))));
    },
  };
}

function gpt(task: Task): JaxModel {
  const { batch, data, layout, options } = task;
  const context = data.width - 1;
  const heads = Number(options.heads);
  const [, width = 0] = initialOf(task, 'tokens.weight').shape;
  const layers = layout.tensors.filter(({ name }) => name.endsWith('.norm1.gain')).length;
  const places = batch * context;
  const norm = (take: Take, path: string, x: Jax) =>
    nn
      .standardize(x, -1, { epsilon: NORM_EPSILON })
      .mul(take(`${path}.gain`))
      .add(take(`${path}.bias`));
  const attend = (qkv: Jax) => {
    const parts = np.split(qkv.reshape([batch, context, 3, heads, width / heads]), 3, 2);
    const [q, k, v] = parts.map((part) => part.reshape([batch, context, heads, width / heads]));
    if (!q || !k || !v) throw new RangeError('There are three parts.');
    return nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([places, width]);
  };
  return {
    parameters: parametersOf(task),
    input: np.array(tokensOf(task), { dtype: np.int32 }).reshape([batch, context]),
    logScores: (take, x) => {
      let h = np.take(take('tokens.weight'), x, 0).add(take('positions.weight')).reshape([places, width]);
      for (let layer = 0; layer < layers; layer++) {
        const path = `blocks.${layer}`;
        const mixed = attend(dense(take, `${path}.attention`, norm(take, `${path}.norm1`, h.ref)));
        h = h.add(dense(take, `${path}.projection`, mixed));
        const wide = nn.gelu(dense(take, `${path}.expansion`, norm(take, `${path}.norm2`, h.ref)));
        h = h.add(dense(take, `${path}.contraction`, wide));
      }
      return nn.logSoftmax(np.dot(norm(take, 'norm', h), take('head.weight')));
    },
  };
}

export const JAX_MODELS = { mlp, lenet, gpt };
