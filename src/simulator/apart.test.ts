/**
 * Workers that start apart, on the cpu: where each begins, that gossip alone brings every algorithm whose
 * workers have models of their own to their average, and that no other algorithm may.
 */
import { describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../algorithms/index.ts';
import { caution, refusal, withChoice } from '../recipe/legality.ts';
import { buildRecipe } from '../recipe/schema.ts';
import { recipeFromUrl, urlOf } from '../recipe/url.ts';
import { distancesToMean } from '../session/consensus.ts';
import { entry, F32, largestDifference, mean, network, run } from './testing.ts';
import { TRAITS } from './traits.ts';

const N = 5;
const APART = ALGORITHMS.filter(({ startsApart }) => startsApart === true);
const COMMON = ALGORITHMS.filter(({ startsApart }) => startsApart !== true);
/** With consensus steps of one where there are any, and nothing lost. */
const optionsOf = (id: string) =>
  ['choco-sgd', 'choco-gossip', 'deepsqueeze'].includes(id) ? { eta: 1 } : (TRAITS[id]?.options ?? {});
const apart = (id: string, more = {}) =>
  network({
    algorithm: entry(id, optionsOf(id)),
    topology: entry(['rps', 'async-model-average'].includes(id) ? 'complete' : 'ring'),
    compressor: entry('none'),
    init: 'spread',
    lr: 0,
    ...more,
  });

describe('x_0 of workers that start apart', () => {
  it('is the model’s own plus a normal number of deviation 0.1 of the seat’s own, from the seed', async () => {
    const [flock, again, other] = await Promise.all(
      [{}, {}, { seed: 77 }].map((more) => run(apart('d-psgd', more), N)),
    );
    if (flock === undefined || again === undefined || other === undefined) throw new Error('Three flocks.');
    const starts = await flock.read();
    expect(await again.read()).toEqual(starts);
    expect((await other.read())[0]).not.toEqual(starts[0]);
    const noise = starts.flatMap((start) => [...start].map((x, k) => x - (flock.assets.initial[k] ?? 0)));
    const count = noise.length;
    const variance = noise.reduce((sum, value) => sum + value * value, 0) / count;
    // Five standard errors of either.
    expect(Math.abs(noise.reduce((a, b) => a + b, 0) / count)).toBeLessThan(0.5 / Math.sqrt(count));
    expect(Math.abs(variance / 0.01 - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(largestDifference(starts[0] ?? [], starts[1] ?? [])).toBeGreaterThan(0.1);
    for (const each of [flock, again, other]) each.destroy();
  });
});

describe('gossip alone', () => {
  it.each(APART)('$id brings workers that start apart together, and keeps their mean', async ({ id }) => {
    expect(refusal(apart(id), N)).toBeNull();
    const flock = await run(apart(id), N);
    const before = await flock.read();
    for (let round = 0; round < 30; round += 1) await flock.step();
    const after = await flock.read();
    expect(distancesToMean(after).value).toBeLessThan(0.1 * distancesToMean(before).value);
    // Estimates of ECD are exact without compression, and on a ring all push-sum weights are one.
    expect(largestDifference(mean(after), mean(before))).toBeLessThan(10 * F32);
    flock.destroy();
  });

  it('of compressed differences begins with public copies of zero, and sends nothing whole', async () => {
    const recipe = apart('choco-gossip', {
      compressor: entry('one-bit'),
      algorithm: entry('choco-gossip', { eta: 0.5 }),
    });
    const flock = await run(recipe, N);
    for (const vector of [...(await flock.read('xHat')), ...(await flock.read('s'))]) {
      expect(vector.every((value) => value === 0)).toBe(true);
    }
    expect(flock.workers.map(({ totals }) => totals.bytesResync)).toEqual(Array(N).fill(0));
    const before = await flock.read();
    for (let round = 0; round < 60; round += 1) await flock.step();
    const after = await flock.read();
    expect(largestDifference(mean(after), mean(before))).toBeLessThan(10 * F32);
    expect(distancesToMean(after).value).toBeLessThan(0.3 * distancesToMean(before).value);
    flock.destroy();
  });
});

describe('one model that all hold in common', () => {
  it.each(COMMON)('$id: workers cannot start apart', ({ id, label }) => {
    const reason = refusal(buildRecipe({ algorithm: { id }, init: 'spread' }), N);
    expect(reason).toContain(`${label} has one model that all workers hold in common`);
  });

  it('an algorithm that is chosen brings the start that it prefers, unless another was chosen', () => {
    const choose = (id: string, init?: string, from = 'd-psgd') =>
      withChoice(
        buildRecipe({ algorithm: { id: from }, init }),
        'algorithm',
        buildRecipe({ algorithm: { id } }).algorithm,
        N,
      ).recipe.init;
    expect(choose('choco-gossip')).toBe('spread');
    expect(choose('choco-gossip', 'zeros')).toBe('zeros');
    expect(choose('d-psgd', undefined, 'choco-gossip')).toBe('standard');
    expect(choose('d2', 'spread')).toBe('spread');
    expect(choose('allreduce-sgd', 'spread')).toBe('standard');
  });
});

describe('CHOCO-Gossip', () => {
  it('starts apart by itself; the address says so where it does not', () => {
    const recipe = buildRecipe({ algorithm: { id: 'choco-gossip' } });
    expect(recipe.init).toBe('spread');
    expect(urlOf(recipe)).toBe('?algorithm=choco-gossip');
    const alike = buildRecipe({ algorithm: { id: 'choco-gossip' }, init: 'standard' });
    expect(urlOf(alike)).toContain('init=standard');
    for (const each of [recipe, alike]) {
      expect(recipeFromUrl(new URL(`http://lab/${urlOf(each)}`)).recipe).toEqual(each);
    }
    expect(caution(recipe)).toBeNull();
    expect(caution(alike)).toMatch(/nothing will change.*start spread/);
    expect(caution(network({ lr: 0, algorithm: entry('allreduce-sgd') }))).toMatch(/learning rate above 0/);
  });
});
