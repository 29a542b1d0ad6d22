/** Graphs whose spectra are known in closed form, and the values measured elsewhere for them. */
import { describe, expect, it } from 'vitest';
import { complete } from './complete.ts';
import { exponential } from './exponential.ts';
import { hypercube } from './hypercube.ts';
import { metropolis } from './mixing.ts';
import { path } from './path.ts';
import { ring } from './ring.ts';
import { star } from './star.ts';
import { apart, descending, graph, spectrumFor } from './testing.ts';
import { hops } from './topology.ts';
import { sidesOfTorus, torus } from './torus.ts';

const TOLERANCE = 1e-12;
const turn = (k: number, n: number) => Math.cos((2 * Math.PI * k) / n);
const upTo = <Value>(n: number, value: (k: number) => Value) => Array.from({ length: n }, (_, k) => value(k));

describe('ring', () => {
  it.each([
    [4, 1 / 3, -1 / 3],
    [5, 0.5393, -0.206],
    [8, 0.8047, -1 / 3],
    [16, 0.9493, -1 / 3],
  ])('of %i', (n, lambda2, lambdaN) => {
    const found = spectrumFor(ring, n);
    expect(found.lambda2).toBeCloseTo(lambda2, 4);
    expect(found.lambdaN).toBeCloseTo(lambdaN, 4);
    const closed = descending(upTo(n, (k) => 1 / 3 + (2 / 3) * turn(k, n)));
    expect(apart(found.values, closed)).toBeLessThan(TOLERANCE);
  });

  it('has gap 0.1953 with 8 workers and 0.0507 with 16', () => {
    expect(spectrumFor(ring, 8).gap).toBeCloseTo(0.1953, 4);
    expect(spectrumFor(ring, 16).gap).toBeCloseTo(0.0507, 4);
  });

  it('is a triangle, then a square', () => {
    expect(graph(ring, 3).edges).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    expect(graph(ring, 4).edges).toEqual([
      [0, 1],
      [0, 3],
      [1, 2],
      [2, 3],
    ]);
  });
});

it('path: every eigenvalue', () => {
  for (const n of [3, 4, 7, 20]) {
    const closed = upTo(n, (k) => 1 - (2 / 3) * (1 - Math.cos((Math.PI * k) / n)));
    expect(apart(spectrumFor(path, n).values, closed)).toBeLessThan(TOLERANCE);
  }
});

describe('torus', () => {
  it.each([
    [9, 3, 3],
    [12, 3, 4],
    [16, 4, 4],
    [20, 4, 5],
    [30, 5, 6],
  ])('of %i is %i × %i, weights 1/5 and every eigenvalue', (n, rows, columns) => {
    expect(sidesOfTorus(n)).toEqual([rows, columns]);
    const made = graph(torus, n);
    expect(upTo(n, (i) => made.receivesFrom(i).length).every((degree) => degree === 4)).toBe(true);
    const weights = made.weights.flatMap((row) => [...row].filter((weight) => weight !== 0));
    expect(
      apart(
        weights,
        weights.map(() => 1 / 5),
      ),
    ).toBeLessThan(TOLERANCE);
    const closed = upTo(n, (k) => {
      const [a, b] = [Math.floor(k / columns), k % columns];
      return (1 + 2 * turn(a, rows) + 2 * turn(b, columns)) / 5;
    });
    expect(apart(spectrumFor(torus, n).values, descending(closed))).toBeLessThan(TOLERANCE);
  });

  it('of 4 × 4 has λ2 = 0.6 and λn = -0.6', () => {
    const { lambda2, lambdaN } = spectrumFor(torus, 16);
    expect(Math.abs(lambda2 - 0.6)).toBeLessThan(TOLERANCE);
    expect(Math.abs(lambdaN + 0.6)).toBeLessThan(TOLERANCE);
  });

  it('counts the wrapping edge of a side of two once', () => {
    // 2 × 2 is the ring of four, 2 × 3 a prism, 2 × 7 a longer one: three neighbours, weights 1/4.
    expect(graph(torus, 4).edges).toEqual([
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
    ]);
    for (const n of [6, 10, 14, 22]) {
      const made = graph(torus, n);
      const half = n / 2;
      expect(made.edges).toHaveLength((3 * n) / 2);
      expect(made.regular).toBe(true);
      const closed = upTo(n, (k) => (1 + (k < half ? 1 : -1) + 2 * turn(k % half, half)) / 4);
      expect(apart(spectrumFor(torus, n).values, descending(closed))).toBeLessThan(TOLERANCE);
    }
  });

  it('does not exist for a prime number of workers, and says so', () => {
    const impossible = (n: number) => torus.impossible?.(n, {}) ?? null;
    for (const n of [3, 5, 7, 31]) expect(impossible(n)).toMatch(/choose the ring, or/);
    expect(impossible(7)).toContain('or 6 or 8 workers');
    for (const n of [1, 2, 4, 6, 9, 33]) expect(impossible(n)).toBe(null);
  });
});

