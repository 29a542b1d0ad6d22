/**
 * How the flock stands in the picture: in the pattern that suits the recipe's topology (a grid, a cube,
 * two columns, around a centre), else on a circle. Those who have just left stand below a pattern, since
 * the graph is without them.
 */
import { findEntry } from '../../base/registry.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { WorkerStatus } from '../../session/snapshot.ts';
import { impossibleReason } from '../../topology/graph.ts';
import { TOPOLOGIES } from '../../topology/index.ts';
import { isDirected } from '../../topology/topology.ts';
import { type Arrangement, circle, pattern, rowBelow } from './geometry.ts';

/** Homes and labels in the order of `workers`. */
export function arrangementOf(recipe: Recipe, workers: readonly WorkerStatus[]): Arrangement {
  const { id, options } = recipe.topology;
  const entry = findEntry('topology', TOPOLOGIES, id);
  const n = workers.filter(({ health }) => health !== 'gone').length;
  const possible = n > 1 && impossibleReason(entry, options, n) === null;
  const places = possible ? (entry.place?.(n, options) ?? null) : null;
  if (places === null) return circle(workers.length);
  const present = pattern(places);
  const gone = rowBelow(workers.length - n);
  const [homes, labels] = [[...present.homes], [...present.labels]];
  workers.forEach(({ health }, index) => {
    if (health !== 'gone') return;
    homes.splice(index, 0, ...gone.splice(0, 1));
    labels.splice(index, 0, { x: 0, y: 1 });
  });
  return { ...present, homes, labels };
}

/** Whether the recipe's edges have a direction, to be drawn with an arrow. */
export function hasDirection({ topology: { id, options } }: Recipe): boolean {
  return isDirected(findEntry('topology', TOPOLOGIES, id), options);
}
