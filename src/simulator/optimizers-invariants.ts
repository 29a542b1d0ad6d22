/**
 * Optimizers, schedules and clipping at work in a flock, against their equations in double precision, on
 * either backend: who calls this gives it a device.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute } from '../compute/compute.ts';
import { graphOf } from '../recipe/legality.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { RecipeParts } from '../recipe/schema.ts';
import { Flock } from './flock.ts';
import { type Numbers, ReferenceOptimizer } from './optimizer-reference.ts';
import { digits, entry, largestDifference, mean, network } from './testing.ts';

const LARGE_EPSILON = { epsilon: 1e-4 };
/** Every optimizer that a worker can step by alone, with settings that reach its branches. */
const OPTIMIZERS = [
  entry('sgd', { weightDecay: 0.1 }),
  entry('momentum', { weightDecay: 0.1 }),
  entry('nesterov', { momentum: 0.8, weightDecay: 0.1 }),
  entry('adam', { ...LARGE_EPSILON, weightDecay: 0.1 }),
  entry('adamw', { ...LARGE_EPSILON, beta2: 0.9, weightDecay: 0.1 }),
  entry('lars', { trust: 0.1, weightDecay: 0.1 }),
  entry('lamb', { ...LARGE_EPSILON, weightDecay: 0.1 }),
];
const ADAM = { optimizer: entry('adam', LARGE_EPSILON), lr: 0.01 };
/** Some f32 roundings of numbers of size 1; Adam's quotient and layers' ratios cost a few more. */
const CLOSE = 4e-6;

const ATC = entry('d-psgd', { order: 'atc' });

/** Σ_j W_ij h_j for every i. */
function mixed(recipe: Recipe, h: readonly ArrayLike<number>[], round: number): Numbers[] {
  const { weights } = graphOf(recipe, h.length, round);
  return h.map((own, i) =>
    Float64Array.from(own, (_, k) =>
      h.reduce((sum, other, j) => sum + (weights[i]?.[j] ?? 0) * (other[k] ?? 0), 0),
    ),
  );
}

/** Gradients of worker `seat` along a way of its own: the batches of the coming round, one a step. */
async function gradientAt(
  flock: Flock,
  seat: number,
  point: ArrayLike<number>,
  step: number,
  steps: number,
): Promise<Float32Array> {
  const { assets, workers } = flock;
  const { compute, layout, program, data } = assets;
  const gradient = compute.vector(layout.length);
  const at = compute.vector(layout.length);
  const losses = compute.vector(2);
  const rows = assets.rows(seat, flock.view.run.dealt ?? workers.length);
  const batch = assets.sampler(rows, seat).at((workers[0]?.round ?? 0) * steps + step);
  compute.upload(at, Float32Array.from(point));
  program.gradient(at, data, batch, gradient, losses, 0);
  const values = await compute.read(gradient);
  compute.free(gradient, at, losses);
  return values;
}

