/**
 * Laws of algorithms, each of one round: asked before the round it looks at the flock, and what it returns
 * judges the flock after it. Sums are taken on the host in double precision. For tests only.
 */
import { expect } from 'vitest';
import { counted } from '../algorithms/algorithm.ts';
import { graphOf } from '../recipe/legality.ts';
import type { Flock } from './flock.ts';
import { F32, largestDifference, mean } from './testing.ts';

/** Looks before a round; the answer judges after it. Whatever must hold at any time is judged at once, too. */
export type Law = (flock: Flock) => Promise<() => Promise<void>>;

const rateOf = (flock: Flock) => flock.assets.recipe.lr;

/** a + scale · b, coordinate by coordinate. */
function plus(a: ArrayLike<number>, scale: number, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (value, k) => value + scale * (b[k] ?? 0));
}

/** Σ_i share_i v_i. */
function weighted(shares: readonly number[], vectors: readonly Float32Array[]): Float64Array {
  return vectors.reduce<Float64Array>(
    (sum, vector, i) => plus(sum, shares[i] ?? 0, vector),
    new Float64Array(vectors[0]?.length ?? 0),
  );
}

/** mean e_i + E of both passes of a compressed mean, or mean e_i where there is but one. */
export async function owedByBoth(flock: Flock): Promise<Float64Array> {
  const total = mean(await flock.read('e'));
  for (const { state } of flock.workers) {
    const E = state?.E;
    const offset = state?.offset;
    if (E === undefined || typeof E === 'number' || typeof offset !== 'number') continue;
    const server = await flock.assets.compute.read(E);
    server.forEach((value, k) => {
      total[offset + k] = (total[offset + k] ?? 0) + value;
    });
  }
  return total;
}

/** mean E_i: what a low rank has left out of the workers' gradients. */
export const leftOut = async (flock: Flock): Promise<Float64Array> => mean(await flock.read('E'));

export interface Movement {
  /** What is applied later: `step` as it is, `gradient` times γ; nothing if not given. */
  readonly owed?: (flock: Flock) => Promise<Float64Array>;
  readonly unit?: 'step' | 'gradient';
  /** Gradients are taken at x − e, not at x. */
  readonly ahead?: boolean;
  /** Workers count by their rows, not alike. */
  readonly byRows?: boolean;
}

/** The average model, less what is owed, moves by −γ times the average gradient. */
export function moves({ owed, unit = 'step', ahead = false, byRows = false }: Movement = {}): Law {
  return async (flock) => {
    const rows = flock.workers.map((worker) => (byRows ? worker.rows : 1));
    const all = rows.reduce((a, b) => a + b, 0);
    const shares = rows.map((count) => count / all);
    const virtual = async () => {
      const x = weighted(shares, await flock.read());
      return owed === undefined ? x : plus(x, unit === 'step' ? -1 : -rateOf(flock), await owed(flock));
    };
    const before = await virtual();
    const residuals = ahead ? await flock.read('e') : null;
    const points = (await flock.read()).map((x, i) =>
      residuals === null ? x : x.map((value, k) => value - (residuals[i]?.[k] ?? 0)),
    );
    const gradient = weighted(shares, await flock.gradients(points));
    return async () => {
      const after = await virtual();
      expect(largestDifference(after, plus(before, -rateOf(flock), gradient))).toBeLessThan(F32);
      expect(largestDifference(after, before)).toBeGreaterThan(10 * F32);
    };
  };
}

/** Gossip alone, γ being 0: the average stays. */
export const keeps: Law = async (flock) => {
  const before = mean(await flock.read());
  return async () => expect(largestDifference(mean(await flock.read()), before)).toBeLessThan(F32);
};

const bits = (vector: Float32Array = new Float32Array()) => new Uint32Array(vector.slice().buffer);

/** All workers hold the same bits, of x and of these. */
export function replicas(...names: readonly string[]): Law {
  const judge = async (flock: Flock) => {
    for (const name of ['x', ...names]) {
      const [first, ...others] = await flock.read(name);
      for (const other of others) expect(largestDifference(bits(other), bits(first))).toBe(0);
    }
  };
  return async (flock) => {
    await judge(flock);
    return () => judge(flock);
  };
}

/** All begin a view with the same bits; then each goes at its own speed. */
export function sameStart(): Law {
  let judged = '';
  return async (flock) => {
    if (flock.view.id !== judged) await replicas()(flock);
    judged = flock.view.id;
    return async () => {};
  };
}

