/**
 * What the recomputed algorithms are written in: small vectors of doubles, the compressors without a draw
 * (ALGORITHMS.md, section 3), and least squares over rows. Shares no code with what it judges. For tests only.
 */
export type V = readonly number[];

/** Σ a_j v_j. */
export function sum(...terms: readonly (readonly [number, V])[]): V {
  const [[, first] = [0, []]] = terms;
  return first.map((_, k) => terms.reduce((total, [a, v]) => total + a * (v[k] ?? Number.NaN), 0));
}

export const zeros = (d: number): V => new Array<number>(d).fill(0);

export const mean = (vectors: readonly V[]): V =>
  sum(...vectors.map((v) => [1 / vectors.length, v] as const));

/** Σ_j w_j v_j. */
export const mix = (weights: V, vectors: readonly V[]): V =>
  sum(...vectors.map((v, j) => [weights[j] ?? Number.NaN, v] as const));

/** a_k b_k. */
export const times = (a: V, b: V): V => a.map((value, k) => value * (b[k] ?? Number.NaN));

export const farthest = (a: V, b: V): number =>
  Math.max(...a.map((value, k) => Math.abs(value - (b[k] ?? Number.NaN))));

/** decode(encode(v)). */
export type Compressor = (v: V) => V;

export const none: Compressor = (v) => v;

/** Scale times sign, with sign(0) = +1: the scale is ‖v‖1 / d, ‖v‖2 / √d, or 1. */
export const oneBit =
  (scale: 'l1' | 'l2' | 'none'): Compressor =>
  (v) => {
    const total = v.reduce((all, value) => all + (scale === 'l1' ? Math.abs(value) : value ** 2), 0);
    const size = scale === 'none' ? 1 : scale === 'l1' ? total / v.length : Math.sqrt(total / v.length);
    return v.map((value) => (value >= 0 ? size : -size));
  };

/** A column's positive numbers become their mean, its negative ones theirs; the weights here are one column. */
export const oneBitColumns: Compressor = (v) => {
  const average = (values: V) => values.reduce((a, b) => a + b, 0) / values.length;
  const up = average(v.filter((value) => value >= 0));
  const down = average(v.filter((value) => value < 0));
  return v.map((value) => (value >= 0 ? up : down));
};

/** The k numbers of largest magnitude; the lower index where two are equal. */
export const topK =
  (k: number): Compressor =>
  (v) => {
    const order = v
      .map((_, index) => index)
      .sort((a, b) => Math.abs(v[b] ?? 0) - Math.abs(v[a] ?? 0) || a - b);
    const kept = new Set(order.slice(0, k));
    return v.map((value, index) => (kept.has(index) ? value : 0));
  };

/** 256 steps between the least and the greatest, on a grid through zero. */
export const minMax8: Compressor = (v) => {
  const [least, greatest] = [Math.min(...v), Math.max(...v)];
  if (least === greatest) return v;
  const scale = 255 / (greatest - least + 1e-7);
  const upper = Math.round(greatest * scale);
  return v.map((value) => Math.max(upper - 255, Math.min(Math.round(value * scale), upper)) / scale);
};

export interface Row {
  readonly x: V;
  readonly y: number;
}

/** What a run is given: every worker's rows, and the recipe's numbers. */
export interface Problem {
  /** Rows of each worker. */
  readonly rows: readonly (readonly Row[])[];
  /** Coordinates. */
  readonly d: number;
  readonly rounds: number;
  /** γ */
  readonly lr: number;
}

/** g_i(w) = (1/m) Σ (w · x − y) x over the worker's rows. */
export const gradient = ({ rows }: Problem, worker: number, w: V): V => gradientOver(rows[worker] ?? [], w);

/** The same over these rows. */
export function gradientOver(mine: readonly Row[], w: V): V {
  const errors = mine.map(
    ({ x, y }) => x.reduce((dot, value, k) => dot + value * (w[k] ?? Number.NaN), 0) - y,
  );
  return w.map(
    (_, k) => mine.reduce((total, { x }, row) => total + (errors[row] ?? 0) * (x[k] ?? 0), 0) / mine.length,
  );
}

/** Every worker's model after the last round. */
export type Recomputed = (problem: Problem) => readonly V[];

export const ranks = ({ rows }: Problem): readonly number[] => rows.map((_, rank) => rank);

/** The same for every worker. */
export const everywhere = (problem: Problem, x: V): readonly V[] => ranks(problem).map(() => x);
