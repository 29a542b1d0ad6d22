import { createCpuCompute } from '../compute/cpu/index.ts';
import { describeLowRank } from './low-rank-invariants.ts';

describeLowRank('the cpu', async () => createCpuCompute());
