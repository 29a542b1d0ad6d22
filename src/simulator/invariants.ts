/**
 * What must hold exactly for the algorithms, on either backend: who calls this gives it a device. Averages
 * and sums are recomputed on the host in double precision from what the workers hold.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../algorithms/index.ts';
import { findEntry } from '../base/registry.ts';
import type { CompressorEntry } from '../compressors/compressor.ts';
import { COMPRESSORS } from '../compressors/index.ts';
import type { Compute, HostDataset } from '../compute/compute.ts';
import { randomStream } from '../math/random.ts';
import { algorithmMessageBytes } from '../protocol/codec.ts';
import { costOf, graphOf, refusal } from '../recipe/legality.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { layoutOf, spectrumOf } from '../session/assets.ts';
import { distancesToMean } from '../session/consensus.ts';
import { Flock, syntheticDigits } from './flock.ts';
import { TRAITS } from './traits.ts';

/** A model small enough for many rounds: 784-8-10. */
function recipeOf(parts: RecipeParts): Recipe {
  return buildRecipe({
    model: { id: 'mlp', options: { hidden: [8] } },
    batch: 16,
    lr: 0.05,
    seed: 3,
    ...parts,
  });
}

const algorithm = (id: string, options: Record<string, unknown> = {}) => ({ id, options });
const compressor = (id: string, options: Record<string, unknown> = {}) => ({ id, options });

function mean(vectors: readonly Float32Array[]): Float64Array {
  return distancesToMean(vectors).mean;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let k = 0; k < a.length; k += 1) largest = Math.max(largest, Math.abs((a[k] ?? 0) - (b[k] ?? 0)));
  return largest;
}

/** Σ_j W_ij v_j for every i. */
function mixed(weights: readonly Float64Array[], vectors: readonly ArrayLike<number>[]): Float64Array[] {
  return weights.map((row) => {
    const sum = new Float64Array(vectors[0]?.length ?? 0);
    vectors.forEach((vector, j) => {
      for (let k = 0; k < sum.length; k += 1) sum[k] = (sum[k] ?? 0) + (row[j] ?? 0) * (vector[k] ?? 0);
    });
    return sum;
  });
}

function distinctStarts(recipe: Recipe, n: number): Float32Array[] {
  return Array.from({ length: n }, (_, seat) => {
    const random = randomStream(11, 98, seat, 0);
    return Float32Array.from({ length: layoutOf(recipe).length }, () => 0.1 * random.normal());
  });
}

/** One f32 rounding of numbers of this size, several times over. */
const F32 = 2e-6;

const MEAN_EXACT: readonly (readonly [string, RecipeParts])[] = [
  ['d-psgd, combine then adapt', { algorithm: algorithm('d-psgd') }],
  ['d-psgd, adapt then combine', { algorithm: algorithm('d-psgd', { order: 'atc' }) }],
  ['choco-sgd with none', { algorithm: algorithm('choco-sgd') }],
  ['choco-sgd with one-bit', { algorithm: algorithm('choco-sgd'), compressor: compressor('one-bit') }],
  [
    'choco-sgd with top-k',
    { algorithm: algorithm('choco-sgd', { eta: 0.2 }), compressor: compressor('top-k', { ratio: 0.05 }) },
  ],
  [
    'choco-sgd, delayed, with one-bit',
    { algorithm: algorithm('choco-sgd', { order: 'delayed', eta: 0.3 }), compressor: compressor('one-bit') },
  ],
  ['d2', { algorithm: algorithm('d2') }],
  ['gradient tracking', { algorithm: algorithm('gradient-tracking') }],
  [
    'deepsqueeze with one-bit',
    { algorithm: algorithm('deepsqueeze', { eta: 0.05 }), compressor: compressor('one-bit') },
  ],
  [
    'deepsqueeze with top-k on a graph that changes every round',
    {
      algorithm: algorithm('deepsqueeze', { eta: 0.3 }),
      compressor: compressor('top-k', { ratio: 0.5 }),
      topology: { id: 'random-matching', options: {} },
    },
  ],
];

