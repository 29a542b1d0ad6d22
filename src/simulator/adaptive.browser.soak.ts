import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { describeAdaptive } from './adaptive.ts';

describeAdaptive('WebGPU', () => createWebGpuCompute());
