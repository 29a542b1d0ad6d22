/**
 * The list of kernels: which entry point of which file in `shaders/`, and how its buffers are bound.
 *
 * Every kernel has one bind group: binding 0 is its block of parameters, a uniform with a dynamic offset
 * (u32 fields first, then f32 fields); bindings 1, 2, ... are storage buffers in the order of `storage`.
 * What every run needs (`CORE`) is compiled asynchronously before the first step; the kernels of a group
 * that a run may never use (`LATER`) are compiled at their first use. What a compiler says is kept.
 */
import chunkMeans from '../../../shaders/chunk-means.wgsl?raw';
import denseBiasGradient from '../../../shaders/dense-bias-gradient.wgsl?raw';
import denseForward from '../../../shaders/dense-forward.wgsl?raw';
import denseInputGradient from '../../../shaders/dense-input-gradient.wgsl?raw';
import denseWeightGradient from '../../../shaders/dense-weight-gradient.wgsl?raw';
import gatherFloatRows from '../../../shaders/gather-float-rows.wgsl?raw';
import gatherRows from '../../../shaders/gather-rows.wgsl?raw';
import linear from '../../../shaders/linear.wgsl?raw';
import scatter from '../../../shaders/scatter.wgsl?raw';
import signPack from '../../../shaders/sign-pack.wgsl?raw';
import signPackMeans from '../../../shaders/sign-pack-means.wgsl?raw';
import signUnpack from '../../../shaders/sign-unpack.wgsl?raw';
import sketch from '../../../shaders/sketch.wgsl?raw';
import softmaxCrossEntropy from '../../../shaders/softmax-cross-entropy.wgsl?raw';
import squaredDistance from '../../../shaders/squared-distance.wgsl?raw';
import topKBound from '../../../shaders/top-k-bound.wgsl?raw';
import topKCollect from '../../../shaders/top-k-collect.wgsl?raw';
import topKCompact from '../../../shaders/top-k-compact.wgsl?raw';
import topKSelect from '../../../shaders/top-k-select.wgsl?raw';
import { ACTIVATION_KERNELS } from './activation.ts';
import { ATTENTION_KERNELS } from './attention.ts';
import { CONVOLUTION_KERNELS } from './convolution.ts';
import { WebGpuUnavailableError } from './device.ts';
import { EMBEDDING_KERNELS } from './embedding.ts';
import { LAYER_NORM_KERNELS } from './layer-norm.ts';
import { MATRIX_KERNELS } from './matrices.ts';
import { NORMALISATION_KERNELS } from './normalisation.ts';
import { OPTIMIZATION_KERNELS } from './optimization.ts';
import { POOLING_KERNELS } from './pooling.ts';
import { PORTABLE_KERNELS } from './portable.ts';
import { QUANTIZATION_KERNELS } from './quantization-kernels.ts';
import { RANDOM_WORDS_KERNELS } from './random-words.ts';
import { REGRESSION_KERNELS } from './regression.ts';
import { RESIDUAL_KERNELS } from './residual.ts';
import { SLICE_KERNELS } from './slices.ts';
import { SPARSIFICATION_KERNELS } from './sparsification.ts';
import { TILED_KERNELS } from './tiled.ts';