/** One coordinate in a hundred would need a smaller consensus step than the default. */
function gentle(codec: CompressorEntry): Record<string, unknown> {
  if (codec.options.ratio === undefined) return {};
  return { ratio: codec.id === 'random-k' ? 0.5 : 0.1 };
}

/** Half-precision numbers on the wire: one rounding of a model of this size, averaged over neighbours. */
const F16 = 1e-3;

/** One compressor of each class, to run every algorithm with; beside them, the one that it prefers. */
const OF_EACH_CLASS = ['none', 'fp16', 'one-bit', 'top-k', 'qsgd'];

/** Tests what an algorithm promises; of those that do not promise it there is no such test. */
function testIf(promised: boolean): (name: string, body: () => Promise<void>) => void {
  return (name, body) => {
    if (promised) it(name, body);
  };
}

/** Every algorithm with compressors that it accepts, as its traits set it up. */
const EVERY_ALGORITHM = ALGORITHMS.flatMap((entry) => {
  const traits = TRAITS[entry.id];
  if (traits === undefined) throw new Error(`${entry.id} has no entry in traits.ts.`);
  return COMPRESSORS.flatMap((codec) => {
    if (!OF_EACH_CLASS.includes(codec.id) && entry.prefers?.compressor?.id !== codec.id) return [];
    const parts: RecipeParts = {
      algorithm: algorithm(entry.id, traits.options),
      compressor: compressor(codec.id, gentle(codec)),
    };
    if (refusal(buildRecipe(parts), 4) !== null) return [];
    return [[entry.id, codec.id, parts, traits] as const];
  });
});

