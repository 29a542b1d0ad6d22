/**
 * Negative controls on the cpu: whatever may be allowed runs, to the byte that its formula says and with
 * replicas that stay replicas, and fails in the way that theory says.
 */
import { describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../algorithms/index.ts';
import { asControl, costOf, refusalOf } from '../recipe/legality.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { buildRecipe } from '../recipe/schema.ts';
import { distancesToMean } from '../session/consensus.ts';
import { entry, network, run } from './testing.ts';
import { TRAITS } from './traits.ts';

const N = 4;
/** A compressor that is no contraction, and one that is sparse. */
const CODECS = [entry('one-bit', { scale: 'none' }), entry('top-k', { ratio: 0.1 })];

/** Every algorithm as it likes to be run, but for a compressor that mathematics alone forbids. */
const ALLOWED = ALGORITHMS.flatMap(({ id }) =>
  CODECS.flatMap((compressor) => {
    const parts = { algorithm: entry(id, TRAITS[id]?.options), compressor };
    const refused = refusalOf(network(parts), N);
    const recipe = asControl(network(parts), N);
    return refused === null || recipe === null ? [] : [[id, compressor.id, recipe] as const];
  }),
);

describe('what is allowed', () => {
  it('is much', () => {
    expect(new Set(ALLOWED.map(([id]) => id)).size).toBeGreaterThan(30);
  });

  it.each(ALLOWED)('%s runs with %s', async (id, _codec, recipe) => {
    const traits = TRAITS[id];
    const flock = await run(recipe, N);
    for (let round = 0; round < (traits?.warmUp ?? 0); round += 1) await flock.step();
    const sent = () => flock.workers.reduce((sum, { totals }) => sum + totals.bytesSent, 0);
    const before = sent();
    const rounds = traits?.period ?? 1;
    for (let round = 0; round < rounds; round += 1) await flock.step();
    expect(sent() - before).toBeCloseTo(rounds * costOf(recipe, flock.assets.layout, [0, 0, 0, 0]).bytes, 3);
    const [first, ...others] = await flock.read();
    expect(first?.every(Number.isFinite)).toBe(true);
    if (traits?.replicas === true) for (const other of others) expect(other).toEqual(first);
    flock.destroy();
  });
});

describe('D² below −1/3', () => {
  /** Consensus distances of gossip alone on the 4 × 4 torus, whose smallest eigenvalue is −0.6. */
  const distances = async (allow: string) => {
    const parts = { topology: entry('torus'), algorithm: entry('d2'), init: 'spread', lr: 0, allow };
    const recipe: Recipe = network(parts);
    expect(refusalOf(recipe, 16)).toBeNull();
    const flock = await run(recipe, 16);
    const all: number[] = [];
    for (let round = 0; round < 30; round += 1) {
      await flock.step();
      all.push(distancesToMean(await flock.read()).value);
    }
    flock.destroy();
    return all;
  };

  it('is repaired by the lazy matrix by default', async () => {
    const found = await distances('');
    expect((found.at(-1) ?? 1) / (found[0] ?? 1)).toBeLessThan(0.01);
  });

  it('diverges if it is allowed to, by the larger root of r² − 2 λ r + λ = 0 in every round', async () => {
    const found = await distances('d2-spectrum');
    const root = 0.6 + Math.sqrt(0.6 ** 2 + 0.6);
    expect((found[29] ?? 0) / (found[28] ?? 1)).toBeCloseTo(root, 3);
    expect((found[29] ?? 0) / (found[0] ?? 1)).toBeGreaterThan(1e4);
  });
});

describe('compression without error feedback', () => {
  it('leaves D-PSGD with a floor where whole numbers agree', async () => {
    const left = async (parts: Record<string, unknown>) => {
      const recipe = asControl(buildRecipe({ ...network({}), init: 'spread', lr: 0, ...parts }), 5);
      if (recipe === null) throw new Error('It may be allowed.');
      const flock = await run(recipe, 5);
      for (let round = 0; round < 60; round += 1) await flock.step();
      const { value } = distancesToMean(await flock.read());
      flock.destroy();
      return value;
    };
    expect(await left({})).toBeLessThan(1e-4);
    expect(await left({ compressor: entry('linear', { levels: '9' }) })).toBeGreaterThan(0.1);
  });
});
