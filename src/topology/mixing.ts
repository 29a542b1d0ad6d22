/**
 * Mixing matrices and their spectra: from a graph to the weights W_ij that a worker gives to what its
 * neighbours send.
 *
 * Metropolis-Hastings weights (Xiao, Boyd, Kim 2007) are symmetric and doubly stochastic on any graph
 * and need only the two degrees of an edge. The spectrum says how fast gossip alone agrees: a round
 * multiplies the consensus distance by at most ρ = max(|λ2|, |λn|), and 1 - ρ is the spectral gap.
 */
import { symmetricEigenvalues } from '../math/eigen.ts';
import type { Edge } from './topology.ts';

/**
 * W_ij = 1 / (1 + max(degree i, degree j)) on edges, the rest on the diagonal, 0 elsewhere.
 * @returns n rows of n weights; an isolated worker keeps all of itself.
 */
export function metropolis(n: number, edges: readonly Edge[]): Float64Array[] {
  const degrees = new Uint32Array(n);
  for (const edge of edges) {
    for (const node of edge) degrees[node] = (degrees[node] ?? 0) + 1;
  }
  const rows = Array.from({ length: n }, () => new Float64Array(n));
  for (const [i, j] of edges) {
    const weight = 1 / (1 + Math.max(degrees[i] ?? 0, degrees[j] ?? 0));
    const rowI = rows[i];
    const rowJ = rows[j];
    if (rowI === undefined || rowJ === undefined) throw new RangeError(`Edge ${i}-${j} leaves ${n} workers.`);
    rowI[j] = weight;
    rowJ[i] = weight;
  }
  rows.forEach((row, i) => {
    let others = 0;
    for (const weight of row) others += weight; // row[i] is still 0
    row[i] = 1 - others;
  });
  return rows;
}

export interface Spectrum {
  /** All eigenvalues, largest first; the first is 1. */
  readonly values: Float64Array;
  /** Second largest and smallest. */
  readonly lambda2: number;
  readonly lambdaN: number;
  /** max(|λ2|, |λn|): what a round of gossip leaves of the consensus distance, at most. */
  readonly rho: number;
  /** 1 - ρ; 1 means exact averaging in one round, 0 that the workers never agree. */
  readonly gap: number;
}

/**
 * Spectrum of a symmetric mixing matrix. A lone worker always agrees with itself: its λ2 and λn are
 * given as 0 and the gap as 1.
 */
export function spectrum(mixing: readonly Float64Array[]): Spectrum {
  const values = symmetricEigenvalues(mixing);
  const lambda2 = values.length > 1 ? (values[1] ?? 0) : 0;
  const lambdaN = values.length > 1 ? (values[values.length - 1] ?? 0) : 0;
  const rho = Math.max(Math.abs(lambda2), Math.abs(lambdaN));
  return { values, lambda2, lambdaN, rho, gap: 1 - rho };
}
