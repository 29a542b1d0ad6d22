/** The step in TensorFlow.js on its WebGPU backend, written as its documentation does. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-webgpu';
import { featuresOf, oneHotOf, type Subject, type Task, transposed } from './subject.ts';

export async function tensorflow(task: Task): Promise<Subject> {
  if (!(await tf.setBackend('webgpu'))) throw new Error('TensorFlow.js has no WebGPU backend here.');
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
    name: 'TensorFlow.js',
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
