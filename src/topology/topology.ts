/**
 * The Topology contract: a graph over the occupied seats, in order. Pure; knows nothing of peers.
 *
 * Nodes are positions 0..n-1 among the occupied seats (not seat numbers). Weights are derived from
 * edges by `mixing.ts`.
 */
import type { OptionSchema, Options } from '../base/options.ts';

/** An undirected edge between two positions, smaller first. */
export type Edge = readonly [number, number];

export interface TopologyEntry {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly options: OptionSchema;
  /** Edges for n workers in a round; no loops, no doubles, sorted. */
  edges(n: number, round: number, seed: number, options: Options): readonly Edge[];
}
