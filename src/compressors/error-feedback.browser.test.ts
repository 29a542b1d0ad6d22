/** Error feedback on WebGPU, around the compressors that need it most. */
import { afterAll, expect, it } from 'vitest';
import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { expectTelescoping } from './error-feedback-contract.ts';
import { oneBit } from './one-bit.ts';
import { topK } from './top-k.ts';

const device = createWebGpuCompute();
afterAll(async () => (await device).destroy());

it.each([
  [oneBit, {}],
  [oneBit, { blockSize: 32 }],
  [topK, {}],
  [topK, { ratio: 0.3 }],
])('loses nothing over many rounds', async (entry, given) => {
  expect.hasAssertions();
  await expectTelescoping(await device, entry, given);
});
