/** Graphs drawn from the seed: how they are distributed, and that they always hang together. */
import { describe, expect, it } from 'vitest';
import { complete } from './complete.ts';
import { directedRandom } from './directed-random.ts';
import { connected, untilConnected } from './edges.ts';
import { erdosRenyi } from './erdos-renyi.ts';
import { graphOf } from './graph.ts';
import { path } from './path.ts';
import { smallWorld } from './small-world.ts';
import { graph, optionsFor } from './testing.ts';
import type { TopologyEntry } from './topology.ts';

const edgesOf = (entry: TopologyEntry, n: number, seed: number, given: Record<string, unknown>) =>
  graphOf(entry, optionsFor(entry, n, given), n, 0, seed).edges;

describe('until connected', () => {
  it('takes the first connected draw', () => {
    const draws: number[] = [];
    const edges = untilConnected(3, (attempt) => {
      draws.push(attempt);
      return attempt < 2
        ? [[0, 1]]
        : [
            [0, 2],
            [1, 2],
          ];
    });
    expect(draws).toEqual([0, 1, 2]);
    expect(edges).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  it('joins the parts of the last draw along a path, with no edge more than it needs', () => {
    expect(
      untilConnected(6, () => [
        [0, 3],
        [1, 4],
      ]),
    ).toEqual([
      [0, 1],
      [0, 3],
      [1, 2],
      [1, 4],
      [4, 5],
    ]);
    expect(untilConnected(1, () => [])).toEqual([]);
  });
});

describe('Erdős–Rényi', () => {
  it('is the path without chances and the complete graph with all of them', () => {
    for (const n of [2, 7, 20]) {
      expect(edgesOf(erdosRenyi, n, 1, { probability: 0 })).toEqual(graph(path, n).edges);
      expect(edgesOf(erdosRenyi, n, 1, { probability: 1 })).toEqual(graph(complete, n).edges);
    }
  });

  it('has about p n (n - 1) / 2 edges, others with another seed', () => {
    const seeds = Array.from({ length: 60 }, (_, seed) => seed);
    const counts = seeds.map((seed) => edgesOf(erdosRenyi, 20, seed, { probability: 0.4 }).length);
    const average = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    // 190 pairs: mean 76, standard deviation 6.8 each, 0.87 of the average.
    expect(Math.abs(average - 76)).toBeLessThan(4);
    expect(new Set(counts).size).toBeGreaterThan(5);
  });

  it('hangs together even where that is unlikely', () => {
    for (let seed = 0; seed < 30; seed++) {
      expect(connected(33, edgesOf(erdosRenyi, 33, seed, { probability: 0.05 }))).toBe(true);
    }
  });
});

describe('small world', () => {
  it('is the ring of near neighbours while nothing is rewired', () => {
    const edges = edgesOf(smallWorld, 12, 1, { neighbours: 4, rewire: 0 });
    expect(edges).toHaveLength(24);
    for (const [a, b] of edges) expect([1, 2, 10, 11]).toContain(b - a);
    expect(edgesOf(smallWorld, 12, 1, { neighbours: 5, rewire: 0 })).toEqual(edges);
  });

  it('is complete where there are not more workers than neighbours', () => {
    for (const n of [2, 3, 4, 5]) {
      expect(edgesOf(smallWorld, n, 1, { neighbours: 4, rewire: 0.5 })).toEqual(graph(complete, n).edges);
    }
  });

  it('keeps its number of edges when they move, and moves about the share that is asked for', () => {
    const near = new Set(edgesOf(smallWorld, 33, 0, { neighbours: 6, rewire: 0 }).map(String));
    let moved = 0;
    for (let seed = 0; seed < 40; seed++) {
      const edges = edgesOf(smallWorld, 33, seed, { neighbours: 6, rewire: 0.2 });
      expect(edges).toHaveLength(99);
      expect(connected(33, edges)).toBe(true);
      moved += edges.filter((edge) => !near.has(String(edge))).length;
    }
    // 40 × 99 edges, 0.2 of them rewired; a few come to lie where a near edge was.
    expect(moved / (40 * 99)).toBeGreaterThan(0.15);
    expect(moved / (40 * 99)).toBeLessThan(0.21);
  });

  it('holds together when all is random', () => {
    for (let seed = 0; seed < 20; seed++) {
      expect(connected(30, edgesOf(smallWorld, 30, seed, { neighbours: 2, rewire: 1 }))).toBe(true);
    }
  });
});

describe('one-way random graph', () => {
  it('always has the one-way ring, and nothing else without chances', () => {
    const around = Array.from({ length: 9 }, (_, i) => [i, (i + 1) % 9]);
    expect(edgesOf(directedRandom, 9, 1, { probability: 0 })).toEqual(around);
    const some = new Set(edgesOf(directedRandom, 9, 1, { probability: 0.3 }).map(String));
    for (const edge of around) expect(some.has(String(edge))).toBe(true);
    expect(edgesOf(directedRandom, 9, 1, { probability: 1 })).toHaveLength(72);
  });

  it('trusts one-sidedly: degrees differ, and few edges go both ways', () => {
    const made = graph(directedRandom, 16);
    expect(made.regular).toBe(false);
    expect(made.doublyStochastic).toBe(false);
    const both = made.edges.filter(([a, b]) => made.sendsTo(b).includes(a));
    expect(both.length).toBeLessThan(made.edges.length / 2);
  });
});
