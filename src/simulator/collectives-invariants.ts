/**
 * What must hold exactly for the collectives, on either backend: who calls this gives it a device. Sums are
 * recomputed on the host in double precision from what the workers hold.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute } from '../compute/compute.ts';
import { algorithmMessageBytes } from '../protocol/codec.ts';
import { costOf, refusal } from '../recipe/legality.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { distancesToMean } from '../session/consensus.ts';
import { Flock, syntheticDigits } from './flock.ts';

const RATE = 0.05;
const F32 = 2e-6;
const host = syntheticDigits();

const recipeOf = (id: string, options: Record<string, unknown> = {}, parts: RecipeParts = {}) =>
  buildRecipe({
    model: { id: 'mlp', options: { hidden: [8] } },
    batch: 8,
    lr: RATE,
    seed: 5,
    topology: { id: 'complete', options: {} },
    algorithm: { id, options },
    ...parts,
  });
const topK = (ratio: number) => ({ compressor: { id: 'top-k', options: { ratio } } });

const mean = (vectors: readonly Float32Array[]) => distancesToMean(vectors).mean;

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let difference = 0;
  for (let k = 0; k < a.length; k += 1) {
    const one = Math.abs((a[k] ?? Number.NaN) - (b[k] ?? Number.NaN));
    difference = Number.isNaN(one) ? Number.POSITIVE_INFINITY : Math.max(difference, one);
  }
  return difference;
}

async function expectReplicas(flock: Flock): Promise<void> {
  const [first, ...others] = await flock.read();
  for (const other of others) expect(other).toEqual(first);
}

/** x after a round of step-unit error feedback that loses nothing: x − mean(e + γ g) + mean e'. */
async function lossless(flock: Flock): Promise<{ expected: Float64Array; x: Float64Array }> {
  const x = mean(await flock.read());
  const before = mean(await flock.read('e'));
  const gradient = mean(await flock.gradients());
  await flock.step();
  const after = mean(await flock.read('e'));
  const expected = x.map(
    (value, k) => value - RATE * (gradient[k] ?? 0) - (before[k] ?? 0) + (after[k] ?? 0),
  );
  return { expected, x };
}

type Sparse = Map<number, number>;

function largestOf(values: Iterable<readonly [number, number]>, k: number): Sparse {
  return new Map([...values].sort(([i, a], [j, b]) => Math.abs(b) - Math.abs(a) || i - j).slice(0, k));
}

/** The tree, two by two: neighbours first, then pairs of pairs. */
function treeSum(sparse: readonly Sparse[], k: number): Sparse {
  const [first = new Map<number, number>()] = sparse;
  if (sparse.length < 2) return first;
  const pairs: Sparse[] = [];
  for (let i = 0; i < sparse.length; i += 2) {
    const sum = new Map(sparse[i]);
    for (const [index, value] of sparse[i + 1] ?? []) sum.set(index, (sum.get(index) ?? 0) + value);
    pairs.push(largestOf(sum, k));
  }
  return treeSum(pairs, k);
}

/** Bytes from tab to tab so far. */
function betweenTabs(flock: Flock, tabs: readonly number[]): number {
  let bytes = 0;
  flock.workers.forEach((worker, from) => {
    for (const [to, sent] of worker.sentTo) if (tabs[from] !== tabs[to]) bytes += sent;
  });
  return bytes;
}

const sentBy = (flock: Flock) => flock.workers.reduce((sum, { totals }) => sum + totals.bytesSent, 0);

const TABS = [
  [0, 0, 1, 1, 1],
  [0, 1, 0, 1],
  [0, 0, 0],
  [0, 1, 2],
  [0, 1, 1, 2, 2, 2],
];

