/**
 * Where workers start, and whether that suits the algorithm: one model held in common cannot start apart,
 * and where nobody learns and all start alike there is nothing to do.
 */
import type { AlgorithmEntry } from '../algorithms/algorithm.ts';
import type { Recipe } from './recipe.ts';

/** Why the workers of this algorithm cannot start apart, and what to choose instead; or null. */
export function startRefusal({ init }: Recipe, { label, startsApart }: AlgorithmEntry): string | null {
  if (init !== 'spread' || startsApart === true) return null;
  return (
    `${label} has one model that all workers hold in common, so they cannot start apart. ` +
    'Choose the start standard or zeros, or an algorithm whose workers have models of their own, such as D-PSGD or CHOCO-SGD.'
  );
}

/** Why nothing will happen in a run in which nobody learns and all start alike; or null. */
export function startCaution({ init, lr, algorithm }: Recipe, entry: AlgorithmEntry): string | null {
  const learns = lr > 0 && entry.gradients?.(algorithm.options) !== 0;
  if (learns || init === 'spread') return null;
  const why = 'All workers start at the same parameters and none of them learns: nothing will change.';
  return entry.startsApart === true
    ? `${why} Let them start apart (start spread), and they come to agree.`
    : `${why} Choose a learning rate above 0.`;
}
