import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { describeInvariants } from './invariants.ts';

describeInvariants('WebGPU', () => createWebGpuCompute());
