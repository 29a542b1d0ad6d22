/** AD-PSGD on WebGPU, where who answers first is nobody's to say: what must hold in any order. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Compute } from '../compute/compute.ts';
import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { distancesToMean } from '../session/consensus.ts';
import { Flock } from './flock.ts';
import { digits, distinctStarts, entry, F32, largestDifference, mean, network } from './testing.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await createWebGpuCompute();
});
afterAll(() => compute.destroy());

it('gossip alone keeps the mean of distinct models, and they agree in time', async () => {
  const still = network({ algorithm: entry('ad-psgd'), lr: 0 });
  const flock = await Flock.make(compute, still, digits, 4, distinctStarts(still, 4, 0.1));
  const before = await flock.read();
  for (let round = 0; round < 12; round += 1) await flock.step();
  const after = await flock.read();
  expect(largestDifference(mean(before), mean(after))).toBeLessThan(F32);
  expect(distancesToMean(after).value).toBeLessThan(0.2 * distancesToMean(before).value);
  flock.destroy();
});

it('the average moves exactly as the mean of the gradients that were taken says', async () => {
  const recipe = network({ algorithm: entry('ad-psgd') });
  const flock = await Flock.make(compute, recipe, digits, 4);
  for (let round = 0; round < 4; round += 1) {
    const before = mean(await flock.read());
    const gradient = mean(await flock.gradients());
    await flock.step();
    const expected = before.map((value, k) => value - recipe.lr * (gradient[k] ?? 0));
    expect(largestDifference(mean(await flock.read()), expected)).toBeLessThan(F32);
  }
  flock.destroy();
});
