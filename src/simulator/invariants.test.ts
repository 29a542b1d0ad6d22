import { createCpuCompute } from '../compute/cpu/index.ts';
import { describeInvariants } from './invariants.ts';

describeInvariants('the cpu', async () => createCpuCompute());
