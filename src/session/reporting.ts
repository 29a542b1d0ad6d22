/**
 * Which model the figures of a session are of, over the members of a view: the kind that the algorithm
 * declares, and, where it is the server's, the seat that plays it.
 */
import { ALGORITHMS } from '../algorithms/index.ts';
import { partsOf, type Reported, serverOf } from '../algorithms/reported.ts';
import { findEntry } from '../base/registry.ts';
import { graphOf } from '../recipe/legality.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { parseRecipe } from '../recipe/schema.ts';
import type { View } from '../room/view.ts';

export interface Reporting {
  readonly of: Reported;
  /** The server's seat; null where no server is asked. */
  readonly seat: number | null;
  /** How much of each model is in the reported one, by the order of the seats, from the workers' own weights. */
  parts(weights: readonly number[]): readonly number[];
}

/** Over these seats, in the order in which the graph is laid over them. */
export function reportingOf(recipe: Recipe, seats: readonly number[]): Reporting {
  const { reports } = findEntry('algorithm', ALGORITHMS, recipe.algorithm.id);
  const server = () => serverOf(graphOf(recipe, Math.max(1, seats.length), 0));
  return {
    of: reports,
    seat: reports === 'server' ? (seats[server()] ?? null) : null,
    parts: (weights) => partsOf(reports, { isStar: reports === 'server' ? server() : null }, weights),
  };
}

const known = new WeakMap<View, Reporting>();

/** The same of a view; asked in every round. */
export function reportingIn(view: View): Reporting {
  let reporting = known.get(view);
  if (reporting === undefined) {
    reporting = reportingOf(
      parseRecipe(view.recipe),
      view.seats.map(({ seat }) => seat),
    );
    known.set(view, reporting);
  }
  return reporting;
}
