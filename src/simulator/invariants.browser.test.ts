import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { describeInvariants } from './invariants.ts';

/** One of each kind, the vector-heavy ones among them; the cpu runs them all. */
const ALGORITHMS = [
  'd-psgd',
  'd2',
  'choco-sgd',
  'deepsqueeze',
  'dcd-psgd',
  'sgp',
  'allreduce-sgd',
  'double-squeeze',
];

describeInvariants('WebGPU', () => createWebGpuCompute(), ALGORITHMS, ['none', 'one-bit', 'uniform']);
