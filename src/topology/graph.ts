/**
 * The graph of one round, as algorithms and the page ask about it: who hears whom, with which weights, and
 * what kind of graph it is. Made from a topology entry, the number of workers and a seed; pure, so that
 * every worker computes the same one.
 */
import type { Options } from '../base/options.ts';
import { arcsOf, connected, reversed, successors } from './edges.ts';
import { type Mixing, metropolis, pushSum } from './mixing.ts';
import {
  isDoublyStochastic,
  isSymmetric,
  matchingSpectrum,
  periodSpectrum,
  type Spectrum,
  spectrum,
} from './spectrum.ts';
import { type Edge, isDirected, type TopologyEntry } from './topology.ts';
import { weightsOf } from './weights.ts';

export interface Graph {
  /** Number of workers. */
  readonly n: number;
  /** Edges are [from, to]; otherwise [smaller, larger] and both hear each other. */
  readonly directed: boolean;
  /** Other rounds have other edges. */
  readonly dynamic: boolean;
  /** Edges of this round, sorted. */
  readonly edges: readonly Edge[];
  /** Every edge of any round. */
  readonly support: readonly Edge[];
  /**
   * Mixing matrix W, rows by position: row i holds what i gives to what it receives. Metropolis weights
   * unless the options say otherwise, or push-sum weights (columns sum to 1) where the graph is directed.
   */
  readonly weights: Mixing;
  /** Positions whose messages i hears in this round, ascending; itself not among them. */
  receivesFrom(i: number): readonly number[];
  /** Positions that i sends to in this round, ascending. */
  sendsTo(i: number): readonly number[];
  /** Rows and columns of W sum to 1. */
  readonly doublyStochastic: boolean;
  /** W = Wᵀ. */
  readonly symmetric: boolean;
  /** Everybody hears and sends to the same number of workers in this round. */
  readonly regular: boolean;
  /** Along the edges of all rounds, everybody hears of everybody in the end. */
  readonly connected: boolean;
  /**
   * Side of every position, 0 or 1, such that every edge of any round goes across; position 0 is on side
   * 0. Null where there is no such division.
   */
  readonly bipartite: readonly (0 | 1)[] | null;
  /** Everybody hears everybody in this round. */
  readonly isComplete: boolean;
  /** The centre, where the edges of this round are exactly those between one worker and all others. */
  readonly isStar: number | null;
}

/** What is asked for rarely is worked out when it is, once. */
function once<Value>(work: () => Value): () => Value {
  let known: { readonly value: Value } | null = null;
  return () => {
    known ??= { value: work() };
    return known.value;
  };
}

/** Colours both ends of every edge differently, if that is possible. */
function sidesOf(n: number, edges: readonly Edge[]): readonly (0 | 1)[] | null {
  const beside = successors(n, arcsOf(edges, false));
  const sides = new Map<number, 0 | 1>();
  for (let start = 0; start < n; start++) {
    if (!sides.has(start)) sides.set(start, 0);
    // A map is walked in the order of insertion, what is added on the way included.
    for (const [node, side] of sides) {
      for (const other of beside[node] ?? []) {
        if (sides.get(other) === side) return null;
        sides.set(other, side === 0 ? 1 : 0);
      }
    }
  }
  return Array.from({ length: n }, (_, i) => sides.get(i) ?? 0);
}

export interface GraphTraits {
  readonly directed?: boolean;
  /** Every edge of any round, for a graph whose rounds differ. */
  readonly support?: () => readonly Edge[];
  /** The mixing matrix; Metropolis weights, or push-sum weights where it is directed, if not given. */
  readonly weights?: () => Mixing;
}

/** A graph from its edges: sorted, without loops and doubles. @throws {RangeError} for one to nowhere. */
export function graphOfEdges(n: number, edges: readonly Edge[], traits: GraphTraits = {}): Graph {
  const { directed = false } = traits;
  const arcs = arcsOf(edges, directed);
  const onward = successors(n, arcs);
  const back = successors(n, reversed(arcs));
  const degree = onward[0]?.length ?? 0;
  const hub = onward.findIndex((list) => list.length === n - 1);

  const support = once(traits.support ?? (() => edges));
  const weights = once(traits.weights ?? (() => (directed ? pushSum(n, edges) : metropolis(n, edges))));
  const doublyStochastic = once(() => isDoublyStochastic(weights()));
  const symmetric = once(() => isSymmetric(weights()));
  const together = once(() => connected(n, support(), directed));
  const sides = once(() => sidesOf(n, support()));
  return {
    n,
    directed,
    dynamic: traits.support !== undefined,
    edges,
    receivesFrom: (i) => back[i] ?? [],
    sendsTo: (i) => onward[i] ?? [],
    regular: [...onward, ...back].every((list) => list.length === degree),
    isComplete: onward.every((list) => list.length === n - 1),
    isStar: directed || edges.length !== n - 1 || hub < 0 ? null : hub,
    get support() {
      return support();
    },
    get weights() {
      return weights();
    },
    get doublyStochastic() {
      return doublyStochastic();
    },
    get symmetric() {
      return symmetric();
    },
    get connected() {
      return together();
    },
    get bipartite() {
      return sides();
    },
  };
}

/**
 * The graph of one round. Where the topology has none for n workers (`impossible`), nobody is connected
 * to anybody: a run must be refused before it comes to that.
 */
export function graphOf(
  entry: TopologyEntry,
  options: Options,
  n: number,
  round: number,
  seed: number,
): Graph {
  const possible = impossibleReason(entry, options, n) === null;
  const edges = possible ? entry.edges(n, round, seed, options) : [];
  const directed = isDirected(entry, options);
  const weights = () => weightsOf(entry, options, n, edges);
  if (entry.dynamic !== true) return graphOfEdges(n, edges, { directed, weights });
  return graphOfEdges(n, edges, { directed, weights, support: () => supportOf(entry, options, n, seed) });
}

/** Why the topology has no graph of n workers, and what to choose instead, in one sentence; or null. */
export function impossibleReason(entry: TopologyEntry, options: Options, n: number): string | null {
  return entry.impossible?.(n, options) ?? null;
}

/** Every edge the topology can ever use. */
export function supportOf(entry: TopologyEntry, options: Options, n: number, seed: number): readonly Edge[] {
  if (impossibleReason(entry, options, n) !== null) return [];
  return entry.support?.(n, seed, options) ?? entry.edges(n, 0, seed, options);
}

/** How fast gossip on this topology agrees: of its matrix, or of the sequence of its rounds. */
export function spectrumOf(entry: TopologyEntry, options: Options, n: number, seed: number): Spectrum {
  const matrix = (round: number) => graphOf(entry, options, n, round, seed).weights;
  if (entry.dynamic !== true) return spectrum(matrix(0));
  if (entry.period === undefined) return matchingSpectrum(n, supportOf(entry, options, n, seed));
  return periodSpectrum(Array.from({ length: entry.period(n) }, (_, round) => matrix(round)));
}
