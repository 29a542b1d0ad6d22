/** One contract suite over every topology of the registry, and the closed forms of those there are. */
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { complete } from './complete.ts';
import { TOPOLOGIES } from './index.ts';
import { isolated } from './isolated.ts';
import { metropolis, spectrum } from './mixing.ts';
import { ring } from './ring.ts';
import type { Edge, TopologyEntry } from './topology.ts';

const edgesOf = (entry: TopologyEntry, n: number, round = 0, seed = 1) =>
  entry.edges(n, round, seed, completeOptions(entry.id, entry.options));
const mixingOf = (entry: TopologyEntry, n: number) => metropolis(n, edgesOf(entry, n));

function reachable(n: number, edges: readonly Edge[]): number {
  const seen = new Set([0]);
  for (let grown = true; grown; ) {
    const before = seen.size;
    for (const [a, b] of edges) {
      if (seen.has(a)) seen.add(b);
      if (seen.has(b)) seen.add(a);
    }
    grown = seen.size > before;
  }
  return n === 0 ? 0 : seen.size;
}

describe.each(TOPOLOGIES.map((entry) => [entry.id, entry] as const))('topology %s', (_id, entry) => {
  it('has a name, a description and an id of its own', () => {
    expect(entry.id).toMatch(/^[a-z0-9-]+$/);
    expect(entry.label.length * entry.description.length).toBeGreaterThan(0);
    expect(TOPOLOGIES.filter((other) => other.id === entry.id)).toHaveLength(1);
  });

  it('has proper edges, sorted, and is connected, for 1 to 33 workers', () => {
    for (let n = 1; n <= 33; n++) {
      const edges = edgesOf(entry, n);
      let before: Edge = [-1, -1];
      for (const edge of edges) {
        const [a, b] = edge;
        expect(a).toBeGreaterThanOrEqual(0);
        expect(a).toBeLessThan(b);
        expect(b).toBeLessThan(n);
        expect(before[0] < a || (before[0] === a && before[1] < b)).toBe(true);
        before = edge;
      }
      if (entry !== isolated) expect(reachable(n, edges)).toBe(n);
      expect(edgesOf(entry, n)).toEqual(edges);
    }
  });

  it('has a symmetric, doubly stochastic mixing matrix with eigenvalues in [-1, 1]', () => {
    for (let n = 1; n <= 33; n++) {
      const mixing = mixingOf(entry, n);
      for (let i = 0; i < n; i++) {
        let row = 0;
        let column = 0;
        for (let j = 0; j < n; j++) {
          const weight = mixing[i]?.[j] ?? Number.NaN;
          expect(weight).toBeGreaterThanOrEqual(-1e-15);
          expect(weight).toBe(mixing[j]?.[i]);
          row += weight;
          column += mixing[j]?.[i] ?? Number.NaN;
        }
        expect(Math.abs(row - 1)).toBeLessThan(1e-12);
        expect(Math.abs(column - 1)).toBeLessThan(1e-12);
        expect(mixing[i]?.[i]).toBeGreaterThan(0);
      }
      const { values, rho, gap } = spectrum(mixing);
      expect(values[0]).toBeCloseTo(1, 12);
      expect(rho).toBeLessThanOrEqual(1 + 1e-12);
      if (entry !== isolated) expect(gap).toBeGreaterThan(1e-4);
    }
  });

  it('keeps the mean and contracts the consensus distance by at most rho', () => {
    for (const n of [2, 3, 8, 17]) {
      const mixing = mixingOf(entry, n);
      const stream = randomStream(2, PURPOSE.simulation, n, 0);
      const x = Float64Array.from({ length: n }, () => stream.normal());
      const mixed = mixing.map((row) => row.reduce((sum, weight, j) => sum + weight * (x[j] ?? 0), 0));
      const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / n;
      const distance = (values: ArrayLike<number>) =>
        Math.sqrt(Array.from(values).reduce((a, b) => a + (b - mean(values)) ** 2, 0));
      expect(mean(mixed)).toBeCloseTo(mean(x), 12);
      expect(distance(mixed)).toBeLessThanOrEqual(spectrum(mixing).rho * distance(x) + 1e-12);
    }
  });
});

describe('closed-form spectra', () => {
  it.each([
    [4, 1 / 3, -1 / 3],
    [5, 0.5393, -0.206],
    [8, 0.8047, -1 / 3],
    [16, 0.9493, -1 / 3],
  ])('ring of %i', (n, lambda2, lambdaN) => {
    const found = spectrum(mixingOf(ring, n));
    expect(found.lambda2).toBeCloseTo(lambda2, 4);
    expect(found.lambdaN).toBeCloseTo(lambdaN, 4);
    const closed = Array.from({ length: n }, (_, k) => 1 / 3 + (2 / 3) * Math.cos((2 * Math.PI * k) / n));
    closed.sort((a, b) => b - a);
    closed.forEach((value, k) => {
      expect(Math.abs((found.values[k] ?? Number.NaN) - value)).toBeLessThan(1e-12);
    });
  });

  it('ring of 8 has gap 0.1953', () => {
    expect(spectrum(mixingOf(ring, 8)).gap).toBeCloseTo(0.1953, 4);
  });

  it('complete graph: 1, then 0', () => {
    for (const n of [2, 3, 9]) {
      const { lambda2, lambdaN } = spectrum(mixingOf(complete, n));
      expect(Math.abs(lambda2)).toBeLessThan(1e-12);
      expect(Math.abs(lambdaN)).toBeLessThan(1e-12);
    }
  });

  it('path of n and star of n, which have unequal degrees', () => {
    const path = spectrum(
      metropolis(7, [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
        [4, 5],
        [5, 6],
      ]),
    );
    expect(path.lambda2).toBeCloseTo(1 - (2 / 3) * (1 - Math.cos(Math.PI / 7)), 12);
    const star = spectrum(
      metropolis(6, [
        [0, 1],
        [0, 2],
        [0, 3],
        [0, 4],
        [0, 5],
      ]),
    );
    expect(star.lambda2).toBeCloseTo(1 - 1 / 6, 12);
    expect(Math.abs(star.lambdaN)).toBeLessThan(1e-12);
  });

  it('small rings: none, one edge, a triangle', () => {
    expect(edgesOf(ring, 1)).toEqual([]);
    expect(edgesOf(ring, 2)).toEqual([[0, 1]]);
    expect(edgesOf(ring, 3)).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
    ]);
    expect(edgesOf(ring, 4)).toEqual([
      [0, 1],
      [0, 3],
      [1, 2],
      [2, 3],
    ]);
    expect(mixingOf(ring, 2).map((row) => [...row])).toEqual([
      [0.5, 0.5],
      [0.5, 0.5],
    ]);
  });

  it('a lone worker agrees with itself; isolated workers never agree', () => {
    expect(spectrum(mixingOf(ring, 1))).toMatchObject({ lambda2: 0, lambdaN: 0, rho: 0, gap: 1 });
    expect(spectrum(mixingOf(isolated, 4))).toMatchObject({ lambda2: 1, rho: 1, gap: 0 });
  });

  it('refuses an edge to nowhere', () => {
    expect(() => metropolis(2, [[0, 2]])).toThrow(RangeError);
  });
});
