/**
 * How fast gossip alone agrees: what a round leaves of the consensus distance, from the mixing matrix.
 *
 * A symmetric W multiplies it by at most ρ = max(|λ2|, |λn|). Where W is doubly stochastic but not
 * symmetric, by ‖W − J‖₂ with J = 11ᵀ/n, its largest singular value. A sequence of matrices that repeats
 * contracts by the norm of their product, of which the rate a round is the geometric mean. Push-sum on an
 * irregular directed graph has no such bound for one round: there ρ is |λ2|, the rate it settles into
 * (Kempe, Dobra, Gehrke 2003). 1 − ρ is the spectral gap in every case.
 */
import { symmetricEigenvalues } from '../math/eigen.ts';
import type { Mixing } from './mixing.ts';
import { difference, multiply, norm, scaled, transposeTimes } from './small-matrix.ts';
import type { Edge } from './topology.ts';

export interface Spectrum {
  /**
   * Where ρ comes from. `eigenvalues`: of a symmetric W. `singular-values`: of a doubly stochastic W.
   * `push-sum`: |λ2| of a column-stochastic W, the rate in the long run. `period`: the mean rate over one
   * period of a sequence. `expected`: the root mean square over random matchings.
   */
  readonly kind: 'eigenvalues' | 'singular-values' | 'push-sum' | 'period' | 'expected';
  /**
   * Largest first; the first is 1. Eigenvalues, or singular values (of W, or of the product over a
   * period), or for `push-sum` the two largest moduli of eigenvalues, for `expected` the root mean
   * squares.
   */
  readonly values: Float64Array;
  /** Second largest and smallest eigenvalue. Where `kind` is another: ρ, and 0. */
  readonly lambda2: number;
  readonly lambdaN: number;
  /** What a round of gossip leaves of the consensus distance; see `kind`. */
  readonly rho: number;
  /** 1 - ρ; 1 means exact averaging in one round, 0 that the workers never agree. */
  readonly gap: number;
}

/** Norms below this are rounding: the average is exact. */
const EXACT = 1e-12;
const TOLERANCE = 1e-12;

function of(kind: Spectrum['kind'], values: Float64Array, rho: number): Spectrum {
  return { kind, values, lambda2: rho, lambdaN: 0, rho, gap: 1 - rho };
}

export function isSymmetric(mixing: Mixing): boolean {
  return mixing.every((row, i) =>
    row.every((weight, j) => Math.abs(weight - (mixing[j]?.[i] ?? Number.NaN)) < TOLERANCE),
  );
}

/** Whether all rows and all columns sum to 1: then gossip keeps the mean, and its fixed points agree. */
export function isDoublyStochastic(mixing: Mixing): boolean {
  const columns = new Float64Array(mixing.length);
  for (const row of mixing) {
    let sum = 0;
    row.forEach((weight, j) => {
      sum += weight;
      columns[j] = (columns[j] ?? 0) + weight;
    });
    if (!(Math.abs(sum - 1) < TOLERANCE)) return false;
  }
  return columns.every((sum) => Math.abs(sum - 1) < TOLERANCE);
}

/**
 * Spectrum of one mixing matrix, of whichever kind it is. A lone worker always agrees with itself: its λ2
 * and λn are given as 0 and the gap as 1.
 */
export function spectrum(mixing: Mixing): Spectrum {
  if (isSymmetric(mixing)) {
    const values = symmetricEigenvalues(mixing);
    const lambda2 = values.length > 1 ? (values[1] ?? 0) : 0;
    const lambdaN = values.length > 1 ? (values[values.length - 1] ?? 0) : 0;
    const rho = Math.max(Math.abs(lambda2), Math.abs(lambdaN));
    return { kind: 'eigenvalues', values, lambda2, lambdaN, rho, gap: 1 - rho };
  }
  if (isDoublyStochastic(mixing)) {
    const values = singularValues(mixing);
    return of('singular-values', values, values[1] ?? 0);
  }
  const rho = secondModulus(mixing);
  return of('push-sum', Float64Array.of(1, rho), rho);
}

