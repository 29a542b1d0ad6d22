/** The step in jax-js on WebGPU, compiled by its `jit`. Operations consume their operands, hence `ref`. */
import {
  blockUntilReady,
  defaultDevice,
  init,
  type Array as Jax,
  jit,
  numpy as np,
  tree,
  valueAndGrad,
} from '@jax-js/jax';
import { JAX_MODELS } from './jax-models.ts';
import { oneHotOf, type Subject, type Task } from './subject.ts';

type Parameters = Readonly<Record<string, Jax>>;

function need(parameters: Parameters, name: string): Jax {
  const found = parameters[name];
  if (found === undefined) throw new RangeError(`There is no parameter ${name}.`);
  return found;
}

export async function jax(task: Task): Promise<Subject> {
  if (!(await init('webgpu')).includes('webgpu')) throw new Error('jax-js has no WebGPU backend here.');
  defaultDevice('webgpu');
  const model = JAX_MODELS[task.id](task);
  const rows = oneHotOf(task).length / task.data.classes;
  const meanLoss = (parameters: Parameters, x: Jax, y: Jax): Jax =>
    np.sum(model.logScores((name) => need(parameters, name), x).mul(y)).mul(-1 / rows);
  const update = jit((parameters: Parameters, x: Jax, y: Jax): Parameters => {
    const [loss, gradient] = valueAndGrad(meanLoss)(tree.ref(parameters), x, y);
    const moved = Object.entries(parameters).map(
      ([name, value]) => [name, value.sub(need(gradient, name).mul(task.learningRate))] as const,
    );
    return { ...Object.fromEntries(moved), loss };
  });
  const evaluate = jit(meanLoss);
  const { input: x } = model;
  const y = np.array(oneHotOf(task)).reshape([rows, task.data.classes]);
  let parameters: Parameters = model.parameters;
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
