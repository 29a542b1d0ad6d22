/**
 * Products of square matrices, ours in both families against other libraries, in turns on one adapter. All
 * operands lie on the device before the clock runs; results stay there.
 */
import { blockUntilReady, defaultDevice, init, type Array as Jax, jit, numpy as np } from '@jax-js/jax';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu';
import type { ProductFamily } from '../../../src/compute/webgpu/families.ts';
import { createWebGpuCompute } from '../../../src/compute/webgpu/index.ts';
import { PURPOSE, randomStream } from '../../../src/math/random.ts';
import { onnxProduct } from './onnx.ts';
import { measurePeaks } from './probe.ts';
import { type Course, race } from './race.ts';
import type { Subject } from './subject.ts';
import { select } from './tensorflow.ts';

export interface ProductTimes {
  readonly adapter: string;
  /** The family that our tuning takes for this size here. */
  readonly chosen: ProductFamily;
  /** Milliseconds a product by subject: `direct` and `tiled` are ours. */
  readonly milliseconds: Readonly<Record<string, number>>;
  /** A weighted sum of the result by subject, over its size. */
  readonly check: Readonly<Record<string, number>>;
  /** GFLOP/s that this adapter reaches out of registers. */
  readonly peak: number;
}

/** Operands, and the weights of the check: seeded noise. */
interface Task {
  readonly n: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly weights: Float32Array;
}

function makeProductTask(n: number): Task {
  const stream = randomStream(1, PURPOSE.simulation, 0, n);
  const noise = () => Float32Array.from({ length: n * n }, () => stream.uniform() * 2 - 1);
  return { n, a: noise(), b: noise(), weights: noise() };
}

/** Of the order of one, whatever n. */
function checkOf({ n, weights }: Task, result: Float32Array): number {
  if (result.length !== n * n) throw new RangeError(`A product of ${n} x ${n} has ${result.length} numbers.`);
  return result.reduce((sum, value, at) => sum + value * (weights[at] ?? 0), 0) / n ** 1.5;
}

async function ours(family: ProductFamily, task: Task): Promise<Subject> {
  const { n } = task;
  const compute = await createWebGpuCompute(undefined, { products: { small: family, large: family } });
  const [dest, a, b] = [0, 1, 2].map(() => compute.vector(n * n));
  if (!dest || !a || !b) throw new RangeError('There are three matrices.');
  compute.upload(a, task.a);
  compute.upload(b, task.b);
  const whole = {
    dest: { vector: dest, offset: 0 },
    a: { vector: a, offset: 0 },
    b: { vector: b, offset: 0 },
  };
  return {
    name: family,
    step: () => {
      compute.matrices.multiply(whole.dest, whole.a, whole.b, { m: n, k: n, n });
      compute.submit();
    },
    finish: () => compute.finish(),
    loss: async () => checkOf(task, await compute.read(dest)),
    destroy: () => compute.destroy(),
  };
}

async function jaxProduct(task: Task): Promise<Subject> {
  if (!(await init('webgpu')).includes('webgpu')) throw new Error('jax-js has no WebGPU backend here.');
  defaultDevice('webgpu');
  const multiply = jit((a: Jax, b: Jax): Jax => np.dot(a, b));
  const [a, b] = [task.a, task.b].map((values) => np.array(values).reshape([task.n, task.n]));
  if (!a || !b) throw new RangeError('There are two operands.');
  let last = multiply(a.ref, b.ref);
  // Kept until they are done: jax-js is lazy, and leaves out what nobody holds any more.
  let pending: Jax[] = [];
  return {
    name: 'jax-js',
    step: () => {
      pending.push(multiply(a.ref, b.ref));
    },
    finish: async () => {
      await blockUntilReady(Object.fromEntries(pending.map((result, at) => [`c${at}`, result])));
      for (const done of [last, ...pending.slice(0, -1)]) done.dispose();
      last = pending.at(-1) ?? last;
      pending = [];
    },
    loss: async () => checkOf(task, await last.ref.data()),
    destroy: () => {
      for (const array of [a, b, last]) array.dispose();
    },
  };
}

async function tensorflowProduct(task: Task): Promise<Subject> {
  await select('webgpu');
  await tf.ready();
  const { n } = task;
  const a = tf.tensor2d(task.a, [n, n]);
  const b = tf.tensor2d(task.b, [n, n]);
  let last = tf.matMul(a, b);
  return {
    name: 'TensorFlow.js',
    step: () => {
      last.dispose();
      last = tf.matMul(a, b);
    },
    finish: async () => {
      // One number of the result: its library has no other way to wait.
      const corner = tf.slice(last, [0, 0], [1, 1]);
      await corner.data();
      corner.dispose();
    },
    loss: async () => checkOf(task, await last.data()),
    destroy: () => {
      for (const tensor of [a, b, last]) tensor.dispose();
    },
  };
}

async function onnxSubject(task: Task): Promise<Subject> {
  const product = await onnxProduct(task.n, task.a, task.b);
  let pending = Promise.resolve();
  return {
    name: `onnxruntime-web ${product.provider}${product.provider === 'wasm' ? ', one thread' : ''}`,
    step: () => {
      pending = pending.then(() => product.run());
    },
    finish: async () => {
      await pending;
      await product.finish();
    },
    loss: async () => checkOf(task, await product.read()),
    destroy: () => void product.destroy(),
  };
}

export async function measureProducts(n: number, course: Course): Promise<ProductTimes> {
  const task = makeProductTask(n);
  const chooser = await createWebGpuCompute();
  const { adapter, products } = chooser;
  const { gigaflops: peak } = await measurePeaks(chooser.device);
  const subjects = [
    await ours('direct', task),
    await ours('tiled', task),
    await jaxProduct(task),
    await tensorflowProduct(task),
    await onnxSubject(task),
  ];
  const { step, loss } = await race(
    subjects.map((subject) => ({ subject })),
    course,
  );
  for (const subject of subjects) subject.destroy();
  chooser.destroy();
  return { adapter, chosen: products.large, milliseconds: step, check: loss, peak };
}
