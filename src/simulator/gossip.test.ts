/**
 * Gossip algorithms against each other and against least squares, on the cpu: what is the same without
 * compression, what reaches the optimum of different data and what does not, and what a spectrum forbids.
 */
import { describe, expect, it } from 'vitest';
import { findEntry } from '../base/registry.ts';
import { COMPRESSORS } from '../compressors/index.ts';
import type { HostDataset } from '../data/dataset.ts';
import { randomStream } from '../math/random.ts';
import { caution, graphOf, refusal } from '../recipe/legality.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { layoutOf } from '../session/assets.ts';
import { distancesToMean } from '../session/consensus.ts';
import { entry, F32, largestDifference, mean, modelsAfter, network, run } from './testing.ts';

describe('without compression', () => {
  const none = { compressor: entry('none') };
  it.each([
    ['dcd-psgd', {}, 'cta'],
    ['ecd-psgd', {}, 'cta'],
    ['naive-compressed', {}, 'cta'],
    ['low-precision-d-psgd', {}, 'cta'],
    ['choco-sgd', { eta: 1, order: 'delayed' }, 'cta'],
    ['choco-sgd', { eta: 1 }, 'atc'],
    ['deepsqueeze', { eta: 1 }, 'atc'],
  ] as const)('%s %j is D-PSGD, %s', async (id, options, order) => {
    const topology = entry('path');
    const ours = await modelsAfter(network({ ...none, topology, algorithm: entry(id, options) }), 5, 5);
    const theirs = await modelsAfter(
      network({ ...none, topology, algorithm: entry('d-psgd', { order }) }),
      5,
      5,
    );
    for (const [i, model] of ours.entries())
      expect(largestDifference(model, theirs[i] ?? [])).toBeLessThan(5 * F32);
  });

  it('the two orders of D-PSGD differ', async () => {
    const [cta] = await modelsAfter(network({ algorithm: entry('d-psgd') }), 5, 3);
    const [atc] = await modelsAfter(network({ algorithm: entry('d-psgd', { order: 'atc' }) }), 5, 3);
    expect(largestDifference(cta ?? [], atc ?? [])).toBeGreaterThan(1e-3);
  });

  it('local steps: with k of them D-PSGD averages every k gradients', async () => {
    const recipe = network({ algorithm: entry('d-psgd', { order: 'atc', localSteps: 3 }) });
    const flock = await run(recipe, 4);
    const x = await flock.read();
    await flock.step();
    const { program, data, layout, compute } = flock.assets;
    const gradient = compute.vector(layout.length);
    const at = compute.vector(layout.length);
    const losses = compute.vector(2);
    const ends: Float32Array[] = [];
    for (const [seat, start] of x.entries()) {
      let point = start;
      const sampler = flock.assets.sampler(flock.assets.rows(seat, 4), seat);
      for (let step = 0; step < 3; step += 1) {
        compute.upload(at, point);
        program.gradient(at, data, sampler.at(step), gradient, losses, 0);
        const g = await compute.read(gradient);
        point = point.map((value, k) => value - recipe.lr * (g[k] ?? 0));
      }
      ends.push(point);
    }
    const { weights } = graphOf(recipe, 4, 0);
    for (const [i, model] of (await flock.read()).entries()) {
      const expected = model.map((_, k) =>
        ends.reduce((sum, end, j) => sum + (weights[i]?.[j] ?? 0) * (end[k] ?? 0), 0),
      );
      expect(largestDifference(model, expected)).toBeLessThan(5 * F32);
    }
    flock.destroy();
  });
});

