/** The step in jax-js on WebGPU, compiled by its `jit`. Operations consume their operands, hence `ref`. */
import {
  blockUntilReady,
  defaultDevice,
  init,
  type Array as Jax,
  jit,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
} from '@jax-js/jax';
import { featuresOf, oneHotOf, type Subject, type Task, transposed } from './subject.ts';

type Parameters = Readonly<Record<string, Jax>>;

function need(parameters: Parameters, name: string): Jax {
  const found = parameters[name];
  if (found === undefined) throw new RangeError(`There is no parameter ${name}.`);
  return found;
}

export async function jax(task: Task): Promise<Subject> {
  if (!(await init('webgpu')).includes('webgpu')) throw new Error('jax-js has no WebGPU backend here.');
  defaultDevice('webgpu');
  const depth = task.layers.length;
  const meanLoss = (parameters: Parameters, x: Jax, y: Jax): Jax => {
    let h = x;
    for (let at = 0; at < depth; at++) {
      const z = np.dot(h, need(parameters, `w${at}`)).add(need(parameters, `b${at}`));
      h = at < depth - 1 ? nn.relu(z) : z;
    }
    return np.sum(nn.logSoftmax(h).mul(y)).mul(-1 / task.batch);
  };
  const update = jit((parameters: Parameters, x: Jax, y: Jax): Parameters => {
    const [loss, gradient] = valueAndGrad(meanLoss)(tree.ref(parameters), x, y);
    const moved = Object.entries(parameters).map(
      ([name, value]) => [name, value.sub(need(gradient, name).mul(task.learningRate))] as const,
    );
    return { ...Object.fromEntries(moved), loss };
  });
  const evaluate = jit(meanLoss);
  const x = np.array(featuresOf(task)).reshape([task.batch, task.data.width]);
  const y = np.array(oneHotOf(task)).reshape([task.batch, task.data.classes]);
  let parameters: Parameters = Object.fromEntries(
    task.layers.flatMap((layer, at) => [
      [`w${at}`, np.array(transposed(layer)).reshape([layer.inputs, layer.outputs])],
      [`b${at}`, np.array(layer.bias)],
    ]),
  );
  return {
    name: 'jax-js',
    step: () => {
      const { loss, ...moved } = update(parameters, x.ref, y.ref);
      loss?.dispose();
      parameters = moved;
    },
    finish: async () => {
      await blockUntilReady(parameters);
    },
    loss: async () => {
      const [value = Number.NaN] = await evaluate(tree.ref(parameters), x.ref, y.ref).data();
      return value;
    },
    destroy: () => {
      for (const array of [x, y, ...Object.values(parameters)]) array.dispose();
    },
  };
}