export function describeOptimizers(backend: string, makeCompute: () => Promise<Compute>): void {
  describe(`optimizers in a flock on ${backend}`, () => {
    let compute: Compute;
    const make = (parts: RecipeParts, n: number) => Flock.make(compute, network(parts), digits, n);
    beforeAll(async () => {
      compute = await makeCompute();
    });
    afterAll(() => compute.destroy());

    it.each(
      OPTIMIZERS.flatMap((optimizer) =>
        ['cta', 'atc'].map((order) => [optimizer.id, order, optimizer] as const),
      ),
    )(
      'gossip with %s, %s: every worker steps by its own moments, then all mix their models',
      async (_id, order, optimizer) => {
        const flock = await make({ algorithm: entry('d-psgd', { order }), optimizer, lr: 0.02 }, 4);
        const { layout, recipe } = flock.assets;
        const own = flock.workers.map(() => new ReferenceOptimizer(layout, recipe.optimizer));
        for (let round = 0; round < 6; round += 1) {
          const x = await flock.read();
          const gradients = await flock.gradients();
          const h = x.map(
            (point, i) => own[i]?.step(point, gradients[i] ?? [], recipe.lr) ?? new Float64Array(),
          );
          const average = mixed(recipe, order === 'atc' ? h : x, round);
          const expected =
            order === 'atc'
              ? average
              : average.map((value, i) => value.map((a, k) => a + (h[i]?.[k] ?? 0) - (x[i]?.[k] ?? 0)));
          await flock.step();
          for (const [i, model] of (await flock.read()).entries()) {
            expect(largestDifference(model, expected[i] ?? [])).toBeLessThan(CLOSE);
          }
        }
        flock.destroy();
      },
    );

    it.each([2, 3])('%i local steps take the moments along', async (localSteps) => {
      const parts = { ...ADAM, algorithm: entry('d-psgd', { order: 'atc', localSteps }) };
      const flock = await make(parts, 3);
      const { layout, recipe } = flock.assets;
      const own = flock.workers.map(() => new ReferenceOptimizer(layout, recipe.optimizer));
      for (let round = 0; round < 3; round += 1) {
        const h: Numbers[] = [];
        for (const [seat, start] of (await flock.read()).entries()) {
          let point: ArrayLike<number> = start;
          for (let step = 0; step < localSteps; step += 1) {
            const gradient = await gradientAt(flock, seat, point, step, localSteps);
            point = own[seat]?.step(point, gradient, recipe.lr) ?? point;
          }
          h.push(Float64Array.from(point));
        }
        await flock.step();
        const expected = mixed(recipe, h, round);
        for (const [i, model] of (await flock.read()).entries()) {
          // Gradients along the way are taken at points that were rounded another way.
          expect(largestDifference(model, expected[i] ?? [])).toBeLessThan(5e-5);
        }
      }
      flock.destroy();
    });

    it.each([
      ['choco-sgd', { eta: 1 }, 'ring'],
      ['deepsqueeze', { eta: 1 }, 'ring'],
      ['sgp', {}, 'ring'],
      ['rps', { dropRate: 0 }, 'complete'],
    ] as const)(
      '%s without compression and losses is D-PSGD, with Adam, too',
      async (id, options, topology) => {
        const parts = { ...ADAM, topology: entry(topology), compressor: entry('none') };
        const ours = await make({ ...parts, algorithm: entry(id, options) }, 4);
        const theirs = await make({ ...parts, algorithm: ATC }, 4);
        for (let round = 0; round < 4; round += 1) {
          await ours.step();
          await theirs.step();
        }
        const expected = await theirs.read();
        for (const [i, model] of (await ours.read()).entries()) {
          expect(largestDifference(model, expected[i] ?? [])).toBeLessThan(5e-5);
        }
        ours.destroy();
        theirs.destroy();
      },
    );

    it.each([
      ['dcd-psgd', {}, 'ring', 'd-psgd', 'nesterov'],
      ['ecd-psgd', {}, 'ring', 'd-psgd', 'momentum'],
      ['saef', { momentum: 0.9 }, 'complete', 'allreduce-sgd', 'momentum'],
      ['saef', { momentum: 0.9 }, 'star', 'allreduce-sgd', 'momentum'],
      ['double-squeeze', { momentum: 0.9 }, 'complete', 'allreduce-sgd', 'nesterov'],
    ] as const)(
      '%s %j on %s without compression is %s with %s',
      async (id, options, topology, plain, optimizer) => {
        const common = { topology: entry(topology), compressor: entry('none'), lr: 0.01 };
        const own = Object.hasOwn(options, 'momentum') ? {} : { optimizer: entry(optimizer) };
        const ours = await make({ ...common, ...own, algorithm: entry(id, options) }, 4);
        const theirs = await make({ ...common, optimizer: entry(optimizer), algorithm: entry(plain) }, 4);
        for (let round = 0; round < 4; round += 1) {
          await ours.step();
          await theirs.step();
        }
        const expected = await theirs.read();
        for (const [i, model] of (await ours.read()).entries()) {
          expect(largestDifference(model, expected[i] ?? [])).toBeLessThan(5e-5);
        }
        ours.destroy();
        theirs.destroy();
      },
    );

    it('clients of FedAvg go through their rows, the last batch smaller, and the server goes its own rate', async () => {
      const options = { localEpochs: 1, serverRate: 0.5 };
      const partition = entry('quantity', { alpha: 1 });
      const flock = await make({ algorithm: entry('fedavg', options), partition, batch: 48, lr: 0.02 }, 4);
      const { compute: device, layout, program, data, recipe } = flock.assets;
      const at = device.vector(layout.length);
      const gradient = device.vector(layout.length);
      const losses = device.vector(2);
      const [w = new Float32Array()] = await flock.read();
      const rows = flock.workers.map((worker) => worker.rows);
      const sizes = new Set<number>();
      let expected = Float64Array.from(w, (value) => 0.5 * value);
      for (const [seat, count] of rows.entries()) {
        const sampler = flock.assets.sampler(flock.assets.rows(seat, 4), seat);
        let y = Float64Array.from(w);
        for (let index = 0; index < sampler.batches; index += 1) {
          const batch = sampler.ofEpoch(0, index);
          sizes.add(batch.length);
          device.upload(at, Float32Array.from(y));
          program.gradient(at, data, batch, gradient, losses, 0);
          const g = await device.read(gradient);
          y = y.map((value, k) => value - recipe.lr * (g[k] ?? 0));
        }
        const share = count / rows.reduce((sum, each) => sum + each, 0);
        expected = expected.map((value, k) => value + 0.5 * share * (y[k] ?? 0));
      }
      expect(sizes.size).toBeGreaterThan(2);
      await flock.step();
      for (const model of await flock.read()) expect(largestDifference(model, expected)).toBeLessThan(5e-5);
      device.free(at, gradient, losses);
      flock.destroy();
    });

    it('moments stay with who has them when members come and go, and begin as zeros', async () => {
      const flock = await make({ ...ADAM, algorithm: ATC }, 4);
      for (let round = 0; round < 3; round += 1) await flock.step();
      const [m, v] = [await flock.read('optimizer m'), await flock.read('optimizer v')];
      await flock.change({ leave: [1], join: 1 });
      const zeros = new Float32Array(flock.assets.layout.length);
      expect(await flock.read('optimizer m')).toEqual([m[0], m[2], m[3], zeros]);
      expect(await flock.read('optimizer v')).toEqual([v[0], v[2], v[3], zeros]);
      expect(flock.workers.map(({ state }) => state?.['optimizer t'])).toEqual([3, 3, 3, 0]);
      await flock.step();
      expect(flock.workers.map(({ state }) => state?.['optimizer t'])).toEqual([4, 4, 4, 1]);
      flock.destroy();
    });

    it('a round that is rolled back has not moved the moments', async () => {
      const parts = { ...ADAM, algorithm: entry('d-psgd', { localSteps: 2 }) };
      const flock = await make(parts, 3);
      const calm = await make(parts, 3);
      for (const each of [flock, calm]) for (let round = 0; round < 2; round += 1) await each.step();
      const rollback = new AbortController();
      const attempt = flock.workers[0]?.step(rollback.signal);
      const refused = expect(attempt).rejects.toThrow('rolled back');
      await Promise.resolve();
      rollback.abort(new Error('rolled back'));
      await refused;
      for (const each of [flock, calm]) await each.step();
      for (const name of ['x', 'optimizer m', 'optimizer v']) {
        expect(await flock.read(name)).toEqual(await calm.read(name));
      }
      flock.destroy();
      calm.destroy();
    });

    it.each(['momentum', 'adam'])('clients of FedAvg begin every round without %s of before', async (id) => {
      const localSteps = 3;
      const optimizer = entry(id, id === 'adam' ? LARGE_EPSILON : {});
      const flock = await make({ algorithm: entry('fedavg', { localSteps }), optimizer, lr: 0.01 }, 3);
      const { layout, recipe } = flock.assets;
      for (let round = 0; round < 2; round += 1) {
        const ends: Numbers[] = [];
        for (const [seat, start] of (await flock.read()).entries()) {
          const own = new ReferenceOptimizer(layout, recipe.optimizer);
          let point: ArrayLike<number> = start;
          for (let step = 0; step < localSteps; step += 1) {
            point = own.step(point, await gradientAt(flock, seat, point, step, localSteps), recipe.lr);
          }
          ends.push(Float64Array.from(point));
        }
        await flock.step();
        const rows = flock.workers.map((worker) => worker.rows);
        const total = rows.reduce((sum, count) => sum + count, 0);
        const expected = Float64Array.from(ends[0] ?? [], (_, k) =>
          ends.reduce((sum, end, i) => sum + ((rows[i] ?? 0) / total) * (end[k] ?? 0), 0),
        );
        for (const model of await flock.read()) expect(largestDifference(model, expected)).toBeLessThan(5e-5);
      }
      flock.destroy();
    });

    it.each(
      OPTIMIZERS.filter(({ id }) => id !== 'lars' && id !== 'lamb').map((each) => [each.id, each] as const),
    )('AllReduce-SGD with %s steps along the mean gradient', async (_id, optimizer) => {
      const parts = { algorithm: entry('allreduce-sgd'), topology: entry('complete'), optimizer, lr: 0.02 };
      const flock = await make(parts, 3);
      const { layout, recipe } = flock.assets;
      const reference = new ReferenceOptimizer(layout, recipe.optimizer);
      for (let round = 0; round < 6; round += 1) {
        const [x = new Float32Array()] = await flock.read();
        const expected = reference.step(x, mean(await flock.gradients()), recipe.lr);
        await flock.step();
        const [first, ...others] = await flock.read();
        expect(largestDifference(first ?? [], expected)).toBeLessThan(CLOSE);
        for (const other of others) expect(other).toEqual(first);
      }
      flock.destroy();
    });

    it.each([
      ['warm-up', entry('constant', { warmupRounds: 4 }), [0.25, 0.5, 0.75, 1, 1, 1]],
      ['steps', entry('step', { every: 2, factor: 0.5 }), [1, 1, 0.5, 0.5, 0.25, 0.25]],
      [
        'a cosine',
        entry('cosine', { rounds: 4 }),
        [1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2, 0, 0],
      ],
      ['linear scaling', entry('constant', { linearScaling: true }), [3, 3, 3, 3, 3, 3]],
    ] as const)('the rate of a run with %s', async (_name, schedule, shares) => {
      const flock = await make({ algorithm: ATC, schedule }, 3);
      const { recipe } = flock.assets;
      for (const [round, share] of shares.entries()) {
        const x = await flock.read();
        const gradients = await flock.gradients();
        const rate = share * recipe.lr;
        const h = x.map((point, i) =>
          Float64Array.from(point, (value, k) => value - rate * (gradients[i]?.[k] ?? 0)),
        );
        await flock.step();
        for (const worker of flock.workers) expect(worker.rate).toBeCloseTo(rate, 12);
        const expected = mixed(recipe, h, round);
        for (const [i, model] of (await flock.read()).entries()) {
          expect(largestDifference(model, expected[i] ?? [])).toBeLessThan(CLOSE);
        }
      }
      flock.destroy();
    });

    it('the rate follows the number of workers, and goes on with its round when they change', async () => {
      const schedule = entry('step', { every: 2, factor: 0.1, linearScaling: true });
      const flock = await make({ algorithm: ATC, schedule }, 4);
      const rates: number[] = [];
      const take = async () => {
        await flock.step();
        rates.push(flock.workers[0]?.rate ?? Number.NaN);
      };
      for (let round = 0; round < 2; round += 1) await take();
      await flock.change({ leave: [2] });
      // Entering took a round number of its own.
      for (let round = 3; round < 5; round += 1) await take();
      const { lr } = flock.assets.recipe;
      const expected = [4 * lr, 4 * lr, 0.3 * lr, 0.03 * lr];
      expect(rates).toEqual(expected.map((rate) => expect.closeTo(rate, 12)));
      flock.destroy();
    });

    it.each(['d-psgd', 'allreduce-sgd'])(
      '%s with clipping: no gradient is longer than the norm given',
      async (id) => {
        const parts = { algorithm: entry(id), topology: entry('complete') };
        const lengths: number[] = [];
        for (const limit of [0.05, 1000]) {
          const flock = await make({ ...parts, clip: limit }, 3);
          const { recipe } = flock.assets;
          for (let round = 0; round < 3; round += 1) {
            const before = mean(await flock.read());
            const gradients = (await flock.gradients()).map((gradient) => {
              const norm = Math.hypot(...gradient);
              lengths.push(norm / limit);
              return gradient.map((value) => value * Math.min(1, limit / norm));
            });
            const along = mean(gradients);
            await flock.step();
            const expected = before.map((value, k) => value - recipe.lr * (along[k] ?? 0));
            expect(largestDifference(mean(await flock.read()), expected)).toBeLessThan(CLOSE);
          }
          flock.destroy();
        }
        // The first limit bites, the second does not.
        expect(Math.max(...lengths)).toBeGreaterThan(2);
        expect(Math.min(...lengths)).toBeLessThan(0.1);
      },
    );
  });
}