describe('compressed differences', () => {
  it('DCD-PSGD: the mean moves by −γ ḡ plus the mean error of compression', async () => {
    const recipe = network({ algorithm: entry('dcd-psgd'), compressor: entry('one-bit') });
    const flock = await run(recipe, 4);
    const { compute, layout } = flock.assets;
    const { weights } = graphOf(recipe, 4, 0);
    const codec = findEntry('compressor', COMPRESSORS, 'one-bit').create(
      compute,
      layout,
      recipe.compressor.options,
    );
    const sent = new Map<number, Uint8Array>();
    flock.post.on('algorithm', ({ source, payload }) => sent.set(source, payload));
    const decoded = compute.vector(layout.length);
    for (let round = 0; round < 3; round += 1) {
      const x = await flock.read();
      const g = await flock.gradients();
      await flock.step();
      const errors: Float64Array[] = [];
      for (const [i, own] of x.entries()) {
        codec.decode(sent.get(i) ?? new Uint8Array(), decoded, 1, 'set');
        const q = await compute.read(decoded);
        errors.push(
          Float64Array.from(own, (value, k) => {
            const mixed = x.reduce((sum, other, j) => sum + (weights[i]?.[j] ?? 0) * (other[k] ?? 0), 0);
            const z = mixed - recipe.lr * (g[i]?.[k] ?? 0) - value;
            return (q[k] ?? 0) - z;
          }),
        );
      }
      const error = errors[0]?.map((_, k) => errors.reduce((sum, each) => sum + (each[k] ?? 0) / 4, 0));
      const gradient = mean(g);
      const expected = mean(x).map((value, k) => value - recipe.lr * (gradient[k] ?? 0) + (error?.[k] ?? 0));
      expect(largestDifference(mean(await flock.read()), expected)).toBeLessThan(F32);
      expect(largestDifference(error ?? [], new Float64Array(layout.length))).toBeGreaterThan(100 * F32);
    }
    codec.destroy();
    flock.destroy();
  });

  it.each([
    ['qsgd', { levels: 3, bucket: 128 }],
    ['uniform', { bits: 2, blockSize: 256 }],
  ] as const)('CHOCO makes a contraction of %s: q / (1 + α²), and agrees', async (id, options) => {
    const algorithm = entry('choco-gossip', { eta: 0.4 });
    const recipe = network({ algorithm, compressor: entry(id, options) });
    expect(refusal(recipe, 5)).toBeNull();
    const flock = await run(recipe, 5);
    const { compute, layout } = flock.assets;
    const codec = findEntry('compressor', COMPRESSORS, id);
    const alphaSquared =
      id === 'qsgd'
        ? Math.min(128 / 3 ** 2, Math.sqrt(128) / 3)
        : Math.min(256, layout.length) / (2 * 3 ** 2);
    const decoder = codec.create(compute, layout, recipe.compressor.options);
    const decoded = compute.vector(layout.length);
    const sent = new Map<number, Uint8Array>();
    flock.post.on('algorithm', ({ source, payload }) => sent.set(source, payload));
    const start = await flock.read();
    for (let round = 0; round < 3; round += 1) {
      const before = await flock.read('xHat');
      await flock.step();
      for (const [seat, xHat] of (await flock.read('xHat')).entries()) {
        decoder.decode(sent.get(seat) ?? new Uint8Array(), decoded, 1, 'set');
        const q = await compute.read(decoded);
        const expected = xHat.map((_, k) => (before[seat]?.[k] ?? 0) + (q[k] ?? 0) / (1 + alphaSquared));
        expect(largestDifference(xHat, expected)).toBeLessThan(F32);
      }
    }
    for (let round = 0; round < 100; round += 1) await flock.step();
    const models = await flock.read();
    expect(distancesToMean(models).value).toBeLessThan(0.1 * distancesToMean(start).value);
    expect(largestDifference(mean(models), mean(start))).toBeLessThan(10 * F32);
    flock.destroy();
  });

  it('CHOCO says where an unbiased compressor is so noisy that little is left of it', () => {
    const doubt = (options: Record<string, unknown>) => {
      const recipe = network({ algorithm: entry('choco-sgd'), compressor: entry('linear', options) });
      return caution(recipe, 5, layoutOf(recipe));
    };
    expect(doubt({})).toMatch(/divides what linear sends by 400/);
    expect(doubt({ levels: '9', blockSize: 128 })).toBeNull();
  });

  it('naive compression has a floor that grows as bits get fewer; CHOCO has none', async () => {
    const left = async (parts: RecipeParts) =>
      distancesToMean(await modelsAfter(network(parts), 5, 60)).value;
    const bits = (count: number) => entry('uniform', { bits: count });
    const fine = await left({ algorithm: entry('naive-compressed'), compressor: bits(8) });
    const coarse = await left({ algorithm: entry('naive-compressed'), compressor: bits(3) });
    const choco = await left({ algorithm: entry('choco-sgd', { eta: 0.4 }), compressor: bits(3) });
    expect(coarse).toBeGreaterThan(4 * fine);
    expect(choco).toBeLessThan(coarse / 4);
  });
});

