/**
 * Negative controls on the cpu: whatever may be allowed runs, to the byte that its formula says and with
 * replicas that stay replicas, and fails in the way that theory says.
 */
import { describe, expect, it } from 'vitest';
import { partsOf } from '../algorithms/collectives/parts.ts';
import { ALGORITHMS } from '../algorithms/index.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { asControl, costOf, refusalOf } from '../recipe/legality.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { buildRecipe } from '../recipe/schema.ts';
import { distancesToMean } from '../session/consensus.ts';
import { entry, F32, largestDifference, modelsAfter, network, run } from './testing.ts';
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

describe('gradient averaging over a network that loses messages', () => {
  const lossy = (average: string, dropRate: number) =>
    network({
      algorithm: entry('rps', { average, dropRate }),
      topology: entry('complete'),
      allow: 'gradient-averaging',
    });

  it('is AllReduce-SGD where nothing is lost, and needs no leave then', async () => {
    expect(refusalOf({ ...lossy('gradients', 0), allow: '' }, N)).toBeNull();
    const ours = await modelsAfter(lossy('gradients', 0), N, 5);
    const topology = entry('complete');
    const theirs = await modelsAfter(network({ algorithm: entry('allreduce-sgd'), topology }), N, 5);
    for (const model of ours) expect(largestDifference(model, theirs[0] ?? [])).toBeLessThan(5 * F32);
  });

  it('steps along the mean of what was heard, block by block, or along one’s own gradient', async () => {
    const recipe = lossy('gradients', 0.4);
    const flock = await run(recipe, N);
    for (let round = 0; round < 4; round += 1) {
      const lost = (phase: number) => {
        const random = randomStream(recipe.seed, PURPOSE.algorithm, phase * 0x10000 + 0xffff, round);
        return Array.from({ length: N }, (_, from) =>
          Array.from({ length: N }, (_unused, to) => random.uniform() < 0.4 && from !== to),
        );
      };
      const [scattered, gathered] = [lost(1), lost(2)];
      const x = await flock.read();
      const g = await flock.gradients();
      const blocks = partsOf(flock.assets.layout, N);
      const expected = x.map((model) => Float64Array.from(model));
      for (const [server, { offset, length }] of blocks.entries()) {
        const heard = g.filter((_, from) => scattered[from]?.[server] !== true);
        for (const [worker, model] of expected.entries()) {
          const along = gathered[server]?.[worker] === true ? [g[worker] ?? []] : heard;
          for (let k = offset; k < offset + length; k += 1) {
            const step = along.reduce((sum, each) => sum + (each[k] ?? 0), 0) / along.length;
            model[k] = (model[k] ?? 0) - recipe.lr * step;
          }
        }
      }
      await flock.step();
      for (const [worker, model] of (await flock.read()).entries()) {
        expect(largestDifference(model, expected[worker] ?? [])).toBeLessThan(F32);
      }
    }
    flock.destroy();
  });

  it('lets models drift apart, farther and farther, where averaged models stay together', async () => {
    const distances = async (average: string) => {
      const flock = await run(lossy(average, 0.4), N);
      const all: number[] = [];
      for (let round = 1; round <= 120; round += 1) {
        await flock.step();
        if (round % 40 === 0) all.push(distancesToMean(await flock.read()).value);
      }
      flock.destroy();
      return all;
    };
    const [models, gradients] = [await distances('models'), await distances('gradients')];
    const [first = 0, second = 0, third = 0] = gradients;
    expect(second).toBeGreaterThan(1.1 * first);
    expect(third).toBeGreaterThan(1.1 * second);
    expect(third).toBeGreaterThan(5 * Math.max(...models));
  });
});