describe('hypercube', () => {
  it.each([1, 2, 3, 4, 5])('of dimension %i: every eigenvalue', (k) => {
    const closed = upTo(2 ** k, (corner) => {
      const ones = upTo(k, (bit) => (corner >> bit) & 1).reduce((sum, bit) => sum + bit, 0);
      return 1 - (2 * ones) / (k + 1);
    });
    expect(apart(spectrumFor(hypercube, 2 ** k).values, descending(closed))).toBeLessThan(TOLERANCE);
  });

  it('of dimension 3 has λ2 = 0.5 and λn = -0.5', () => {
    const { lambda2, lambdaN } = spectrumFor(hypercube, 8);
    expect(Math.abs(lambda2 - 0.5)).toBeLessThan(TOLERANCE);
    expect(Math.abs(lambdaN + 0.5)).toBeLessThan(TOLERANCE);
  });

  it('exists for powers of two alone, and names the nearest', () => {
    expect(hypercube.impossible?.(6, {})).toContain('4 or 8 workers');
    expect(hypercube.impossible?.(33, {})).toContain('32 or 64 workers');
    for (const n of [1, 2, 4, 32]) expect(hypercube.impossible?.(n, {})).toBe(null);
  });
});

it('star: 1, then 1 - 1/n many times, then 0', () => {
  for (const n of [3, 6, 17]) {
    const closed = upTo(n, (k) => (k === 0 ? 1 : k === n - 1 ? 0 : 1 - 1 / n));
    expect(apart(spectrumFor(star, n).values, closed)).toBeLessThan(TOLERANCE);
    const { weights } = graph(star, n);
    expect(weights[0]?.[0]).toBeCloseTo(1 / n, 14);
    expect(weights[2]?.[0]).toBeCloseTo(1 / n, 14);
    expect(weights[2]?.[2]).toBeCloseTo(1 - 1 / n, 14);
  }
});

it('complete graph: 1, then 0', () => {
  for (const n of [2, 3, 9]) {
    const { values } = spectrumFor(complete, n);
    expect(
      apart(
        values,
        upTo(n, (k) => (k === 0 ? 1 : 0)),
      ),
    ).toBeLessThan(TOLERANCE);
  }
});

describe('exponential graph', () => {
  it.each([4, 6, 8, 12, 16, 32])('of %i: ‖W − J‖ = (τ - 1)/(τ + 1)', (n) => {
    const tau = hops(n);
    const { kind, rho } = spectrumFor(exponential, n);
    expect(kind).toBe('singular-values');
    expect(Math.abs(rho - (tau - 1) / (tau + 1))).toBeLessThan(TOLERANCE);
  });

  it('hears those 1, 2, 4, … places before, all with one weight', () => {
    for (const n of [2, 3, 5, 8, 13]) {
      const { weights, receivesFrom, regular } = graph(exponential, n);
      const tau = hops(n);
      expect(regular).toBe(true);
      for (let i = 0; i < n; i++) {
        const before = upTo(tau, (h) => (i - 2 ** h + n) % n);
        expect(receivesFrom(i)).toEqual(before.sort((a, b) => a - b));
        for (const j of [i, ...before]) expect(weights[i]?.[j]).toBe(1 / (tau + 1));
      }
    }
  });

  it('has as singular values the moduli of its Fourier sums', () => {
    for (const n of [5, 7, 12]) {
      const tau = hops(n);
      const moduli = upTo(n, (k) => {
        let [re, im] = [1, 0];
        for (let h = 0; h < tau; h++) {
          re += turn(k * 2 ** h, n);
          im += Math.sin((2 * Math.PI * k * 2 ** h) / n);
        }
        return Math.hypot(re, im) / (tau + 1);
      });
      expect(apart(spectrumFor(exponential, n).values, descending(moduli))).toBeLessThan(1e-9);
    }
  });
});

it('refuses an edge to nowhere', () => {
  expect(() => metropolis(2, [[0, 2]])).toThrow(RangeError);
});
