/**
 * The few functions of the compared libraries that the benchmarks call, as their own declarations give
 * them. The libraries are fetched when a benchmark runs (`peers.ts`) and are no dependencies of the lab.
 */
declare module '@jax-js/jax' {
  /** Operations consume their operands; `ref` keeps one for another use. */
  export interface Array {
    readonly ref: this;
    add(other: Array): Array;
    sub(other: Array): Array;
    mul(other: Array | number): Array;
    /** -1 once: what is left. */
    reshape(shape: readonly number[]): Array;
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  export type Tree = Readonly<Record<string, Array>>;
  export function init(...devices: readonly 'webgpu'[]): Promise<readonly string[]>;
  export function defaultDevice(device: 'webgpu'): string;
  export function getWebGPUDevice(): GPUDevice;
  export function blockUntilReady<T extends Tree>(value: T): Promise<T>;
  export function jit<Rest extends readonly unknown[], Result>(
    f: (...args: Rest) => Result,
  ): (...args: Rest) => Result;
  export function valueAndGrad<T extends Tree>(
    f: (parameters: T, x: Array, y: Array) => Array,
  ): (parameters: T, x: Array, y: Array) => [Array, T];
  export const numpy: {
    array(values: Float32Array): Array;
    array(values: Int32Array, options: { readonly dtype: 'int32' }): Array;
    dot(a: Array, b: Array): Array;
    max(a: Array): Array;
    split(a: Array, sections: number, axis: number): readonly Array[];
    sum(a: Array): Array;
    take(a: Array, indices: Array, axis: number): Array;
    readonly int32: 'int32';
  };
  export const nn: {
    dotProductAttention(q: Array, k: Array, v: Array, options: { readonly isCausal: boolean }): Array;
    /** By tanh. */
    gelu(x: Array): Array;
    relu(x: Array): Array;
    logSoftmax(x: Array): Array;
    standardize(x: Array, axis: number, options: { readonly epsilon: number }): Array;
  };
  export const lax: {
    conv(x: Array, filters: Array, strides: readonly number[], padding: 'VALID'): Array;
    reduceWindow(
      x: Array,
      reduce: (window: Array) => Array,
      window: readonly number[],
      strides: readonly number[],
    ): Array;
  };
  export const tree: { ref<T extends Tree>(value: T): T };
}

declare module '@tensorflow/tfjs-core' {
  export interface Tensor {
    data(): Promise<Float32Array>;
    dispose(): void;
  }
  export interface Variable extends Tensor {
    readonly trainable: boolean;
  }
  export function setBackend(name: 'webgpu' | 'wasm' | 'cpu'): Promise<boolean>;
  export function ready(): Promise<void>;
  export function tensor1d(values: Float32Array): Tensor;
  export function tensor1d(values: Int32Array, dtype: 'int32'): Tensor;
  export function tensor2d(values: Float32Array, shape: readonly [number, number]): Tensor;
  export function tensor4d(values: Float32Array, shape: readonly [number, number, number, number]): Tensor;
  export function variable(initial: Tensor): Variable;
  export function matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  export function slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  export function add(a: Tensor, b: Tensor | number): Tensor;
  export function sub(a: Tensor, b: Tensor): Tensor;
  export function mul(a: Tensor, b: Tensor | number): Tensor;
  export function rsqrt(x: Tensor): Tensor;
  export function tanh(x: Tensor): Tensor;
  export function softmax(x: Tensor): Tensor;
  export function moments(x: Tensor, axis: number, keepDims: boolean): Record<'mean' | 'variance', Tensor>;
  export function gather(x: Tensor, indices: Tensor): Tensor;
  export function split(x: Tensor, parts: number, axis: number): readonly Tensor[];
  export function transpose(x: Tensor, order: readonly number[]): Tensor;
  export function relu(x: Tensor): Tensor;
  export function reshape(x: Tensor, shape: readonly number[]): Tensor;
  export function conv2d(x: Tensor, filter: Tensor, strides: number, pad: 'valid'): Tensor;
  export function maxPool(x: Tensor, size: number, strides: number, pad: 'valid'): Tensor;
  export function tidy<T>(f: () => T): T;
  export const losses: { softmaxCrossEntropy(oneHot: Tensor, logits: Tensor): Tensor };
  export const train: {
    sgd(learningRate: number): { minimize(f: () => Tensor, returnCost: false, variables: Variable[]): null };
  };
}
declare module '@tensorflow/tfjs-core/dist/register_all_gradients';
declare module '@tensorflow/tfjs-backend-webgpu';
declare module '@tensorflow/tfjs-backend-cpu';
declare module '@tensorflow/tfjs-backend-wasm' {
  export function setWasmPaths(paths: Readonly<Record<string, string>>): void;
  export function getThreadsCount(): number;
}