/**
 * The rate of a sequence of doubly stochastic matrices that repeats: ‖W_{p-1} ⋯ W_0 − J‖₂^(1/p).
 * @param matrices one period, first round first; at least one.
 */
export function periodSpectrum(matrices: readonly Mixing[]): Spectrum {
  const [first, ...rest] = matrices;
  if (first === undefined) throw new RangeError('A period has at least one round.');
  const values = singularValues(rest.reduce((product, next) => multiply(next, product), first));
  return of('period', values, (values[1] ?? 0) ** (1 / matrices.length));
}

/**
 * Random matchings whose pairs average, every edge of `support` equally likely. A matching is a
 * projection (W² = W), so the expected squared distance falls by λ2(E W) a round, and ρ is its root.
 */
export function matchingSpectrum(n: number, support: readonly Edge[]): Spectrum {
  const rows = Array.from({ length: n }, (_, i) => new Float64Array(n).fill(1, i, i + 1));
  // A matching has ⌊n/2⌋ edges; each moves half of the difference.
  const share = support.length === 0 ? 0 : Math.floor(n / 2) / support.length / 2;
  const add = (i: number, j: number, amount: number) => {
    const row = rows[i];
    if (row !== undefined) row[j] = (row[j] ?? 0) + amount;
  };
  for (const [i, j] of support) {
    add(i, i, -share);
    add(j, j, -share);
    add(i, j, share);
    add(j, i, share);
  }
  const values = symmetricEigenvalues(rows).map((value) => (value < EXACT ? 0 : Math.sqrt(value)));
  return of('expected', values, n > 1 ? (values[1] ?? 0) : 0);
}

/** Singular values of a doubly stochastic matrix, largest first: 1, then those of W − J. */
function singularValues(mixing: Mixing): Float64Array {
  const n = mixing.length;
  const apart = mixing.map((row) => row.map((weight) => weight - 1 / n));
  const squares = symmetricEigenvalues(transposeTimes(apart));
  // W − J has one more 0 than W has: the vector of ones, which stands first here with its 1.
  return Float64Array.from({ length: n }, (_, k) => {
    const value = k === 0 ? 1 : Math.sqrt(Math.max(0, squares[k - 1] ?? 0));
    return value < EXACT ? 0 : value;
  });
}

/** Squarings of P until its columns agree, and of what is left until its growth has settled. */
const SQUARINGS = 40;
const SETTLED = 16;

/**
 * |λ2| of a column-stochastic P, to about four digits: with the limit π1ᵀ of its powers taken off, the
 * norm of the K-th power is |λ2|^K up to a constant, whose K-th root is 1.
 */
function secondModulus(mixing: Mixing): number {
  const n = mixing.length;
  let power = mixing;
  for (let k = 0; k < SQUARINGS && norm(spread(power)) > EXACT; k++) {
    power = withColumnsSummingToOne(multiply(power, power));
  }
  const limit = power.map((row) => new Float64Array(n).fill(row.reduce((sum, value) => sum + value, 0) / n));
  let rest = difference(mixing, limit);
  let log = 0;
  for (let k = 0; k < SETTLED; k++) {
    const size = norm(rest);
    if (size < EXACT) return 0;
    log = 2 * (log + Math.log(size));
    rest = scaled(rest, 1 / size);
    rest = multiply(rest, rest);
  }
  const size = norm(rest);
  return size === 0 ? 0 : Math.min(1, Math.exp((log + Math.log(size)) / 2 ** SETTLED));
}

/** Each column minus the first. */
function spread(matrix: Mixing): Float64Array[] {
  return matrix.map((row) => row.map((value) => value - (row[0] ?? 0)));
}

/** Rounding would grow with every squaring. */
function withColumnsSummingToOne(matrix: Mixing): Float64Array[] {
  const sums = new Float64Array(matrix.length);
  for (const row of matrix) {
    row.forEach((value, j) => {
      sums[j] = (sums[j] ?? 0) + value;
    });
  }
  return matrix.map((row) => row.map((value, j) => value / (sums[j] ?? 1)));
}
