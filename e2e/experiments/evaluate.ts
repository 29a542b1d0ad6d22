/**
 * The data of a recipe in this process, to score models on its test split on the cpu backend, whoever
 * trained them, and to say how its rows were prepared.
 */
import { findEntry } from '../../src/base/registry.ts';
import { createCpuCompute } from '../../src/compute/cpu/index.ts';
import { DATASETS } from '../../src/data/index.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { Assets } from '../../src/session/assets.ts';
import { nodeDecoder } from '../../src/session/node-files.ts';
import { fetchInNode } from '../../src/session/node-lab.ts';
import { ROOT } from './lab-build.ts';
import type { Evaluate } from './summary.ts';

/** @throws {DataError} in one sentence. */
export async function openAssets(recipe: Recipe): Promise<Assets> {
  const { load } = findEntry('dataset', DATASETS, recipe.dataset.id);
  const host = await load(recipe.dataset.options, fetchInNode(ROOT), recipe.seed, nodeDecoder);
  return new Assets(createCpuCompute(), recipe, host);
}

/** A function from parameters to their score. Without test rows, over all rows. */
export function testEvaluation({ compute, layout, program, data, scored }: Assets): Evaluate {
  const parameters = compute.vector(layout.length);
  return async (values) => {
    compute.upload(parameters, values);
    const { loss, accuracy } = await program.evaluate(parameters, data, scored);
    return { loss, accuracy: Number.isNaN(accuracy) ? null : accuracy };
  };
}

/**
 * The recipe with what follows from its data file filled in: columns and classes.
 * @throws {DataError} in one sentence.
 */
export async function completeData(recipe: Recipe): Promise<Recipe> {
  const { id, options } = recipe.dataset;
  const entry = findEntry('dataset', DATASETS, id);
  if (entry.complete === undefined) return recipe;
  return { ...recipe, dataset: { id, options: await entry.complete(options, fetchInNode(ROOT)) } };
}
