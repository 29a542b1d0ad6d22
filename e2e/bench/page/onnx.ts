/**
 * A matrix product in onnxruntime-web: a model of one operation, on its WebGPU execution provider with
 * operands and result in device memory, or on its wasm provider where that one cannot be had.
 */

import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import * as ort from 'onnxruntime-web/webgpu';
import { writeOnnx } from '../../../src/models/onnx-format.ts';

export interface OnnxProduct {
  readonly provider: 'webgpu' | 'wasm';
  /** One product; resolves when it has been handed over. */
  run(): Promise<void>;
  finish(): Promise<void>;
  /** The last result. */
  read(): Promise<Float32Array>;
  destroy(): Promise<void>;
}

function model(n: number): Uint8Array<ArrayBuffer> {
  const matrix = (name: string) => ({ name, width: n, about: 'a matrix' });
  return writeOnnx({
    name: 'product',
    about: 'c = a b',
    nodes: [{ operation: 'MatMul', inputs: ['a', 'b'], output: 'c', attributes: {} }],
    constants: [],
    inputs: [matrix('a'), matrix('b')],
    outputs: [matrix('c')],
    metadata: {},
  });
}

function floats(data: ort.Tensor.DataType): Float32Array {
  if (!(data instanceof Float32Array)) throw new TypeError('A product of floats is floats.');
  return data;
}

/** c = a b of n x n matrices. */
export async function onnxProduct(n: number, a: Float32Array, b: Float32Array): Promise<OnnxProduct> {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { wasm };
  ort.env.logLevel = 'error';
  try {
    return await onWebGpu(n, a, b);
  } catch {
    return onWasm(n, a, b);
  }
}

async function onWebGpu(n: number, a: Float32Array, b: Float32Array): Promise<OnnxProduct> {
  const session = await ort.InferenceSession.create(model(n), {
    executionProviders: ['webgpu'],
    preferredOutputLocation: 'gpu-buffer',
  });
  const device = await ort.env.webgpu.device;
  const upload = (values: Float32Array) => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: values.byteLength, usage, mappedAtCreation: true });
    new Float32Array(buffer.getMappedRange()).set(values);
    buffer.unmap();
    return { buffer, tensor: ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: [n, n] }) };
  };
  const [left, right] = [upload(a), upload(b)];
  let last: ort.Tensor | null = null;
  const run = async () => {
    const { c } = await session.run({ a: left.tensor, b: right.tensor });
    if (c === undefined) throw new Error('The model gave no result.');
    last?.dispose();
    last = c;
  };
  return {
    provider: 'webgpu',
    run,
    finish: () => device.queue.onSubmittedWorkDone(),
    read: async () => {
      const data = await last?.getData();
      if (data === undefined) throw new Error('There is no result yet.');
      return floats(data);
    },
    destroy: async () => {
      last?.dispose();
      await session.release();
      left.buffer.destroy();
      right.buffer.destroy();
    },
  };
}

async function onWasm(n: number, a: Float32Array, b: Float32Array): Promise<OnnxProduct> {
  const session = await ort.InferenceSession.create(model(n), { executionProviders: ['wasm'] });
  const operands = {
    a: new ort.Tensor('float32', a, [n, n]),
    b: new ort.Tensor('float32', b, [n, n]),
  };
  let last = new Float32Array(0);
  return {
    provider: 'wasm',
    run: async () => {
      const { c } = await session.run(operands);
      if (c === undefined) throw new Error('The model gave no result.');
      last = new Float32Array(floats(c.data));
    },
    finish: () => Promise.resolve(),
    read: () => Promise.resolve(last),
    destroy: () => session.release(),
  };
}
