/**
 * The Topology contract: a graph over the occupied seats, in order. Pure; knows nothing of peers.
 *
 * Nodes are positions 0..n-1 among the occupied seats (not seat numbers). A topology is undirected and
 * the same in every round unless it says otherwise. Weights come from edges in `mixing.ts`, and what
 * algorithms ask of a graph in `graph.ts`.
 */
import type { OptionSchema, Options } from '../base/options.ts';

/** Two positions: smaller first where the graph is undirected, [from, to] where it is directed. */
export type Edge = readonly [number, number];

/** Where a worker stands in a picture of the graph: x and y from 0 to 1, y downwards. */
export type Place = readonly [number, number];

export interface TopologyEntry {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly options: OptionSchema;
  /** Edges are [from, to]: always, or where these options say so. Ask with `isDirected`. */
  readonly directed?: true | ((options: Options) => boolean);
  /** The edges differ from round to round. Such a topology has a `support`. */
  readonly dynamic?: true;
  /**
   * Rounds after which a dynamic topology repeats (at least 1). A dynamic topology without a period draws
   * a matching of its support in every round, in which every edge is equally likely.
   */
  period?(n: number): number;
  /**
   * Edges for n workers in a round; no loops, no doubles, sorted. For a number of workers that is
   * `impossible` they mean nothing and must not be used.
   */
  edges(n: number, round: number, seed: number, options: Options): readonly Edge[];
  /** Why there is no such graph of n workers, and what to choose instead, in one sentence; or null. */
  impossible?(n: number, options: Options): string | null;
  /** Every edge of any round. For a static topology: its edges. */
  support?(n: number, seed: number, options: Options): readonly Edge[];
  /** Where the n workers stand in a picture; a circle if it is not given, or null. */
  place?(n: number, options: Options): readonly Place[] | null;
}

/** Whether the edges have a direction, with these options. */
export function isDirected(entry: TopologyEntry, options: Options): boolean {
  return typeof entry.directed === 'function' ? entry.directed(options) : entry.directed === true;
}

/** ⌈log2 n⌉: hops 1, 2, 4, … that reach around n workers. 0 for one worker. */
export function hops(n: number): number {
  let count = 0;
  while (2 ** count < n) count += 1;
  return count;
}
