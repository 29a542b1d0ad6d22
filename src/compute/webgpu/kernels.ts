/**
 * The list of kernels: which entry point of which file in `shaders/`, and how its buffers are bound.
 *
 * Every kernel has one bind group: binding 0 is its block of parameters, a uniform with a dynamic offset
 * (u32 fields first, then f32 fields); bindings 1, 2, ... are storage buffers in the order of `storage`.
 * Pipelines are made asynchronously, all at once; whatever a compiler says about a shader is kept.
 */
import chunkMeans from '../../../shaders/chunk-means.wgsl?raw';
import denseBiasGradient from '../../../shaders/dense-bias-gradient.wgsl?raw';
import denseForward from '../../../shaders/dense-forward.wgsl?raw';
import denseInputGradient from '../../../shaders/dense-input-gradient.wgsl?raw';
import denseWeightGradient from '../../../shaders/dense-weight-gradient.wgsl?raw';
import gatherRows from '../../../shaders/gather-rows.wgsl?raw';
import linear from '../../../shaders/linear.wgsl?raw';
import scatter from '../../../shaders/scatter.wgsl?raw';
import signPack from '../../../shaders/sign-pack.wgsl?raw';
import signUnpack from '../../../shaders/sign-unpack.wgsl?raw';
import sketch from '../../../shaders/sketch.wgsl?raw';
import softmaxCrossEntropy from '../../../shaders/softmax-cross-entropy.wgsl?raw';
import squaredDistance from '../../../shaders/squared-distance.wgsl?raw';
import topKCompact from '../../../shaders/top-k-compact.wgsl?raw';
import topKSelect from '../../../shaders/top-k-select.wgsl?raw';
import { WebGpuUnavailableError } from './device.ts';

interface KernelSource {
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

const SOURCES = {
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
  signUnpack: { code: signUnpack, entry: 'main', storage: 'rrw' },
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

export type KernelName = keyof typeof SOURCES;

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

/** @throws {WebGpuUnavailableError} if the device refuses a shader. */
export async function compileKernels(device: GPUDevice): Promise<CompiledKernels> {
  const messages: string[] = [];
  const modules = new Map<string, GPUShaderModule>();
  const moduleOf = (code: string, label: string): GPUShaderModule => {
    const module = modules.get(code) ?? device.createShaderModule({ code, label });
    modules.set(code, module);
    return module;
  };
  const compile = async (name: KernelName): Promise<Kernel> => {
    const { code, entry, storage, constants = {} }: KernelSource = SOURCES[name];
    const layout = device.createBindGroupLayout({ label: name, entries: bindings(storage) });
    const pipeline = await device.createComputePipelineAsync({
      label: name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: moduleOf(code, name), entryPoint: entry, constants },
    });
    return { name, layout, pipeline };
  };
  device.pushErrorScope('validation');
  // Modules and layouts are made before the first await, so within the error scope.
  const compiled = Promise.allSettled((Object.keys(SOURCES) as KernelName[]).map(compile));
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
