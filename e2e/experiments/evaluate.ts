/** Scores a model on the test split, in this process and on the cpu backend, whoever trained it. */
import { findEntry } from '../../src/base/registry.ts';
import { createCpuCompute } from '../../src/compute/cpu/index.ts';
import { DATASETS } from '../../src/data/index.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { Assets } from '../../src/session/assets.ts';
import { nodeDecoder } from '../../src/session/node-files.ts';
import { fetchInNode } from '../../src/session/node-lab.ts';
import { ROOT } from './lab-server.ts';
import type { Evaluate } from './summary.ts';

/** A function from parameters to their score; the data is loaded once. Without test rows, over all rows. */
export async function testEvaluation(recipe: Recipe): Promise<Evaluate> {
  const { load } = findEntry('dataset', DATASETS, recipe.dataset.id);
  const host = await load(recipe.dataset.options, fetchInNode(ROOT), recipe.seed, nodeDecoder);
  const { compute, layout, program, data, scored } = new Assets(createCpuCompute(), recipe, host);
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
