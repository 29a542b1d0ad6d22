/** Small helpers of the simulator's tests: a small network's recipe, runs of it, and means in double. */
import { createCpuCompute } from '../compute/cpu/index.ts';
import type { HostDataset } from '../data/dataset.ts';
import { randomStream } from '../math/random.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { layoutOf } from '../session/assets.ts';
import { distancesToMean } from '../session/consensus.ts';
import { Flock, syntheticDigits } from './flock.ts';

/** One f32 rounding of numbers of this size, several times over. */
export const F32 = 2e-6;

export const digits = syntheticDigits();

export const entry = (id: string, options: Record<string, unknown> = {}) => ({ id, options });

/** A small MLP; gossip on a ring unless the parts say otherwise. */
export const network = (parts: RecipeParts): Recipe =>
  buildRecipe({ model: entry('mlp', { hidden: [4] }), batch: 8, lr: 0.05, seed: 5, ...parts });

export const run = (
  recipe: Recipe,
  n: number,
  host: HostDataset = digits,
  starts: readonly Float32Array[] = [],
): Promise<Flock> => Flock.make(createCpuCompute(), recipe, host, n, starts);

/** Models after some rounds, by rank. */
export async function modelsAfter(
  recipe: Recipe,
  n: number,
  rounds: number,
): Promise<readonly Float32Array[]> {
  const flock = await run(recipe, n);
  for (let round = 0; round < rounds; round += 1) await flock.step();
  const models = await flock.read();
  flock.destroy();
  return models;
}

/** Normal numbers, other ones for every worker. */
export function distinctStarts(recipe: Recipe, n: number, scale = 1): Float32Array[] {
  return Array.from({ length: n }, (_, seat) => {
    const random = randomStream(11, 98, seat, 0);
    return Float32Array.from({ length: layoutOf(recipe).length }, () => scale * random.normal());
  });
}

export const mean = (vectors: readonly Float32Array[]): Float64Array => distancesToMean(vectors).mean;

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  for (let k = 0; k < a.length; k += 1) {
    difference = Math.max(difference, Math.abs((a[k] ?? 0) - (b[k] ?? 0)));
  }
  return difference;
}