/** s_i = Σ_j W_ij x̂_j: what is held of the neighbours is what they hold of themselves. */
export function copies(name: string): Law {
  const judge = async (flock: Flock) => {
    const { weights } = graphOf(flock.assets.recipe, flock.workers.length, 0);
    const vectors = await flock.read(name);
    for (const [i, s] of (await flock.read('s')).entries()) {
      expect(largestDifference(s, weighted([...(weights[i] ?? [])], vectors))).toBeLessThan(F32);
    }
  };
  return async (flock) => {
    await judge(flock);
    return () => judge(flock);
  };
}

/** mean y = mean g once a round is done: its y is W y⁻, kept with the gradient that it is corrected by. */
export const tracks: Law = async (flock) => {
  const gradient = mean(await flock.gradients());
  return async () => {
    expect(largestDifference(mean(await flock.read('g')), gradient)).toBeLessThan(F32);
    expect(largestDifference(mean(await flock.read('mixedY')), gradient)).toBeLessThan(F32);
  };
};

/**
 * Weights sum to n, and only gradients move the sum of numerators; with a delay of one round, half of what
 * was there is under way.
 */
export function pushSum(delay: 0 | 1): Law {
  let underWay: Float64Array = new Float64Array(0);
  return async (flock) => {
    const n = flock.workers.length;
    const { recipe } = flock.assets;
    const begins = flock.workers.every(({ round }) => round === flock.view.startRound);
    const u = await flock.read('u');
    if (begins || delay === 0) underWay = new Float64Array(u[0]?.length ?? 0);
    const w = flock.workers.map(({ state }) => (state === null ? Number.NaN : counted(state, 'w')));
    if (begins) expect(w).toEqual(w.map(() => 1));
    const gradients = await flock.gradients();
    const ones = u.map(() => 1);
    const { weights } = graphOf(recipe, n, flock.workers[0]?.round ?? 0);
    const away = weights.map((row, i) => delay * (1 - (row[i] ?? 0)));
    const sent = {
      weight: w.reduce((sum, value, i) => sum + (away[i] ?? 0) * value, 0),
      numerators: plus(weighted(away, u), -recipe.lr, weighted(away, gradients)),
    };
    const before = plus(weighted(ones, u), 1, underWay);
    const expected = plus(before, -recipe.lr, weighted(ones, gradients));
    return async () => {
      const weight = flock.workers.reduce((sum, { state }) => sum + Number(state?.w), sent.weight);
      expect(weight).toBeCloseTo(n, 5);
      const after = plus(weighted(ones, await flock.read('u')), 1, sent.numerators);
      expect(largestDifference(after, expected)).toBeLessThan(n * F32);
      underWay = sent.numerators;
    };
  };
}

/** Every coordinate moves by γ, up or down. */
export const signs: Law = async (flock) => {
  const [before = new Float32Array()] = await flock.read();
  return async () => {
    const [after = new Float32Array()] = await flock.read();
    const strides = Float64Array.from(after, (value, k) => Math.abs(value - (before[k] ?? 0)));
    expect(
      largestDifference(
        strides,
        strides.map(() => rateOf(flock)),
      ),
    ).toBeLessThan(F32);
  };
};

/**
 * Over a frozen variance: m' + owed' = β1 m + (1 − β1) ḡ + owed, where the variance is not zero; what the
 * compressor leaves out is owed, or, without residuals, lost up to `lost`.
 */
export function momentum(lost = 0): Law {
  return async (flock) => {
    const owed = async (like: ArrayLike<number>) =>
      lost === 0 ? owedByBoth(flock) : new Float64Array(like.length);
    const [v = new Float32Array()] = await flock.read('v');
    expect(flock.workers.map(({ state }) => state?.frozen)).toEqual(flock.workers.map(() => 1));
    const [m = new Float32Array()] = await flock.read('m');
    const before = plus(
      m.map((value) => 0.9 * value),
      1,
      await owed(m),
    );
    const expected = plus(before, 0.1, mean(await flock.gradients()));
    return async () => {
      const [next = new Float32Array()] = await flock.read('m');
      const after = plus(next, 1, await owed(next));
      const live = (values: Float64Array) => values.filter((_, k) => (v[k] ?? 0) > 0);
      expect(live(after).length).toBeGreaterThan(100);
      expect(largestDifference(live(after), live(expected))).toBeLessThan(Math.max(lost, F32));
    };
  };
}
