/** On a graphics device, too, clients that rest take next to no memory and come back bit for bit. */
import { afterEach, expect, it, vi } from 'vitest';
import { fedavg } from '../algorithms/fedavg.ts';
import { createWebGpuCompute } from '../compute/webgpu/index.ts';
import { Flock } from './flock.ts';
import { digits, entry, network } from './testing.ts';

const CLIENTS = 16;
const ROUNDS = 6;

afterEach(() => vi.restoreAllMocks());

it('parks the clients that are not drawn', async () => {
  const recipe = network({
    model: entry('mlp', { hidden: [32] }),
    algorithm: entry('fedavg', { localSteps: 2, clientFraction: 1 / CLIENTS }),
  });
  const run = async () => {
    const compute = await createWebGpuCompute();
    const flock = await Flock.make(compute, recipe, digits, CLIENTS);
    for (let round = 0; round < ROUNDS; round += 1) await flock.step();
    await compute.finish();
    const { bytes } = compute.memoryUse;
    const models = await flock.read();
    flock.destroy();
    compute.destroy();
    return { bytes, models };
  };
  const parked = await run();
  vi.spyOn(fedavg, 'rests').mockReturnValue(false);
  const never = await run();
  expect(parked.models).toEqual(never.models);
  // At least four models of 25,450 numbers for each of the 13 that rest, all the same.
  expect(never.bytes - parked.bytes).toBeGreaterThan(13 * 4 * 4 * 25_450);
});
