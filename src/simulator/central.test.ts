/**
 * Central algorithms in exact arithmetic terms: what error feedback owes is never lost, whoever leaves,
 * and without compression every one of them is SGD on the mean gradient. On the cpu.
 */
import { describe, expect, it } from 'vitest';
import type { RecipeParts } from '../recipe/schema.ts';
import { moves, owedByBoth } from './laws.ts';
import { F32, largestDifference, mean, network, run } from './testing.ts';

const RATE = 0.05;
const make = (parts: RecipeParts, n: number) => run(network(parts), n);

const two = (id: string, topology: string, compressor: string, options = {}): RecipeParts => ({
  algorithm: { id, options: {} },
  topology: { id: topology, options: {} },
  compressor: { id: compressor, options },
});

describe.each([
  ['double-squeeze', 'complete', 'one-bit', 'gradient'],
  ['double-squeeze', 'star', 'top-k', 'gradient'],
  ['saef', 'complete', 'top-k', 'step'],
  ['saef', 'star', 'one-bit', 'step'],
] as const)('%s on %s with %s', (id, topology, compressor, unit) => {
  it('what is applied and what is owed is what came in', async () => {
    const flock = await make(two(id, topology, compressor), 5);
    // SAEF takes its gradients where its residual leads: at x − e_i.
    const law = moves({ owed: owedByBoth, unit, ahead: id === 'saef' });
    for (let round = 0; round < 4; round += 1) {
      const before = await owedByBoth(flock);
      const judge = await law(flock);
      await flock.step();
      await judge();
      expect(largestDifference(await owedByBoth(flock), before)).toBeGreaterThan(1e-4);
    }
    flock.destroy();
  });
});

it('a worker whose device was lost takes over the others’ momentum, too', async () => {
  const parts = { algorithm: { id: 'allreduce-sgd' }, optimizer: { id: 'momentum' } };
  const flock = await make(parts, 4);
  const calm = await make(parts, 4);
  for (const each of [flock, calm]) for (let round = 0; round < 3; round += 1) await each.step();
  const [, second] = flock.workers;
  second?.unequip();
  second?.equip(flock.assets);
  second?.place(flock.assets.initial);
  await flock.change({});
  await calm.change({});
  for (const each of [flock, calm]) await each.step();
  expect(await flock.read()).toEqual(await calm.read());
  expect(await flock.read('m')).toEqual(await calm.read('m'));
  flock.destroy();
  calm.destroy();
});

describe('without compression', () => {
  it.each([
    ['allreduce-sgd', 'complete'],
    ['allreduce-sgd', 'ring'],
    ['allreduce-sgd', 'star'],
    ['ef-sgd', 'complete'],
    ['qsgd', 'complete'],
    ['double-squeeze', 'complete'],
    ['double-squeeze', 'star'],
    ['one-bit-sgd', 'star'],
    ['saef', 'complete'],
  ])('%s on %s is SGD on the mean gradient', async (id, topology) => {
    for (const n of [1, 2, 5]) {
      const flock = await make(two(id, topology, 'none'), n);
      for (let round = 0; round < 3; round += 1) {
        const x = mean(await flock.read());
        const gradient = mean(await flock.gradients());
        await flock.step();
        const expected = x.map((value, k) => value - RATE * (gradient[k] ?? 0));
        for (const vector of await flock.read())
          expect(largestDifference(vector, expected)).toBeLessThan(F32);
      }
      flock.destroy();
    }
  });
});
