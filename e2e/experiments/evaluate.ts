/** Tests a model on the whole test split, in this process and on the cpu backend, whoever trained it. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { findEntry } from '../../src/base/registry.ts';
import { createCpuCompute } from '../../src/compute/cpu/index.ts';
import { ensureDigits } from '../../src/data/digits-build.ts';
import { DATASETS } from '../../src/data/index.ts';
import { splitRows } from '../../src/data/split.ts';
import { MODELS } from '../../src/models/index.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { ROOT } from './lab-server.ts';
import type { Evaluate } from './summary.ts';

/** What the lab would serve at a public path. */
async function fetchPublic(file: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(path.join(ROOT, 'public', file)));
}

/** A function from parameters to accuracy; the data is loaded once. */
export async function testEvaluation(recipe: Recipe): Promise<Evaluate> {
  ensureDigits(ROOT);
  const entry = findEntry('dataset', DATASETS, recipe.dataset.id);
  const model = findEntry('model', MODELS, recipe.model.id);
  const host = await entry.load(recipe.dataset.options, fetchPublic);
  const { test } = splitRows(host.rows, entry.testRows, recipe.seed);
  const compute = createCpuCompute();
  const layout = model.layout(recipe.model.options, entry.shape);
  const program = model.program(compute, layout, recipe.model.options, recipe.batch);
  const data = compute.dataset(host);
  const parameters = compute.vector(layout.length);
  return async (values) => {
    compute.upload(parameters, values);
    return (await program.evaluate(parameters, data, test)).accuracy;
  };
}