export interface KernelSource {
  readonly code: string;
  readonly entry: string;
  /** `r` read-only, `w` read and write; bindings 1, 2, ... */
  readonly storage: string;
  /** Values of the shader's override constants. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** A linear combination of a fixed number of inputs; `own`: 1 if the destination is the first term. */
function fixedLinear(inputs: number, own: 0 | 1): KernelSource {
  const constants = { fixedInputs: inputs, ownPlace: own };
  return { code: linear, entry: 'main', storage: 'wrrrrrrr', constants };
}

const CORE = {
  linear: { code: linear, entry: 'main', storage: 'wrrrrrrr' },
  linear0: fixedLinear(0, 0),
  linear1: fixedLinear(1, 0),
  linear2: fixedLinear(2, 0),
  linear3: fixedLinear(3, 0),
  linearOwn0: fixedLinear(0, 1),
  linearOwn1: fixedLinear(1, 1),
  linearOwn2: fixedLinear(2, 1),
  linearOwn3: fixedLinear(3, 1),
  squaredDistancePartial: { code: squaredDistance, entry: 'partial', storage: 'rrw' },
  squaredDistanceTotal: { code: squaredDistance, entry: 'total', storage: 'rw' },
  sketch: { code: sketch, entry: 'main', storage: 'rw' },
  chunkMeansPartial: { code: chunkMeans, entry: 'partial', storage: 'rrw' },
  chunkMeansTotal: { code: chunkMeans, entry: 'total', storage: 'rrw' },
  signPack: { code: signPack, entry: 'main', storage: 'rw' },
  signPackMeans: { code: signPackMeans, entry: 'main', storage: 'rrww' },
  signUnpack: { code: signUnpack, entry: 'main', storage: 'rrw' },
  signUnpackWords: { code: signUnpack, entry: 'words', storage: 'rrw' },
  topKBound: { code: topKBound, entry: 'main', storage: 'rw' },
  topKCollect: { code: topKCollect, entry: 'main', storage: 'rrw' },
  topKCount: { code: topKSelect, entry: 'count', storage: 'wr' },
  topKChoose: { code: topKSelect, entry: 'choose', storage: 'w' },
  topKReduce: { code: topKCompact, entry: 'reduce', storage: 'rwrw' },
  topKScan: { code: topKCompact, entry: 'scan', storage: 'rwrw' },
  topKWrite: { code: topKCompact, entry: 'write', storage: 'rwrw' },
  scatter: { code: scatter, entry: 'main', storage: 'rw' },
  gatherRows: { code: gatherRows, entry: 'main', storage: 'rrrww' },
  denseForwardVectors: { code: denseForward, entry: 'vectors', storage: 'rrrw' },
  denseForwardScalars: { code: denseForward, entry: 'scalars', storage: 'rrrw' },
  denseWeightGradientVectors: { code: denseWeightGradient, entry: 'vectors', storage: 'rrw' },
  denseWeightGradientScalars: { code: denseWeightGradient, entry: 'scalars', storage: 'rrw' },
  denseBiasGradient: { code: denseBiasGradient, entry: 'main', storage: 'rw' },
  denseInputGradientVectors: { code: denseInputGradient, entry: 'vectors', storage: 'rrrw' },
  denseInputGradientScalars: { code: denseInputGradient, entry: 'scalars', storage: 'rrrw' },
  softmaxCrossEntropy: { code: softmaxCrossEntropy, entry: 'main', storage: 'rrww' },
} satisfies Record<string, KernelSource>;

/** One line for each group: `...GROUP_KERNELS`, declared beside the group's operations. */
const LATER = {
  ...ACTIVATION_KERNELS,
  ...ATTENTION_KERNELS,
  ...CONVOLUTION_KERNELS,
  ...EMBEDDING_KERNELS,
  ...LAYER_NORM_KERNELS,
  ...POOLING_KERNELS,
  ...PORTABLE_KERNELS,
  ...QUANTIZATION_KERNELS,
  ...RANDOM_WORDS_KERNELS,
  ...NORMALISATION_KERNELS,
  ...RESIDUAL_KERNELS,
  ...SPARSIFICATION_KERNELS,
  ...REGRESSION_KERNELS,
  ...SLICE_KERNELS,
  ...OPTIMIZATION_KERNELS,
  ...MATRIX_KERNELS,
  ...TILED_KERNELS,
  gatherFloatRows: { code: gatherFloatRows, entry: 'main', storage: 'rrrww' },
} satisfies Record<string, KernelSource>;

const SOURCES = { ...CORE, ...LATER };

export type KernelName = keyof typeof SOURCES;
type CoreName = keyof typeof CORE;

export interface Kernel {
  readonly name: KernelName;
  readonly layout: GPUBindGroupLayout;
  readonly pipeline: GPUComputePipeline;
}

export type Kernels = Readonly<Record<KernelName, Kernel>>;

export interface CompiledKernels {
  readonly kernels: Kernels;
  /** Whatever the compiler had to say; none is expected. */
  readonly messages: readonly string[];
}

/** Bytes of a parameter block, and the alignment of dynamic offsets in the default limits. */
export const PARAMETER_BYTES = 256;

/**
 * @param all compiles what is used later, too: for tests of every shader.
 * @throws {WebGpuUnavailableError} if the device refuses a shader.
 */
export async function compileKernels(device: GPUDevice, all = false): Promise<CompiledKernels> {
  const messages: string[] = [];
  const modules = new Map<string, GPUShaderModule>();
  const moduleOf = (code: string, label: string): GPUShaderModule => {
    const module = modules.get(code) ?? device.createShaderModule({ code, label });
    modules.set(code, module);
    return module;
  };
  const describe = (name: KernelName) => {
    const { code, entry, storage, constants = {} }: KernelSource = SOURCES[name];
    const layout = device.createBindGroupLayout({ label: name, entries: bindings(storage) });
    const descriptor: GPUComputePipelineDescriptor = {
      label: name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: moduleOf(code, name), entryPoint: entry, constants },
    };
    return { layout, descriptor };
  };
  const compile = async (name: KernelName): Promise<Kernel> => {
    const { layout, descriptor } = describe(name);
    return { name, layout, pipeline: await device.createComputePipelineAsync(descriptor) };
  };
  const compileNow = (name: KernelName): Kernel => {
    const { layout, descriptor } = describe(name);
    return { name, layout, pipeline: device.createComputePipeline(descriptor) };
  };
  device.pushErrorScope('validation');
  // Modules and layouts are made before the first await, so within the error scope.
  const eager = Object.keys(all ? SOURCES : CORE) as KernelName[];
  const compiled = Promise.allSettled(eager.map(compile));
  const refusal = await device.popErrorScope();
  const results = await compiled;
  for (const module of modules.values()) {
    const info = await module.getCompilationInfo();
    for (const { type, lineNum, linePos, message } of info.messages) {
      messages.push(`${module.label}: ${type} at ${lineNum}:${linePos}: ${message}`);
    }
  }
  const kernels: Partial<Record<KernelName, Kernel>> = {};
  for (const result of results) {
    if (result.status === 'fulfilled') kernels[result.value.name] = result.value;
    else messages.push(String(result.reason));
  }
  if (refusal !== null) messages.push(refusal.message);
  for (const name of Object.keys(LATER) as Exclude<KernelName, CoreName>[]) {
    if (Object.hasOwn(kernels, name)) continue;
    let kernel: Kernel | undefined;
    Object.defineProperty(kernels, name, {
      enumerable: true,
      get: () => {
        kernel ??= compileNow(name);
        return kernel;
      },
    });
  }
  if (!isComplete(kernels)) {
    throw new WebGpuUnavailableError(`The graphics driver refused a shader: ${messages.join('; ')}`);
  }
  return { kernels, messages };
}

function isComplete(kernels: Partial<Record<KernelName, Kernel>>): kernels is Record<KernelName, Kernel> {
  return Object.keys(SOURCES).every((name) => Object.hasOwn(kernels, name));
}

function bindings(storage: string): GPUBindGroupLayoutEntry[] {
  const visibility = GPUShaderStage.COMPUTE;
  const parameters: GPUBindGroupLayoutEntry = {
    binding: 0,
    visibility,
    buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: PARAMETER_BYTES },
  };
  const buffers = Array.from(
    storage,
    (access, at): GPUBindGroupLayoutEntry => ({
      binding: at + 1,
      visibility,
      buffer: { type: access === 'r' ? 'read-only-storage' : 'storage' },
    }),
  );
  return [parameters, ...buffers];
}
