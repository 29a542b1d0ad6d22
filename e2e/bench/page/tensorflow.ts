/** The step in TensorFlow.js, written as its documentation does, on a backend that has been imported. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-webgpu';
import { oneHotOf, type Subject, type Task } from './subject.ts';
import { TENSORFLOW_MODELS } from './tensorflow-models.ts';

export type TensorflowBackend = 'webgpu' | 'wasm' | 'cpu';

/** Makes `backend` the one that computes from now on: TensorFlow.js has one at a time. */
export async function select(backend: TensorflowBackend): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no ${backend} backend here.`);
}

export async function tensorflow(task: Task, backend: TensorflowBackend = 'webgpu'): Promise<Subject> {
  await select(backend);
  await tf.ready();
  const { variables, scores } = TENSORFLOW_MODELS[task.id](task);
  const { classes } = task.data;
  const oneHot = oneHotOf(task);
  const y = tf.tensor2d(oneHot, [oneHot.length / classes, classes]);
  const loss = () => tf.losses.softmaxCrossEntropy(y, scores());
  const optimizer = tf.train.sgd(task.learningRate);
  const last = variables.at(-1);
  return {
    name: backend === 'webgpu' ? 'TensorFlow.js' : `TensorFlow.js ${backend}`,
    step: () => {
      optimizer.minimize(loss, false, variables);
    },
    finish: async () => {
      await last?.data();
    },
    loss: async () => {
      const value = tf.tidy(loss);
      const [number = Number.NaN] = await value.data();
      value.dispose();
      return number;
    },
    destroy: () => {
      for (const tensor of [y, ...variables]) tensor.dispose();
    },
  };
}
