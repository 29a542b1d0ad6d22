/** The step in TensorFlow.js, written as its documentation does, on a backend that has been imported. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-webgpu';
import { featuresOf, oneHotOf, type Subject, type Task, transposed } from './subject.ts';

export type TensorflowBackend = 'webgpu' | 'wasm' | 'cpu';

/** Makes `backend` the one that computes from now on: TensorFlow.js has one at a time. */
export async function select(backend: TensorflowBackend): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no ${backend} backend here.`);
}

export async function tensorflow(task: Task, backend: TensorflowBackend = 'webgpu'): Promise<Subject> {
  await select(backend);
  await tf.ready();
  const x = tf.tensor2d(featuresOf(task), [task.batch, task.data.width]);
  const y = tf.tensor2d(oneHotOf(task), [task.batch, task.data.classes]);
  const layers = task.layers.map((layer) => ({
    weight: tf.variable(tf.tensor2d(transposed(layer), [layer.inputs, layer.outputs])),
    bias: tf.variable(tf.tensor1d(layer.bias)),
  }));
  const variables = layers.flatMap(({ weight, bias }) => [weight, bias]);
  const loss = () => {
    let h: tf.Tensor = x;
    layers.forEach(({ weight, bias }, at) => {
      const z = tf.add(tf.matMul(h, weight), bias);
      h = at < layers.length - 1 ? tf.relu(z) : z;
    });
    return tf.losses.softmaxCrossEntropy(y, h);
  };
  const optimizer = tf.train.sgd(task.learningRate);
  const last = layers.at(-1);
  return {
    name: backend === 'webgpu' ? 'TensorFlow.js' : `TensorFlow.js ${backend}`,
    step: () => {
      optimizer.minimize(loss, false, variables);
    },
    finish: async () => {
      await last?.bias.data();
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
