import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { describeLowRank } from './low-rank-invariants.ts';

describeLowRank('WebGPU', () => createWebGpuCompute());
