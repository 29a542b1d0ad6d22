/**
 * Thousands of steps take no more of the device than the first few hundred: not a buffer, not a byte, not a
 * bind group. The whole engine takes part: model, optimizer, compressor with its read-back, messages.
 */
import { expect, it } from 'vitest';
import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { buildRecipe } from '../recipe/schema.ts';
import { Flock, syntheticDigits } from './flock.ts';

const WORKERS = 2;
const STEPS = 5000;

it('device memory stays flat', async () => {
  const compute = await createWebGpuCompute();
  const recipe = buildRecipe({
    model: { id: 'mlp', options: { hidden: [16] } },
    algorithm: { id: 'choco-sgd', options: { eta: 0.1 } },
    compressor: { id: 'top-k' },
    optimizer: { id: 'adamw' },
    batch: 8,
    lr: 0.001,
    rounds: STEPS,
  });
  const flock = await Flock.make(compute, recipe, syntheticDigits(), WORKERS);
  const reach = async (round: number) => {
    while ((flock.workers[0]?.round ?? round) < round) await flock.step();
    await compute.finish();
  };
  await reach(STEPS / WORKERS / 10);
  const early = compute.memoryUse;
  await reach(STEPS / WORKERS);
  expect(compute.memoryUse).toEqual(early);
  const [first] = flock.workers;
  if (!first?.parameters) throw new Error('There is a first worker, with parameters.');
  expect((await compute.read(first.parameters)).every(Number.isFinite)).toBe(true);
  flock.destroy();
  compute.destroy();
}, 300_000);
