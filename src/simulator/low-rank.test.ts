import { createCpuCompute } from '../compute/cpu/index.ts';
import { describeLowRank, describeLowRankBytes } from './low-rank-invariants.ts';

describeLowRank('the cpu', async () => createCpuCompute());
describeLowRankBytes(async () => createCpuCompute());
