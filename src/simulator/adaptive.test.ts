import { createCpuCompute } from '../compute/cpu/index.ts';
import { describeAdaptive } from './adaptive.ts';

describeAdaptive('the cpu', async () => createCpuCompute());
