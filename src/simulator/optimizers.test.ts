import { createCpuCompute } from '../compute/cpu/index.ts';
import { describeOptimizers } from './optimizers-invariants.ts';

describeOptimizers('cpu', async () => createCpuCompute());
