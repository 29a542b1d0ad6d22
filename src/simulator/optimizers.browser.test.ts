import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { describeOptimizers } from './optimizers-invariants.ts';

describeOptimizers('webgpu', () => createWebGpuCompute());