/** @param algorithms ids that the contract suite runs over, with these compressors; all, if not given. */
export function describeInvariants(
  backend: string,
  makeCompute: () => Promise<Compute>,
  algorithms?: readonly string[],
  codecs?: readonly string[],
): void {
  describe(`invariants of the algorithms on ${backend}`, () => {
    let compute: Compute;
    let host: HostDataset;
    const make = (recipe: Recipe, n: number, starts: readonly Float32Array[] = []) =>
      Flock.make(compute, recipe, host, n, starts);

    beforeAll(async () => {
      compute = await makeCompute();
      host = syntheticDigits();
    });
    afterAll(() => compute.destroy());

    it.each(MEAN_EXACT)('%s: the average moves exactly as the mean gradient says', async (_name, parts) => {
      const recipe = recipeOf(parts);
      const flock = await make(recipe, 5);
      for (let round = 0; round < 4; round += 1) {
        const before = mean(await flock.read());
        const gradient = mean(await flock.gradients());
        await flock.step();
        const after = mean(await flock.read());
        const expected = before.map((value, k) => value - recipe.lr * (gradient[k] ?? 0));
        expect(largestDifference(after, expected)).toBeLessThan(F32);
        expect(largestDifference(after, before)).toBeGreaterThan(100 * F32);
      }
      flock.destroy();
    });

    it.each(MEAN_EXACT)('%s: gossip alone keeps the mean of distinct models', async (_name, parts) => {
      const recipe = recipeOf({ ...parts, lr: 0 });
      const flock = await make(recipe, 4, distinctStarts(recipe, 4));
      const before = await flock.read();
      for (let round = 0; round < 5; round += 1) await flock.step();
      const after = await flock.read();
      expect(largestDifference(mean(before), mean(after))).toBeLessThan(F32);
      expect(distancesToMean(after).value).toBeLessThan(distancesToMean(before).value);
      flock.destroy();
    });

    it('d-psgd does what its equation says, in both orders', async () => {
      for (const order of ['cta', 'atc']) {
        const recipe = recipeOf({ algorithm: algorithm('d-psgd', { order }) });
        const flock = await make(recipe, 4, distinctStarts(recipe, 4));
        const { weights } = graphOf(recipe, 4, 0);
        const x = await flock.read();
        const gradients = await flock.gradients();
        const steps = x.map((vector, i) =>
          Float64Array.from(vector, (value, k) => value - recipe.lr * (gradients[i]?.[k] ?? 0)),
        );
        const expected =
          order === 'atc'
            ? mixed(weights, steps)
            : mixed(weights, x).map((vector, i) =>
                vector.map((value, k) => value - recipe.lr * (gradients[i]?.[k] ?? 0)),
              );
        await flock.step();
        for (const [i, vector] of (await flock.read()).entries()) {
          expect(largestDifference(vector, expected[i] ?? [])).toBeLessThan(F32);
        }
        flock.destroy();
      }
    });

    it('choco-sgd without compression is d-psgd (adapt then combine) with I + η(W − I)', async () => {
      const starts = distinctStarts(recipeOf({}), 5);
      for (const eta of [1, 0.4]) {
        const recipe = recipeOf({ algorithm: algorithm('choco-sgd', { eta }) });
        const flock = await make(recipe, 5, starts);
        const weights = graphOf(recipe, 5, 0).weights.map((row, i) =>
          row.map((weight, j) => eta * weight + (i === j ? 1 - eta : 0)),
        );
        for (let round = 0; round < 3; round += 1) {
          const x = await flock.read();
          const gradients = await flock.gradients();
          const steps = x.map((vector, i) =>
            Float64Array.from(vector, (value, k) => value - recipe.lr * (gradients[i]?.[k] ?? 0)),
          );
          const expected = mixed(weights, steps);
          await flock.step();
          for (const [i, vector] of (await flock.read()).entries()) {
            expect(largestDifference(vector, expected[i] ?? [])).toBeLessThan(F32);
          }
        }
        flock.destroy();
      }
    });

    it('on the complete graph, adapt then combine is all-reduce SGD; combine then adapt is not', async () => {
      const parts = { topology: { id: 'complete', options: {} } };
      const atc = await make(recipeOf({ ...parts, algorithm: algorithm('d-psgd', { order: 'atc' }) }), 4);
      const cta = await make(recipeOf(parts), 4);
      const x0 = mean(await atc.read());
      const gradient = mean(await atc.gradients());
      await atc.step();
      await cta.step();
      const expected = x0.map((value, k) => value - 0.05 * (gradient[k] ?? 0));
      for (const vector of await atc.read()) expect(largestDifference(vector, expected)).toBeLessThan(F32);
      const [first = new Float32Array()] = await cta.read();
      expect(largestDifference(first, expected)).toBeGreaterThan(100 * F32);
      atc.destroy();
      cta.destroy();
    });

    it('without edges every algorithm is isolated SGD', async () => {
      for (const [id, codec] of [
        ['d-psgd', 'none'],
        ['choco-sgd', 'none'],
      ] as const) {
        const recipe = recipeOf({
          algorithm: algorithm(id),
          compressor: compressor(codec),
          topology: { id: 'isolated', options: {} },
        });
        const flock = await make(recipe, 3);
        for (let round = 0; round < 3; round += 1) {
          const x = await flock.read();
          const gradients = await flock.gradients();
          await flock.step();
          for (const [i, vector] of (await flock.read()).entries()) {
            const expected = x[i]?.map((value, k) => value - recipe.lr * (gradients[i]?.[k] ?? 0)) ?? [];
            expect(largestDifference(vector, expected)).toBeLessThan(F32);
          }
        }
        expect(flock.post.totals().bytesSent).toBe(0);
        flock.destroy();
      }
    });

    it('choco-sgd: what neighbours can reconstruct is the public copy, bit for bit, and s sums it', async () => {
      for (const id of ['one-bit', 'top-k', 'none']) {
        const recipe = recipeOf({ algorithm: algorithm('choco-sgd'), compressor: compressor(id) });
        const flock = await make(recipe, 4);
        const entry = findEntry('compressor', COMPRESSORS, id);
        const codec = entry.create(compute, flock.assets.layout, recipe.compressor.options);
        const replicas = flock.workers.map(() => {
          const replica = compute.vector(flock.assets.layout.length);
          compute.upload(replica, flock.assets.initial);
          return replica;
        });
        const heard: { source: number; destination: number; payload: Uint8Array }[] = [];
        flock.post.on('algorithm', ({ source, destination, payload }) =>
          heard.push({ source, destination, payload }),
        );
        for (let round = 0; round < 4; round += 1) {
          heard.length = 0;
          await flock.step();
          for (const [seat, replica] of replicas.entries()) {
            // Each neighbour got the same bytes; one copy is enough.
            const payloads = heard.filter(({ source }) => source === seat).map(({ payload }) => payload);
            expect(payloads).toHaveLength(2);
            expect(payloads[0]).toEqual(payloads[1]);
            expect(codec.decode(payloads[0] ?? new Uint8Array(), replica, 1, 'add').ok).toBe(true);
          }
        }
        const xHat = await flock.read('xHat');
        for (const [seat, replica] of replicas.entries()) {
          expect(await compute.read(replica)).toEqual(xHat[seat]);
        }
        const sums = mixed(graphOf(recipe, 4, 0).weights, xHat);
        for (const [i, s] of (await flock.read('s')).entries()) {
          expect(largestDifference(s, sums[i] ?? [])).toBeLessThan(F32);
        }
        codec.destroy();
        compute.free(...replicas);
        flock.destroy();
      }
    });

    it('when learning stops, consensus contracts as the spectral gap predicts', async () => {
      const recipe = recipeOf({ lr: 0 });
      const flock = await make(recipe, 6, distinctStarts(recipe, 6));
      const { rho } = spectrumOf(recipe, 6);
      let before = distancesToMean(await flock.read()).value;
      let first = 1;
      for (let round = 0; round < 12; round += 1) {
        await flock.step();
        const after = distancesToMean(await flock.read()).value;
        expect(after / before).toBeLessThan(rho + 1e-4);
        if (round === 0) first = after / before;
        before = after;
      }
      // Random starts have all modes; what is left in the end is the slowest.
      expect(first).toBeLessThan(rho - 0.05);
      await flock.step();
      expect(distancesToMean(await flock.read()).value / before).toBeGreaterThan(rho - 0.05);
      flock.destroy();
    });

    it.each(['none', 'one-bit', 'top-k'])('bytes on the wire with %s are formula plus header', async (id) => {
      const recipe = recipeOf({ algorithm: algorithm('choco-sgd'), compressor: compressor(id) });
      const flock = await make(recipe, 5);
      const rounds = 3;
      for (let round = 0; round < rounds; round += 1) await flock.step();
      const entry = findEntry('compressor', COMPRESSORS, id);
      const payload = entry.bytes(flock.assets.layout, recipe.compressor.options);
      const each = rounds * 2 * algorithmMessageBytes(payload);
      for (const worker of flock.workers) {
        expect(worker.totals.bytesSent).toBe(each);
        expect(worker.totals.bytesReceived).toBe(each);
      }
      expect(flock.post.totals().bytesSent).toBe(5 * each);
      flock.destroy();
    });

    it('a number that is not finite is rejected before it is applied, and its sender named', async () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const recipe = recipeOf({});
        const flock = await make(recipe, 3);
        await flock.step();
        const before = await flock.read();
        // Worker 2's message is poisoned on its way.
        const poison = new Uint8Array(4 * flock.assets.layout.length);
        new DataView(poison.buffer).setFloat32(4 * 77, bad, true);
        const [first] = flock.workers;
        const frame = {
          type: 'algorithm',
          view: flock.view.id,
          round: 1,
          step: 0,
          tag: 1,
          codec: 1,
        } as const;
        for (const source of [1, 2]) {
          const payload = source === 2 ? poison : new Uint8Array(poison.length);
          await flock.post.send({ ...frame, source, destination: 0, payload }, flock.post.self);
        }
        await expect(first?.step(new AbortController().signal)).rejects.toThrow(/Worker 2 sent/);
        expect(await flock.read()).toEqual(before);
        expect(first?.round).toBe(1);
        flock.destroy();
      }
    });

    const chosen = EVERY_ALGORITHM.filter(
      ([id, codec]) => (algorithms?.includes(id) ?? true) && (codecs?.includes(codec) ?? true),
    );
    describe.each(chosen)('contract of %s with %s', (_id, codec, parts, traits) => {
      it('the same recipe gives the same bits', async () => {
        const runs: Float32Array[][] = [];
        for (let run = 0; run < 2; run += 1) {
          const flock = await make(recipeOf(parts), 4);
          for (let round = 0; round < 3; round += 1) await flock.step();
          runs.push(await flock.read());
          flock.destroy();
        }
        expect(runs[1]).toEqual(runs[0]);
      });

      it('a round that is rolled back has not happened, and can be repeated', async () => {
        const flock = await make(recipeOf(parts), 3);
        await flock.step();
        const before = await flock.read();
        const [first] = flock.workers;
        const rollback = new AbortController();
        // Its neighbours do not send, so it waits; then the round is aborted.
        const attempt = first?.step(rollback.signal);
        rollback.abort(new Error('rolled back'));
        await expect(attempt).rejects.toThrow('rolled back');
        expect(first?.round).toBe(1);
        expect(await flock.read()).toEqual(before);
        await flock.step();
        const fresh = await make(recipeOf(parts), 3);
        await fresh.step();
        await fresh.step();
        expect(await flock.read()).toEqual(await fresh.read());
        flock.destroy();
        fresh.destroy();
      });

      it('sends what its cost formula says, to the byte', async () => {
        const recipe = recipeOf(parts);
        const flock = await make(recipe, 4);
        for (let round = 0; round < traits.warmUp; round += 1) await flock.step();
        const before = flock.post.totals().bytesSent;
        const { period } = traits;
        for (let round = 0; round < period; round += 1) await flock.step();
        const { bytes } = costOf(recipe, flock.assets.layout, [0, 0, 0, 0]);
        const sent = flock.post.totals().bytesSent - before;
        if (COMPRESSORS.find(({ id }) => id === codec)?.variable === true) {
          expect(sent).toBeLessThanOrEqual(period * bytes);
        } else {
          expect(sent).toBe(period * bytes);
        }
        flock.destroy();
      });

      testIf(traits.replicas)('all workers hold the same bits after every round', async () => {
        const flock = await make(recipeOf(parts), 4);
        for (let round = 0; round < 3; round += 1) {
          await flock.step();
          const [first, ...others] = await flock.read();
          for (const other of others) expect(other).toEqual(first);
        }
        flock.destroy();
      });

      testIf(traits.replicas)('entering a view in mid-run, all take over one worker’s model', async () => {
        const recipe = recipeOf({ ...parts, lr: 0 });
        const starts = distinctStarts(recipe, 4);
        const flock = await make(recipe, 4, starts);
        for (const vector of await flock.read()) expect(vector).toEqual(starts[0]);
        flock.destroy();
      });

      it('alone in its view it sends nothing', async () => {
        const flock = await make(recipeOf(parts), 1);
        await flock.step();
        await flock.step();
        expect(flock.post.totals().bytesSent).toBe(0);
        flock.destroy();
      });

      testIf(traits.plainAlone(codec))('alone in its view it is plain SGD', async () => {
        const recipe = recipeOf(parts);
        const flock = await make(recipe, 1);
        const [x = new Float32Array()] = await flock.read();
        const [gradient = new Float32Array()] = await flock.gradients();
        await flock.step();
        const [after = new Float32Array()] = await flock.read();
        const expected = x.map((value, k) => value - recipe.lr * (gradient[k] ?? 0));
        expect(largestDifference(after, expected)).toBeLessThan(F32);
        flock.destroy();
      });

      testIf(traits.keepsMean)(
        'entering a view in mid-run, it rebuilds what it holds of its neighbours',
        async () => {
          const recipe = recipeOf({ ...parts, lr: 0 });
          const flock = await make(recipe, 4, distinctStarts(recipe, 4));
          const before = await flock.read();
          for (let round = 0; round < 6; round += 1) await flock.step();
          const after = await flock.read();
          expect(largestDifference(mean(before), mean(after))).toBeLessThan(codec === 'fp16' ? F16 : F32);
          expect(distancesToMean(after).value).toBeLessThan(distancesToMean(before).value);
          flock.destroy();
        },
      );
    });
  });
}
