/**
 * Mixing matrices: from a graph to the weight W_ij that worker i gives to what it receives from j.
 *
 * Metropolis-Hastings weights (Xiao, Boyd, Kim 2007) are symmetric and doubly stochastic on any
 * undirected graph and need only the two degrees of an edge. Push-sum weights (Kempe, Dobra, Gehrke 2003)
 * are the sender's: it splits what it has equally, so columns sum to 1 on any directed graph. Uniform
 * weights are the receiver's plain average: rows sum to 1, columns only where the graph is regular, and
 * elsewhere the average is biased. On a regular graph all three are the same.
 */
import type { Edge } from './topology.ts';

/** n rows of n weights. */
export type Mixing = readonly Float64Array[];

function zeros(n: number): Float64Array[] {
  return Array.from({ length: n }, () => new Float64Array(n));
}

/** Row i. @throws {RangeError} where an edge leaves the n workers. */
function rowOf(rows: readonly Float64Array[], i: number, j: number): Float64Array {
  const row = rows[i];
  if (row === undefined || j < 0 || j >= rows.length) {
    throw new RangeError(`Edge ${i}-${j} leaves ${rows.length} workers.`);
  }
  return row;
}

/**
 * W_ij = 1 / (1 + max(degree i, degree j)) on edges, the rest on the diagonal, 0 elsewhere.
 * @returns n rows of n weights; an isolated worker keeps all of itself.
 */
export function metropolis(n: number, edges: readonly Edge[]): Float64Array[] {
  const degrees = new Uint32Array(n);
  for (const edge of edges) {
    for (const node of edge) degrees[node] = (degrees[node] ?? 0) + 1;
  }
  const rows = zeros(n);
  for (const [i, j] of edges) {
    const weight = 1 / (1 + Math.max(degrees[i] ?? 0, degrees[j] ?? 0));
    rowOf(rows, i, j)[j] = weight;
    rowOf(rows, j, i)[i] = weight;
  }
  rows.forEach((row, i) => {
    let others = 0;
    for (const weight of row) others += weight; // row[i] is still 0
    row[i] = 1 - others;
  });
  return rows;
}

/**
 * Push-sum weights P_ij = 1 / (1 + outdegree j) for every arc j → i, and on the diagonal for what a
 * worker keeps: columns sum to 1. `arcs` are [from, to].
 */
export function pushSum(n: number, arcs: readonly Edge[]): Float64Array[] {
  const sends = new Uint32Array(n);
  for (const [from] of arcs) sends[from] = (sends[from] ?? 0) + 1;
  const rows = zeros(n);
  for (const [from, to] of arcs) rowOf(rows, to, from)[from] = 1 / (1 + (sends[from] ?? 0));
  rows.forEach((row, i) => {
    row[i] = 1 / (1 + (sends[i] ?? 0));
  });
  return rows;
}

/**
 * The receiver's plain average: W_ij = 1 / (1 + indegree i) for every arc j → i and on the diagonal. Rows
 * sum to 1. `arcs` are [from, to]; an undirected edge is two.
 */
export function uniform(n: number, arcs: readonly Edge[]): Float64Array[] {
  const hears = new Uint32Array(n);
  for (const [, to] of arcs) hears[to] = (hears[to] ?? 0) + 1;
  const rows = zeros(n);
  for (const [from, to] of arcs) rowOf(rows, to, from)[from] = 1 / (1 + (hears[to] ?? 0));
  rows.forEach((row, i) => {
    row[i] = 1 / (1 + (hears[i] ?? 0));
  });
  return rows;
}

/** I + η(W − I): the same gossip, slowed to the consensus step size η; eigenvalues 1 − η(1 − λ). */
export function consensusStep(mixing: Mixing, eta: number): Float64Array[] {
  return mixing.map((row, i) => row.map((weight, j) => (i === j ? 1 - eta * (1 - weight) : eta * weight)));
}

/** The lazy matrix (W + I)/2, whose eigenvalues are never negative: what D² needs on many graphs. */
export function lazy(mixing: Mixing): Float64Array[] {
  return consensusStep(mixing, 0.5);
}
