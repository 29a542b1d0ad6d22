/** Topologies that change from round to round: exact averaging, matchings, rates. */
import { describe, expect, it } from 'vitest';
import { bipartiteExponential } from './bipartite-exponential.ts';
import { graphOf } from './graph.ts';
import { onePeerExponential } from './one-peer-exponential.ts';
import { randomMatching } from './random-matching.ts';
import { shiftOne } from './shift-one.ts';
import { multiply } from './small-matrix.ts';
import { apart, distance, graph, mixed, spectrumFor, values } from './testing.ts';
import { hops, type TopologyEntry } from './topology.ts';

/** W of the rounds from `first`, multiplied, the last on the left. */
function product(entry: TopologyEntry, n: number, first: number, rounds: number) {
  let all = [...graph(entry, n, first).weights];
  for (let round = first + 1; round < first + rounds; round++) {
    all = multiply(graph(entry, n, round).weights, all);
  }
  return all;
}

describe('one-peer exponential graph', () => {
  it('averages exactly in τ rounds, whichever is first, if and only if n = 2^τ', () => {
    for (let n = 2; n <= 33; n++) {
      const tau = hops(n);
      const power = 2 ** tau === n;
      for (const first of [0, 1, 7]) {
        const entries = product(onePeerExponential, n, first, tau).flatMap((row) => [...row]);
        const off = apart(
          entries,
          entries.map(() => 1 / n),
        );
        if (power) expect(off).toBe(0);
        else expect(off).toBeGreaterThan(1e-3);
      }
      if (power) expect(spectrumFor(onePeerExponential, n)).toMatchObject({ kind: 'period', rho: 0, gap: 1 });
      else expect(spectrumFor(onePeerExponential, n).rho).toBeGreaterThan(0.01);
    }
  });

  it('sends and hears one message a round, half and half', () => {
    for (const n of [2, 3, 7, 16]) {
      for (let round = 0; round < 6; round++) {
        const { receivesFrom, sendsTo, weights } = graph(onePeerExponential, n, round);
        const hop = 2 ** (round % hops(n));
        for (let i = 0; i < n; i++) {
          expect(receivesFrom(i)).toEqual([(i - hop + n) % n]);
          expect(sendsTo(i)).toEqual([(i + hop) % n]);
          expect(weights[i]?.[i]).toBe(0.5);
        }
      }
    }
  });

  it('falls a round, in the mean over a period, by its rate', () => {
    const n = 12;
    const { rho } = spectrumFor(onePeerExponential, n);
    let x = values(n);
    for (let round = 0; round < 8 * hops(n); round++) {
      const before = distance(x);
      x = mixed(graph(onePeerExponential, n, round).weights, x);
      expect(distance(x)).toBeLessThanOrEqual(before + 1e-15);
    }
    expect(distance(x)).toBeLessThanOrEqual(rho ** (8 * hops(n)) * distance(values(n)) + 1e-15);
  });
});

/** How often every worker occurs in the edges. */
function meetings(n: number, edges: readonly (readonly [number, number])[]): number[] {
  return Array.from({ length: n }, (_, i) => edges.filter((edge) => edge.includes(i)).length);
}

describe('shift-one', () => {
  it('is a perfect matching of the two halves in every round, as both halves compute it', () => {
    for (let n = 2; n <= 32; n += 2) {
      const half = n / 2;
      for (const t of [0, 1, 2, half - 1, half, 3 * half + 1]) {
        const { edges } = graph(shiftOne, n, t);
        expect(meetings(n, edges)).toEqual(new Array(n).fill(1));
        for (const [a, b] of edges) {
          expect(b).toBe(half + ((t + a) % half));
          // What the second half computes for itself: (r - n/2 - t) mod n/2, never negative.
          expect(a).toBe((((b - half - t) % half) + half) % half);
        }
        expect(edges).toEqual(graph(shiftOne, n, t + half).edges);
      }
    }
  });

  it('meets everybody of the other half within one period', () => {
    const rounds = Array.from({ length: 5 }, (_, t) => graph(shiftOne, 10, t).edges);
    expect(new Set(rounds.flat().map(String)).size).toBe(25);
    expect(graph(shiftOne, 10).support).toHaveLength(25);
  });

  it('averages four workers exactly in two rounds, and more of them in the end', () => {
    expect(spectrumFor(shiftOne, 4)).toMatchObject({ kind: 'period', rho: 0 });
    for (const n of [6, 8, 20]) {
      const { rho } = spectrumFor(shiftOne, n);
      expect(rho).toBeGreaterThan(0.1);
      expect(rho).toBeLessThan(0.97);
    }
  });

  it('needs an even number of workers', () => {
    expect(shiftOne.impossible?.(7, {})).toContain('choose random matching, or 6 or 8 workers');
  });
});

describe('random matching', () => {
  it('pairs everybody, but one of an odd number, anew in every round', () => {
    for (const n of [2, 3, 8, 33]) {
      const seen = new Set<string>();
      for (let round = 0; round < 40; round++) {
        const { edges } = graph(randomMatching, n, round);
        const counts = meetings(n, edges);
        expect(counts.filter((count) => count === 1)).toHaveLength(n - (n % 2));
        expect(counts.filter((count) => count === 0)).toHaveLength(n % 2);
        seen.add(String(edges));
      }
      expect(seen.size).toBeGreaterThan(n === 2 ? 0 : n === 3 ? 2 : 20);
    }
  });

  it('depends on the seed', () => {
    const of = (seed: number) => graphOf(randomMatching, {}, 16, 3, seed).edges;
    expect(of(1)).not.toEqual(of(2));
  });

  it.each([4, 5, 8, 9])('contracts the squared distance of %i workers by ρ² in the mean', (n) => {
    const { kind, rho } = spectrumFor(randomMatching, n);
    expect(kind).toBe('expected');
    expect(Math.abs(rho ** 2 - (n % 2 === 1 ? 1 / 2 : 1 - n / (2 * (n - 1))))).toBeLessThan(1e-12);
    const rounds = 4000;
    let sum = 0;
    const x = values(n);
    for (let round = 0; round < rounds; round++) {
      sum += (distance(mixed(graph(randomMatching, n, round).weights, x)) / distance(x)) ** 2;
    }
    // All differences are alike to it, so that the bound is the mean; standard error below 0.005.
    expect(Math.abs(sum / rounds - rho ** 2)).toBeLessThan(0.02);
  });
});

describe('bipartite exponential graph', () => {
  it('joins even to odd positions alone, 1, 3, 5, 9, … places apart', () => {
    for (let n = 2; n <= 32; n += 2) {
      const made = graph(bipartiteExponential, n);
      expect(made.bipartite).toEqual(Array.from({ length: n }, (_, i) => i % 2));
      const odd = [1, 3, 5, 9, 17].filter((hop) => hop < n);
      const wanted = new Set(odd.flatMap((hop) => [hop, n - hop]));
      for (let i = 0; i < n; i++) {
        const found = new Set(made.sendsTo(i).map((j) => (j - i + n) % n));
        expect(found).toEqual(wanted);
      }
    }
  });

  it('needs an even number of workers', () => {
    expect(bipartiteExponential.impossible?.(5, {})).toContain('choose the path, or 4 or 6 workers');
  });
});
