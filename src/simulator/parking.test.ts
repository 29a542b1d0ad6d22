/**
 * Many clients, few of them drawn: those that rest hold no model on the device, and come back bit for bit.
 * What is on the device is counted by every vector that is made and freed. On the cpu.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ALGORITHMS } from '../algorithms/index.ts';
import { findEntry } from '../base/registry.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { layoutOf } from '../session/assets.ts';
import { Flock } from './flock.ts';
import { digits, entry, network } from './testing.ts';

const CLIENTS = 64;
const DRAWN = 4;
const ROUNDS = 12;

afterEach(() => vi.restoreAllMocks());

/** A device, with the count of vectors of this length: those there are, and the most since `reset`. */
function counting(length: number) {
  const compute = createCpuCompute();
  const live = new Set<unknown>();
  let most = 0;
  const { vector, free } = compute;
  compute.vector = (size) => {
    const made = vector.call(compute, size);
    if (size === length) live.add(made);
    most = Math.max(most, live.size);
    return made;
  };
  compute.free = (...handles) => {
    for (const handle of handles) live.delete(handle);
    free.call(compute, ...handles);
  };
  const reset = () => {
    most = live.size;
  };
  return { compute, reset, now: () => live.size, most: () => most };
}

const recipeOf = (id: string, clientFraction: number) =>
  network({ algorithm: entry(id, { localSteps: 2, clientFraction }) });

describe.each([
  ['fedavg', 8],
  ['fedmom', 8],
  ['scaffold', 12],
])('%s with 64 clients, 4 of them drawn a round', (id, each) => {
  it(`holds at most ${each} models for each that is drawn for this round or the next, and the server`, async () => {
    const recipe = recipeOf(id, DRAWN / CLIENTS);
    const { compute, reset, now, most } = counting(layoutOf(recipe).length);
    const flock = await Flock.make(compute, recipe, digits, CLIENTS);
    // Entering a view, all are there at once.
    expect(now()).toBeGreaterThanOrEqual(2 * CLIENTS);
    await flock.step();
    reset();
    for (let round = 1; round < ROUNDS; round += 1) {
      await flock.step();
      expect(now()).toBeLessThanOrEqual(each * (2 * DRAWN + 1));
    }
    // Who had a part in the round before may be parked after others have begun.
    expect(most()).toBeLessThanOrEqual(each * (3 * DRAWN + 1));
    flock.destroy();
    expect(now()).toBe(0);
  });

  it('ends at the same bits as if nobody were parked', async () => {
    const final = async () => {
      const flock = await Flock.make(createCpuCompute(), recipeOf(id, 0.2), digits, 12);
      for (let round = 0; round < ROUNDS; round += 1) await flock.step();
      await flock.change({ leave: [0, 4], join: 1 });
      for (let round = 0; round < ROUNDS; round += 1) await flock.step();
      const vectors = [await flock.read(), await flock.read(id === 'scaffold' ? 'own' : 'v')];
      flock.destroy();
      return vectors;
    };
    const rests = vi.spyOn(findEntry('algorithm', ALGORITHMS, id), 'rests');
    const parked = await final();
    expect(rests.mock.results.filter(({ value }) => value === true).length).toBeGreaterThan(50);
    rests.mockReturnValue(false);
    expect(await final()).toEqual(parked);
  });
});
