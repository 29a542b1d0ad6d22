/**
 * Which mixing matrix a graph gets. Undirected graphs that stay the same have a choice, added to their
 * options here; matchings average in pairs, and one-way edges ask for push-sum weights.
 */
import { choiceOption, type Options } from '../base/options.ts';
import { arcsOf } from './edges.ts';
import { lazy, type Mixing, metropolis, pushSum, uniform } from './mixing.ts';
import { type Edge, isDirected, type TopologyEntry } from './topology.ts';

/** The entry with the choice among its options, where it has one. */
export function withWeights(entry: TopologyEntry): TopologyEntry {
  if (entry.directed !== undefined || entry.dynamic === true) return entry;
  return {
    ...entry,
    options: {
      ...entry.options,
      weights: {
        kind: 'choice',
        default: 'metropolis',
        choices: ['metropolis', 'uniform', 'lazy'],
        label: 'weights',
        help: 'Of the mixing matrix W. metropolis: by the larger degree of an edge’s ends; keeps the mean on every graph. uniform: a plain average of whom one hears; keeps the mean only where all have as many neighbours. lazy: half Metropolis, half standing still, so that no eigenvalue is negative.',
      },
    },
  };
}

/** W of a graph with these edges: [from, to] where it is directed. */
export function weightsOf(entry: TopologyEntry, options: Options, n: number, edges: readonly Edge[]): Mixing {
  if (isDirected(entry, options)) return pushSum(n, edges);
  if (entry.options.weights === undefined) return metropolis(n, edges);
  switch (choiceOption(options, 'weights')) {
    case 'uniform':
      return uniform(n, arcsOf(edges, false));
    case 'lazy':
      return lazy(metropolis(n, edges));
    default:
      return metropolis(n, edges);
  }
}