export function describeCollectives(backend: string, makeCompute: () => Promise<Compute>): void {
  let compute: Compute;
  const make = (recipe: Recipe, n: number, tabs: readonly number[] = []) =>
    Flock.make(compute, recipe, host, n, [], tabs);
  beforeAll(async () => {
    compute = await makeCompute();
  });
  afterAll(() => compute.destroy());

  describe(`gTop-k on ${backend}`, () => {
    it.each([2, 3, 5, 8])('leak-free, %i workers lose nothing', async (n) => {
      const flock = await make(recipeOf('g-top-k-sgd', {}, topK(0.02)), n);
      for (let round = 0; round < 4; round += 1) {
        const { expected, x } = await lossless(flock);
        const after = mean(await flock.read());
        expect(largest(after, expected)).toBeLessThan(F32);
        expect(largest(after, x)).toBeGreaterThan(1e-4);
        await expectReplicas(flock);
      }
      flock.destroy();
    });

    it('as published, some of it leaks away', async () => {
      const flock = await make(recipeOf('g-top-k-sgd', { leakFree: false }, topK(0.02)), 8);
      const missing: number[] = [];
      for (let round = 0; round < 4; round += 1) {
        const { expected } = await lossless(flock);
        missing.push(largest(mean(await flock.read()), expected));
        await expectReplicas(flock);
      }
      expect(Math.max(...missing)).toBeGreaterThan(1e-4);
      flock.destroy();
      // Two workers have no branch on which something could come back: nothing leaks.
      const pair = await make(recipeOf('g-top-k-sgd', { leakFree: false }, topK(0.02)), 2);
      for (let round = 0; round < 2; round += 1) {
        const { expected } = await lossless(pair);
        expect(largest(mean(await pair.read()), expected)).toBeLessThan(F32);
      }
      pair.destroy();
    });

    it.each([4, 7])('%i workers agree on what the tree of the paper finds', async (n) => {
      for (const leakFree of [true, false]) {
        const flock = await make(recipeOf('g-top-k-sgd', { leakFree }, topK(0.02)), n);
        const k = Math.floor(0.02 * flock.assets.layout.length);
        for (let round = 0; round < 3; round += 1) {
          const [x = new Float32Array()] = await flock.read();
          const e = await flock.read('e');
          const p = (await flock.gradients()).map((gradient, i) =>
            gradient.map((value, at) => (e[i]?.[at] ?? 0) + RATE * value),
          );
          const own = p.map((vector) => largestOf(vector.entries(), k));
          const global = treeSum(own, k);
          expect(global.size).toBe(k);
          await flock.step();
          const expected = x.map((value, at) => value - (global.get(at) ?? 0) / n);
          for (const after of await flock.read()) expect(largest(after, expected)).toBeLessThan(F32);
          if (leakFree) continue;
          for (const [i, residual] of (await flock.read('e')).entries()) {
            const left = p[i]?.map((value, at) => (own[i]?.has(at) === true && global.has(at) ? 0 : value));
            expect(largest(residual, left ?? [])).toBeLessThan(F32);
          }
        }
        flock.destroy();
      }
    });

    it('with all coordinates it is SGD, and its messages grow with the number of workers alone', async () => {
      for (const n of [1, 3, 4]) {
        const recipe = recipeOf('g-top-k-sgd', {}, topK(1));
        const flock = await make(recipe, n);
        const x = mean(await flock.read());
        const gradient = mean(await flock.gradients());
        await flock.step();
        const expected = x.map((value, k) => value - RATE * (gradient[k] ?? 0));
        for (const after of await flock.read()) expect(largest(after, expected)).toBeLessThan(F32);
        const { messages, bytes } = costOf(recipe, flock.assets.layout, new Array<number>(n).fill(0));
        expect(messages).toBe(2 * (n - 1));
        expect(flock.post.totals().bytesSent).toBe(bytes);
        flock.destroy();
      }
    });

    it('members come and go, and nothing is lost from the next round on', async () => {
      const flock = await make(recipeOf('g-top-k-sgd', {}, topK(0.02)), 5);
      for (const change of [{}, { leave: [0, 3] }, { join: 3 }]) {
        await flock.change(change);
        for (let round = 0; round < 2; round += 1) {
          const { expected } = await lossless(flock);
          expect(largest(mean(await flock.read()), expected)).toBeLessThan(F32);
          await expectReplicas(flock);
        }
      }
      flock.destroy();
    });

    it('refuses pairs that cannot be, names their sender, and has applied nothing', async () => {
      const flock = await make(recipeOf('g-top-k-sgd', {}, topK(0.02)), 2);
      const before = await flock.read();
      const k = Math.floor(0.02 * flock.assets.layout.length);
      const frame = { type: 'algorithm', view: flock.view.id, round: 0, step: 0, tag: 1, codec: 3 } as const;
      const [first] = flock.workers;
      for (const [payload, why] of [
        [new Uint8Array(8 * k), /Worker 1 sent.*they must rise/],
        [new Uint8Array(8 * k - 8), /Worker 1 sent.*bytes instead of/],
      ] as const) {
        await flock.post.send({ ...frame, source: 1, destination: 0, payload }, flock.post.self);
        await expect(first?.step(new AbortController().signal)).rejects.toThrow(why);
        expect(await flock.read()).toEqual(before);
        await flock.change({});
        Object.assign(frame, { view: flock.view.id, round: flock.view.startRound });
      }
      flock.destroy();
    });
  });

  describe(`hierarchical collectives on ${backend}`, () => {
    it.each(TABS)('all-reduce over tabs %i, %i, %i, … is the mean', async (...tabs) => {
      const n = tabs.length;
      const groups = new Set(tabs).size;
      const recipe = recipeOf('allreduce-sgd', { collective: 'hierarchical' });
      const flock = await make(recipe, n, tabs);
      const rounds = 3;
      for (let round = 0; round < rounds; round += 1) {
        const x = mean(await flock.read());
        const gradient = mean(await flock.gradients());
        await flock.step();
        const expected = x.map((value, k) => value - RATE * (gradient[k] ?? 0));
        for (const after of await flock.read()) expect(largest(after, expected)).toBeLessThan(F32);
        await expectReplicas(flock);
      }
      expect(sentBy(flock)).toBe(rounds * costOf(recipe, flock.assets.layout, tabs).bytes);
      // From tab to tab: a ring of the tabs for every shard, whole vectors together, and headers.
      const smallest = Math.min(
        ...[...new Set(tabs)].map((tab) => tabs.filter((each) => each === tab).length),
      );
      const header = algorithmMessageBytes(0);
      const d = flock.assets.layout.length;
      const ring = 2 * (groups - 1) * (4 * d + smallest * groups * header);
      expect(betweenTabs(flock, tabs)).toBe(rounds * ring);
      flock.destroy();
    });

    it('sends less from tab to tab than a flat ring whose neighbours are in other tabs', async () => {
      const tabs = [0, 1, 0, 1, 0, 1];
      const bytes: number[] = [];
      for (const collective of ['flat', 'hierarchical']) {
        const flock = await make(recipeOf('allreduce-sgd', { collective }), tabs.length, tabs);
        await flock.step();
        bytes.push(betweenTabs(flock, tabs));
        flock.destroy();
      }
      const [flat = 0, hierarchical = 0] = bytes;
      expect(hierarchical).toBeLessThan(flat / 4);
    });

    it.each(TABS)('HiTopK over tabs %i, %i, %i, … loses nothing', async (...tabs) => {
      const n = tabs.length;
      const recipe = recipeOf('ef-sgd', { collective: 'hierarchical' }, topK(0.02));
      const flock = await make(recipe, n, tabs);
      const rounds = 3;
      for (let round = 0; round < rounds; round += 1) {
        const { expected, x } = await lossless(flock);
        const after = mean(await flock.read());
        expect(largest(after, expected)).toBeLessThan(F32);
        expect(largest(after, x)).toBeGreaterThan(1e-4);
        await expectReplicas(flock);
      }
      expect(sentBy(flock)).toBe(rounds * costOf(recipe, flock.assets.layout, tabs).bytes);
      // Who holds shard j of m: the j-th of each tab; nobody owes anything outside its own.
      const groups = [...new Set(tabs)].map((tab) =>
        tabs.flatMap((each, rank) => (each === tab ? [rank] : [])),
      );
      const m = Math.min(...groups.map(({ length }) => length));
      const d = flock.assets.layout.length;
      for (const [rank, e] of (await flock.read('e')).entries()) {
        const place = groups.find((group) => group.includes(rank))?.indexOf(rank) ?? 0;
        const start = Math.floor((place * d) / m);
        const outside = e.findIndex((value, k) => value !== 0 && (k < start - m || k > start + d / m + m));
        expect(place < m ? outside : e.findIndex((value) => value !== 0)).toBe(-1);
      }
      flock.destroy();
    });

    it('HiTopK over tabs of one worker is EF-SGD by all-gather, bit for bit', async () => {
      const tabs = [0, 1, 2, 3];
      const flat = await make(recipeOf('ef-sgd', { momentum: 0.5 }, topK(0.02)), 4, tabs);
      const grouped = await make(
        recipeOf('ef-sgd', { momentum: 0.5, collective: 'hierarchical' }, topK(0.02)),
        4,
        tabs,
      );
      for (let round = 0; round < 3; round += 1) {
        await flat.step();
        await grouped.step();
        for (const name of ['x', 'e']) {
          const [ours, theirs] = [await grouped.read(name), await flat.read(name)];
          for (const [i, vector] of ours.entries()) expect(largest(vector, theirs[i] ?? [])).toBe(0);
        }
      }
      flat.destroy();
      grouped.destroy();
    });

    it('HiTopK when members come and go: what those who stay owe stays theirs', async () => {
      const flock = await make(
        recipeOf('ef-sgd', { collective: 'hierarchical' }, topK(0.02)),
        6,
        [0, 0, 1, 1, 1, 1],
      );
      for (const change of [{}, { leave: [0] }, { leave: [3, 4], join: 2 }]) {
        for (let round = 0; round < 2; round += 1) await flock.step();
        await flock.change(change);
        const { expected } = await lossless(flock);
        expect(largest(mean(await flock.read()), expected)).toBeLessThan(F32);
        await expectReplicas(flock);
      }
      flock.destroy();
    });

    it('needs the complete graph', () => {
      const ring = { topology: { id: 'ring', options: {} } };
      const recipe = (options: Record<string, unknown>) => recipeOf('allreduce-sgd', options, ring);
      expect(refusal(recipe({}), 6)).toBeNull();
      expect(refusal(recipe({ collective: 'hierarchical' }), 6)).toMatch(/topology complete/);
    });
  });

  describe(`DeAR on ${backend}`, () => {
    const DEAR = { schedule: 'dear' };
    /** One bucket, and three: the first matrix is larger than a bucket, the others are fused. */
    const ONE = { model: { id: 'mlp', options: { hidden: [8] } } };
    const MANY = { model: { id: 'mlp', options: { hidden: [96, 8] } } };

    it.each([
      ['one bucket', ONE, { id: 'sgd' }, 4, 'complete', 0],
      ['one bucket, momentum', ONE, { id: 'momentum', options: { weightDecay: 0.1 } }, 3, 'ring', 0],
      ['one bucket, Adam', ONE, { id: 'adam' }, 3, 'complete', 0],
      ['one bucket, Nesterov', ONE, { id: 'nesterov' }, 3, 'complete', 0],
      ['several buckets', MANY, { id: 'momentum' }, 3, 'complete', F32],
      ['alone', ONE, { id: 'momentum' }, 1, 'complete', 0],
    ] as const)(
      '%s: the iterates are those of synchronous SGD',
      async (_n, model, optimizer, n, id, tolerance) => {
        // A step that is put off is of the rate of its own round.
        const schedule = { id: 'step', options: { every: 2, factor: 0.7 } };
        const parts = { ...model, optimizer, schedule, topology: { id, options: {} } };
        const plain = await make(recipeOf('allreduce-sgd', {}, parts), n);
        const dear = await make(recipeOf('allreduce-sgd', DEAR, parts), n);
        const iterates = [await plain.read()];
        for (let round = 0; round < 7; round += 1) {
          await plain.step();
          await dear.step();
          iterates.push(await plain.read());
          const x = dear.workers[0]?.parameters;
          if (x === null || x === undefined) throw new Error('It has parameters.');
          // What is committed is one step behind until somebody looks, which in half of the rounds nobody does.
          const behind = iterates.at(n === 1 ? -1 : -2)?.[0] ?? [];
          expect(largest(await compute.read(x), behind)).toBeLessThanOrEqual(tolerance);
          if (round % 4 < 2) continue;
          const settled = await dear.read();
          for (const vector of settled) {
            expect(largest(vector, iterates.at(-1)?.[0] ?? [])).toBeLessThanOrEqual(tolerance);
          }
          await expectReplicas(dear);
        }
        plain.destroy();
        dear.destroy();
      },
    );

    it('sends what its cost formula says, whether anybody looks or not', async () => {
      for (const parts of [ONE, MANY]) {
        for (const looks of [false, true]) {
          const recipe = recipeOf('allreduce-sgd', DEAR, parts);
          const flock = await make(recipe, 4);
          await flock.step();
          if (looks) await flock.settle();
          const before = flock.post.totals().bytesSent;
          for (let round = 0; round < 3; round += 1) {
            await flock.step();
            if (looks) await flock.settle();
          }
          const { bytes } = costOf(recipe, flock.assets.layout, [0, 0, 0, 0]);
          expect(flock.post.totals().bytesSent - before).toBe(3 * bytes);
          flock.destroy();
        }
      }
    });

    it('members come and go, and the iterates go on as those of synchronous SGD', async () => {
      const parts = { optimizer: { id: 'momentum' } };
      const plain = await make(recipeOf('allreduce-sgd', {}, parts), 4);
      const dear = await make(recipeOf('allreduce-sgd', DEAR, parts), 4);
      for (const change of [{ leave: [1] }, { join: 2 }, {}]) {
        for (let round = 0; round < 3; round += 1) {
          await plain.step();
          await dear.step();
        }
        await plain.change(change);
        await dear.change(change);
        for (let round = 0; round < 2; round += 1) {
          await plain.step();
          await dear.step();
        }
        expect(await dear.read()).toEqual(await plain.read());
      }
      plain.destroy();
      dear.destroy();
    });

    it('a member that is gone of a sudden takes the step that was put off with it, for all', async () => {
      const flock = await make(recipeOf('allreduce-sgd', DEAR, { optimizer: { id: 'momentum' } }), 4);
      for (let round = 0; round < 3; round += 1) await flock.step();
      const x = flock.workers[0]?.parameters;
      if (x === null || x === undefined) throw new Error('It has parameters.');
      const committed = await compute.read(x);
      await flock.change({ leave: [2], abruptly: true });
      for (const vector of await flock.read()) expect(vector).toEqual(committed);
      for (let round = 0; round < 3; round += 1) {
        await flock.step();
        await expectReplicas(flock);
      }
      expect((await flock.read())[0]).not.toEqual(committed);
      flock.destroy();
    });

    it('a round that is rolled back, or a look, has not happened, and can be repeated', async () => {
      const recipe = recipeOf('allreduce-sgd', DEAR, { optimizer: { id: 'momentum' } });
      const flock = await make(recipe, 3);
      for (let round = 0; round < 2; round += 1) await flock.step();
      const [first, ...others] = flock.workers;
      const rollback = new AbortController();
      const attempts = [first?.step(rollback.signal), others[0]?.settle(rollback.signal)];
      rollback.abort(new Error('rolled back'));
      for (const attempt of attempts) await expect(attempt).rejects.toThrow('rolled back');
      await flock.step();
      const fresh = await make(recipe, 3);
      for (let round = 0; round < 3; round += 1) await fresh.step();
      expect(await flock.read()).toEqual(await fresh.read());
      flock.destroy();
      fresh.destroy();
    });

    it('needs a ring to cut in two', () => {
      const refused = (topology: string, options: Record<string, unknown>) =>
        refusal(recipeOf('allreduce-sgd', options, { topology: { id: topology, options: {} } }), 5);
      expect(refused('star', {})).toBeNull();
      expect(refused('ring', DEAR)).toBeNull();
      expect(refused('star', DEAR)).toMatch(/complete or ring/);
      expect(refused('complete', { ...DEAR, collective: 'hierarchical' })).toMatch(/collective flat/);
    });
  });
}
