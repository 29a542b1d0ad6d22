/** What the tests of topologies share: options for any number of workers, and plain naive arithmetic. */
import { completeOptions, type Options } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { type Graph, graphOf, spectrumOf } from './graph.ts';
import type { Mixing } from './mixing.ts';
import type { Spectrum } from './spectrum.ts';
import type { TopologyEntry } from './topology.ts';

/** Default options; for a graph drawn by hand, those of a ring of n. */
export function optionsFor(entry: TopologyEntry, n: number, given: Record<string, unknown> = {}): Options {
  const ring = Array.from({ length: n > 1 ? n : 0 }, (_, i) => `${i}-${(i + 1) % n}`).join(', ');
  return completeOptions(entry.id, entry.options, entry.id === 'drawn' ? { edges: ring, ...given } : given);
}

export function graph(
  entry: TopologyEntry,
  n: number,
  round = 0,
  given: Record<string, unknown> = {},
): Graph {
  return graphOf(entry, optionsFor(entry, n, given), n, round, 1);
}

export function spectrumFor(entry: TopologyEntry, n: number, given: Record<string, unknown> = {}): Spectrum {
  return spectrumOf(entry, optionsFor(entry, n, given), n, 1);
}

/** Normal numbers, one for each worker. */
export function values(n: number, seed = 2): number[] {
  const stream = randomStream(seed, PURPOSE.simulation, n, 0);
  return Array.from({ length: n }, () => stream.normal());
}

/** W x. */
export function mixed(mixing: Mixing, x: readonly number[]): number[] {
  return mixing.map((row) => row.reduce((sum, weight, j) => sum + weight * (x[j] ?? 0), 0));
}

export const mean = (x: readonly number[]) => x.reduce((sum, value) => sum + value, 0) / x.length;

/** ‖x − x̄‖. */
export function distance(x: readonly number[]): number {
  const middle = mean(x);
  return Math.sqrt(x.reduce((sum, value) => sum + (value - middle) ** 2, 0));
}

/** Largest difference of two lists of the same length; Infinity where one is longer. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return Array.from(a).reduce((most, value, k) => Math.max(most, Math.abs(value - (b[k] ?? Number.NaN))), 0);
}

/** Largest first. */
export const descending = (list: readonly number[]) => [...list].sort((a, b) => b - a);
