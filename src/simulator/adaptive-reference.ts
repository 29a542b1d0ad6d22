/**
 * For tests only: Adam, LAMB and their frozen forms once more, in double precision and as plainly as the
 * equations are written, to hold the algorithms to.
 */
import type { Layout } from '../base/layout.ts';

export type Numbers = Float64Array;

export interface ReferenceOptions {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** As the papers of 1-bit Adam and its kin have it: m and v as they are. */
  readonly biasCorrection?: boolean;
}

/** Σ_i v_i / n, coordinate by coordinate. */
export function meanOf(vectors: readonly ArrayLike<number>[]): Numbers {
  const [first = []] = vectors;
  return Float64Array.from({ length: first.length }, (_, k) => {
    return vectors.reduce((sum, vector) => sum + (vector[k] ?? 0), 0) / vectors.length;
  });
}

export function combined(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  f: (a: number, b: number) => number,
): Numbers {
  return Float64Array.from({ length: a.length }, (_, k) => f(a[k] ?? 0, b[k] ?? 0));
}

/** Largest |a_k − b_k|; infinite for different lengths. */
export function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return combined(a, b, (x, y) => Math.abs(x - y)).reduce((most, each) => Math.max(most, each), 0);
}

/** Largest |a_k − b_k| / (1 + |b_k|): what f32 numbers of any size are compared by. */
export function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return combined(a, b, (x, y) => Math.abs(x - y) / (1 + Math.abs(y))).reduce(
    (most, each) => Math.max(most, each),
    0,
  );
}

/** Euclidean norm of every tensor. */
export function norms({ tensors }: Layout, vector: ArrayLike<number>): number[] {
  return tensors.map(({ offset, length }) => {
    let sum = 0;
    for (let k = offset; k < offset + length; k += 1) sum += (vector[k] ?? 0) ** 2;
    return Math.sqrt(sum);
  });
}

/** The number of its tensor for every coordinate. */
export function spread({ tensors, length }: Layout, values: readonly number[]): Numbers {
  const all = new Float64Array(length);
  for (const [l, { offset, length: own }] of tensors.entries())
    all.fill(values[l] ?? 0, offset, offset + own);
  return all;
}

/** λ x on tensors with more than one axis. */
export function decayOf(layout: Layout, x: ArrayLike<number>, weightDecay: number): Numbers {
  const weights = layout.tensors.map(({ shape }) => (shape.length > 1 ? weightDecay : 0));
  return combined(spread(layout, weights), x, (weight, value) => weight * value);
}

export class ReferenceMoments {
  m: Numbers;
  v: Numbers;
  t = 0;
  /** Updates of v, which may be fewer than those of m. */
  updates = 0;
  #frozen: Numbers | null = null;
  readonly #options: ReferenceOptions;

  constructor(length: number, options: ReferenceOptions) {
    this.m = new Float64Array(length);
    this.v = new Float64Array(length);
    this.#options = options;
  }

  /** Takes a gradient in; into v, too, unless it is frozen or told otherwise. */
  take(g: ArrayLike<number>, updateV = true): void {
    const { beta2 } = this.#options;
    this.t += 1;
    this.m = this.next(this.m, g);
    if (!updateV || this.#frozen !== null) return;
    this.updates += 1;
    this.v = combined(this.v, g, (v, gradient) => beta2 * v + (1 - beta2) * gradient ** 2);
  }

  vHat(): Numbers {
    if (this.#frozen !== null) return this.#frozen;
    const weight = this.weight('beta2', this.updates);
    return this.v.map((v) => v / weight);
  }

  weight(which: 'beta1' | 'beta2', t: number): number {
    return this.#options.biasCorrection === false ? 1 : 1 - this.#options[which] ** t;
  }

  /** β1 m + (1 − β1) g, where v̂ is not masked. */
  next(m: ArrayLike<number>, g: ArrayLike<number>): Numbers {
    const { beta1 } = this.#options;
    const after = combined(m, g, (old, gradient) => beta1 * old + (1 - beta1) * gradient);
    return this.#frozen === null ? after : combined(after, this.#frozen, (each, v) => (v === 0 ? 0 : each));
  }

  /** From here on v̂ stays, and coordinates without momentum are masked: their v̂ is 0. */
  freeze(): void {
    this.#frozen = combined(this.vHat(), this.m, (v, m) => (m === 0 ? 0 : v));
  }

  /** m̂ / (√v̂ + ε). */
  direction(vHat: ArrayLike<number> = this.vHat(), m: ArrayLike<number> = this.m): Numbers {
    const { epsilon } = this.#options;
    const c1 = this.weight('beta1', this.t);
    return combined(m, vHat, (each, v) => each / c1 / (Math.sqrt(v) + epsilon));
  }
}
