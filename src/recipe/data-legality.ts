/**
 * Whether a recipe's data, partition and model fit together: a sentence that says what to choose instead,
 * or null. What algorithm and topology have to say is `legality.ts`'s affair.
 */
import { findEntry } from '../base/registry.ts';
import { DATASETS, PARTITIONS } from '../data/index.ts';
import { MODELS } from '../models/index.ts';
import type { Recipe } from './recipe.ts';

export function dataRefusal({ dataset, partition, model }: Recipe): string | null {
  const data = findEntry('dataset', DATASETS, dataset.id);
  const missing = data.refuses?.(dataset.options) ?? null;
  if (missing !== null) return missing;
  const shape = data.shape(dataset.options);
  const learner = findEntry('model', MODELS, model.id);
  const others = (regression: boolean) =>
    MODELS.filter((entry) => (entry.regression === true) === regression).map(({ id }) => id);
  if (shape.classes === 0 && learner.regression !== true) {
    return `The model ${model.id} tells classes apart, and this data has numbers to predict. Choose ${others(true).join(' or ')}.`;
  }
  if (shape.classes > 0 && learner.regression === true) {
    return `The model ${model.id} predicts a number, and this data has classes. Choose ${others(false).join(' or ')}.`;
  }
  if (shape.tokens === true && learner.tokens !== true) {
    return `The model ${model.id} makes nothing of text. Choose gpt.`;
  }
  return (
    learner.refuses?.(shape, model.options) ??
    findEntry('partition', PARTITIONS, partition.id).refuses?.(shape) ??
    null
  );
}
