/**
 * Central algorithms in exact arithmetic terms: what error feedback owes is never lost, whoever leaves,
 * and without compression every one of them is SGD on the mean gradient. On the cpu.
 */
import { describe, expect, it } from 'vitest';
import type { RecipeParts } from '../recipe/schema.ts';
import type { Flock } from './flock.ts';
import { F32, largestDifference, mean, network, run } from './testing.ts';

const RATE = 0.05;
const make = (parts: RecipeParts, n: number) => run(network(parts), n);

/** What both passes still owe: mean e_i + E, coordinate by coordinate. */
async function owed(flock: Flock, d: number): Promise<Float64Array> {
  const total = new Float64Array(d);
  const n = flock.workers.length;
  for (const worker of flock.workers) {
    const { state } = worker;
    if (state === null) throw new Error('No state.');
    const { e, E, offset } = state;
    if (e === undefined || typeof e === 'number') throw new Error('No residual.');
    const own = await flock.assets.compute.read(e);
    own.forEach((value, k) => {
      total[k] = (total[k] ?? 0) + value / n;
    });
    if (E === undefined || typeof E === 'number' || typeof offset !== 'number') continue;
    const server = await flock.assets.compute.read(E);
    server.forEach((value, k) => {
      total[offset + k] = (total[offset + k] ?? 0) + value;
    });
  }
  return total;
}

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
    const d = flock.assets.layout.length;
    let before = await owed(flock, d);
    for (let round = 0; round < 4; round += 1) {
      const models = await flock.read();
      const x = mean(models);
      // SAEF takes its gradients where its residual leads: at x − e_i.
      const residuals = await flock.read('e');
      const points = models.map((vector, i) => vector.map((value, k) => value - (residuals[i]?.[k] ?? 0)));
      const gradients = mean(await flock.gradients(id === 'saef' ? points : models));
      await flock.step();
      const after = mean(await flock.read());
      const owes = await owed(flock, d);
      const expected = x.map((value, k) => {
        const [g = 0, old = 0, now = 0] = [gradients[k], before[k], owes[k]];
        return unit === 'gradient' ? value - RATE * (g + old - now) : value - (RATE * g + old - now);
      });
      expect(largestDifference(after, expected)).toBeLessThan(F32);
      expect(largestDifference(after, x)).toBeGreaterThan(1e-4);
      expect(largestDifference(owes, before)).toBeGreaterThan(1e-4);
      before = owes;
    }
    flock.destroy();
  });
});

describe('when members come and go', () => {
  it.each([
    ['double-squeeze', 'complete', 'top-k'],
    ['double-squeeze', 'star', 'top-k'],
    ['saef', 'complete', 'top-k'],
  ])('%s on %s with %s: what those who stay owe is kept, and replicas are equal', async (...names) => {
    const flock = await make(two(...names), 5);
    const d = flock.assets.layout.length;
    for (let round = 0; round < 3; round += 1) await flock.step();
    const before = await owed(flock, d);
    // The owners' debts move into their own residuals; nothing is lost on the way.
    await flock.change({});
    expect(largestDifference(before, new Float64Array(d))).toBeGreaterThan(1e-4);
    expect(largestDifference(await owed(flock, d), before)).toBeLessThan(F32);
    await flock.step();
    await flock.change({ join: 1 });
    const [first, ...others] = await flock.read();
    expect(others).toHaveLength(5);
    for (const other of others) expect(other).toEqual(first);
    await flock.step();
    await flock.change({ leave: [0, 3] });
    for (let round = 0; round < 2; round += 1) {
      await flock.step();
      const [one, ...rest] = await flock.read();
      expect(rest).toHaveLength(3);
      for (const other of rest) expect(other).toEqual(one);
    }
    flock.destroy();
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
