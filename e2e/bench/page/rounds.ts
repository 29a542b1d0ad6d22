/**
 * A round of every algorithm, eight virtual workers in one tab, against eight plain SGD steps on the same
 * device: what the algorithm, its compressor and its messages cost beside the gradient.
 */
import { ALGORITHMS } from '../../../src/algorithms/index.ts';
import { createWebGpuCompute } from '../../../src/compute/webgpu/index.ts';
import type { HostDataset } from '../../../src/data/dataset.ts';
import { refusal } from '../../../src/recipe/legality.ts';
import type { Recipe } from '../../../src/recipe/recipe.ts';
import { buildRecipe } from '../../../src/recipe/schema.ts';
import { Flock, syntheticDigits } from '../../../src/simulator/flock.ts';
import { median } from './turns.ts';

const WORKERS = 8;

export interface RoundTime {
  readonly id: string;
  /** Compressor and topology it ran with. */
  readonly with: string;
  /** Milliseconds a round of all workers, and of as many plain steps, medians of interleaved turns. */
  readonly round: number;
  readonly plain: number;
  /** How the workers' own time splits, as shares: compute, compress, wait, apply. */
  readonly shares: readonly [number, number, number, number];
}

export interface RoundTimes {
  readonly adapter: string;
  readonly times: readonly RoundTime[];
}

/** Each algorithm with the compressor and topology it prefers; gossip on a ring. */
function recipes(): readonly Recipe[] {
  return ALGORITHMS.map(({ id }) => buildRecipe({ algorithm: { id }, rounds: 1_000_000, lr: 0.01 })).filter(
    (recipe) => refusal(recipe, WORKERS) === null,
  );
}

async function rounds(flock: Flock, count: number): Promise<number> {
  const started = performance.now();
  for (let round = 0; round < count; round++) await flock.step();
  await flock.assets.compute.finish();
  return (performance.now() - started) / count;
}

/** As many plain steps as there are workers, each with its own parameters. */
async function plainSteps(flock: Flock, count: number): Promise<number> {
  const { compute, program, data, layout, initial } = flock.assets;
  const x = compute.vector(layout.length);
  const gradient = compute.vector(layout.length);
  const losses = compute.vector(2);
  compute.upload(x, initial);
  const rows = Uint32Array.from({ length: flock.assets.recipe.batch }, (_, row) => row);
  await compute.finish();
  const started = performance.now();
  for (let step = 0; step < count * WORKERS; step++) {
    program.gradient(x, data, rows, gradient, losses, 0);
    compute.linear(x, [
      [1, x],
      [-0.01, gradient],
    ]);
    compute.submit();
  }
  await compute.finish();
  const time = (performance.now() - started) / count;
  compute.free(x, gradient, losses);
  return time;
}

export async function measureRounds(turns: number, perTurn: number): Promise<RoundTimes> {
  const compute = await createWebGpuCompute();
  const host: HostDataset = syntheticDigits();
  const times: RoundTime[] = [];
  for (const recipe of recipes()) {
    const flock = await Flock.make(compute, recipe, host, WORKERS);
    await rounds(flock, 2);
    const taken: number[] = [];
    const plain: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      plain.push(await plainSteps(flock, perTurn));
      taken.push(await rounds(flock, perTurn));
    }
    const sums = [0, 0, 0, 0];
    for (const { totals } of flock.workers) {
      const parts = [totals.computing, totals.compressing, totals.waiting, totals.applying];
      parts.forEach((part, index) => {
        sums[index] = (sums[index] ?? 0) + part;
      });
    }
    const total = sums.reduce((a, b) => a + b, 0);
    const [computing = 0, compress = 0, wait = 0, apply = 0] = sums.map((part) => part / total);
    times.push({
      id: recipe.algorithm.id,
      with: `${recipe.compressor.id}, ${recipe.topology.id}`,
      round: median(taken),
      plain: median(plain),
      shares: [computing, compress, wait, apply],
    });
    flock.destroy();
  }
  compute.destroy();
  return { adapter: compute.adapter, times };
}
