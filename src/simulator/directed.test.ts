/** Push-sum, lossy averaging and exact averaging on graphs that change, on the cpu. */
import { describe, expect, it } from 'vitest';
import { counted } from '../algorithms/algorithm.ts';
import { distancesToMean } from '../session/consensus.ts';
import type { Flock } from './flock.ts';
import { distinctStarts, entry, F32, largestDifference, mean, modelsAfter, network, run } from './testing.ts';

const weights = (flock: Flock) =>
  flock.workers.map(({ state }) => (state === null ? Number.NaN : counted(state, 'w')));
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe.each(['sgp', 'online-push-sum'])('%s', (id) => {
  const recipe = network({ algorithm: entry(id), topology: entry('directed-random') });

  it('keeps n units of weight, and numerators whose sum only gradients move', async () => {
    const flock = await run(recipe, 7);
    for (let round = 0; round < 5; round += 1) {
      const before = mean(await flock.read('u'));
      const gradient = mean(await flock.gradients());
      await flock.step();
      expect(sum(weights(flock))).toBeCloseTo(7, 5);
      const expected = before.map((value, k) => value - recipe.lr * (gradient[k] ?? 0));
      expect(largestDifference(mean(await flock.read('u')), expected)).toBeLessThan(F32);
    }
    expect(Math.max(...weights(flock)) - Math.min(...weights(flock))).toBeGreaterThan(0.1);
    flock.destroy();
  });

  it('finds the mean where plain averages of what is heard would not', async () => {
    const still = network({ algorithm: entry(id), topology: entry('directed-random'), lr: 0 });
    const starts = distinctStarts(still, 6);
    const flock = await run(still, 6, undefined, starts);
    for (let round = 0; round < 60; round += 1) await flock.step();
    const goal = mean(starts);
    for (const model of await flock.read()) expect(largestDifference(model, goal)).toBeLessThan(1e-4);
    for (const numerator of await flock.read('u')) {
      expect(largestDifference(numerator, goal)).toBeGreaterThan(1e-2);
    }
    flock.destroy();
  });
});

it('SGP on a graph where all weights are equal is D-PSGD, adapt then combine', async () => {
  const ring = await modelsAfter(network({ algorithm: entry('sgp'), topology: entry('ring') }), 5, 4);
  const atc = await modelsAfter(network({ algorithm: entry('d-psgd', { order: 'atc' }) }), 5, 4);
  for (const [i, model] of ring.entries())
    expect(largestDifference(model, atc[i] ?? [])).toBeLessThan(5 * F32);
});

it('overlap SGP: what is under way belongs to the sum', async () => {
  const still = network({
    algorithm: entry('overlap-sgp', { delay: 2 }),
    topology: entry('one-peer-exponential'),
    lr: 0,
  });
  const starts = distinctStarts(still, 4);
  const flock = await run(still, 4, undefined, starts);
  for (let round = 0; round < 80; round += 1) await flock.step();
  const goal = mean(starts);
  for (const model of await flock.read()) expect(largestDifference(model, goal)).toBeLessThan(1e-3);
  // Half of a numerator leaves every round and is two rounds under way: what is here is half of all.
  expect(sum(weights(flock))).toBeCloseTo(2, 3);
  flock.destroy();
});

it('one-peer exponential: log2 n rounds average exactly', async () => {
  const recipe = network({ topology: entry('one-peer-exponential'), lr: 0 });
  const starts = distinctStarts(recipe, 8);
  const flock = await run(recipe, 8, undefined, starts);
  for (let round = 0; round < 3; round += 1) await flock.step();
  const goal = mean(starts);
  for (const model of await flock.read()) expect(largestDifference(model, goal)).toBeLessThan(F32);
  flock.destroy();
});

describe('RPS', () => {
  const lossy = (dropRate: number, lr = 0.05) => network({ algorithm: entry('rps', { dropRate }), lr });

  it('without losses all models are equal after every round, and their mean takes an SGD step', async () => {
    const flock = await run(lossy(0), 5);
    for (let round = 0; round < 3; round += 1) {
      const before = mean(await flock.read());
      const gradient = mean(await flock.gradients());
      await flock.step();
      const models = await flock.read();
      for (const model of models) expect(model).toEqual(models[0]);
      const expected = before.map((value, k) => value - 0.05 * (gradient[k] ?? 0));
      expect(largestDifference(models[0] ?? [], expected)).toBeLessThan(F32);
    }
    flock.destroy();
  });

  it('when everything is lost, every worker is alone', async () => {
    const lost = await modelsAfter(lossy(1), 4, 3);
    const alone = await modelsAfter(network({ topology: entry('isolated') }), 4, 3);
    for (const [i, model] of lost.entries()) {
      expect(largestDifference(model, alone[i] ?? [])).toBeLessThan(F32);
    }
  });

  it('with some losses models stay together, and the same seed loses the same', async () => {
    const recipe = lossy(0.3);
    const some = await modelsAfter(recipe, 6, 20);
    expect(await modelsAfter(recipe, 6, 20)).toEqual(some);
    const apart = distancesToMean(some).value;
    const alone = distancesToMean(await modelsAfter(lossy(1), 6, 20)).value;
    expect(apart).toBeGreaterThan(0);
    expect(apart).toBeLessThan(alone / 4);
  });
});