/** Least squares over rows that differ from worker to worker: y = w·x with another w for each. */
function regressionRows(workers: number, rowsEach: number, width: number): HostDataset {
  const random = randomStream(3, 99, 0, 0);
  const rows = workers * rowsEach;
  const features = Float32Array.from({ length: rows * width }, () => random.normal());
  const labels = new Float32Array(rows);
  for (let worker = 0; worker < workers; worker += 1) {
    const w = Array.from({ length: width }, () => random.normal());
    for (let row = worker * rowsEach; row < (worker + 1) * rowsEach; row += 1) {
      labels[row] = w.reduce((sum, value, k) => sum + value * (features[row * width + k] ?? 0), 0);
    }
  }
  return { rows, width, classes: 0, scale: 1, features, labels };
}

/** The least-squares solution of all rows, by normal equations and Gaussian elimination in double. */
function optimum({ rows, width, features, labels }: HostDataset): Float64Array {
  const a = Array.from({ length: width }, (_, i) =>
    Float64Array.from({ length: width + 1 }, (_unused, j) => {
      let sum = 0;
      for (let row = 0; row < rows; row += 1) {
        const right = j === width ? (labels[row] ?? 0) : (features[row * width + j] ?? 0);
        sum += (features[row * width + i] ?? 0) * right;
      }
      return sum;
    }),
  );
  for (const [i, pivot] of a.entries()) {
    for (const [j, line] of a.entries()) {
      if (j === i) continue;
      const factor = (line[i] ?? 0) / (pivot[i] ?? 1);
      for (let k = 0; k <= width; k += 1) line[k] = (line[k] ?? 0) - factor * (pivot[k] ?? 0);
    }
  }
  return Float64Array.from(a, (line, i) => (line[width] ?? 0) / (line[i] ?? 1));
}

describe('on data that differ from worker to worker', () => {
  const n = 5;
  const width = 4;
  const host = regressionRows(n, 12, width);
  const best = optimum(host);
  const columns = Array.from({ length: width }, (_, k) => `x${k}`).join(',');
  const linear = (parts: RecipeParts) =>
    buildRecipe({
      dataset: entry('csv', { file: 'rows.csv', target: 'y', columns, classes: '0' }),
      partition: entry('contiguous'),
      model: entry('linear'),
      batch: 0,
      init: 'zeros',
      lr: 0.1,
      seed: 1,
      ...parts,
    });
  const distance = async (recipe: Recipe, rounds: number) => {
    const flock = await run(recipe, n, host);
    for (let round = 0; round < rounds; round += 1) await flock.step();
    const models = await flock.read();
    flock.destroy();
    return Math.max(...models.map((model) => largestDifference(model, best)));
  };

  // In f32, D² adds its rounding errors up: a random walk, far below the bias of D-PSGD.
  it.each(['d2', 'gradient-tracking'])('%s reaches the optimum of all data', async (id) => {
    expect(await distance(linear({ algorithm: entry(id) }), 400)).toBeLessThan(1e-4);
  });

  it('D-PSGD stays away from it', async () => {
    expect(await distance(linear({ algorithm: entry('d-psgd') }), 400)).toBeGreaterThan(1e-2);
  });
});

describe('D² and the smallest eigenvalue', () => {
  const torus = { topology: entry('torus') };
  const starts = (recipe: Recipe) =>
    Array.from({ length: 16 }, (_, seat) => {
      const random = randomStream(17, 98, seat, 0);
      return Float32Array.from({ length: layoutOf(recipe).length }, () => random.normal());
    });
  const left = async (mixing: string, rounds: number) => {
    const recipe = network({ ...torus, lr: 0, algorithm: entry('d2', { mixing }) });
    const flock = await run(recipe, 16, undefined, starts(recipe));
    const before = distancesToMean(await flock.read()).value;
    for (let round = 0; round < rounds; round += 1) await flock.step();
    const ratio = distancesToMean(await flock.read()).value / before;
    flock.destroy();
    return ratio;
  };

  it('below −1/3 consensus is lost; with the lazy matrix it is found', async () => {
    expect(await left('metropolis', 30)).toBeGreaterThan(10);
    expect(await left('lazy', 30)).toBeLessThan(0.01);
    expect(await left('auto', 30)).toBeLessThan(0.01);
  });
});
