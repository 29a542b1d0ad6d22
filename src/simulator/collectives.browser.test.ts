import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { describeCollectives } from './collectives-invariants.ts';

describeCollectives('WebGPU', () => createWebGpuCompute());
