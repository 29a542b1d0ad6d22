/** One contract suite over every topology of the registry, for 1 to 33 workers. */
import { describe, expect, it } from 'vitest';
import { graphOf, impossibleReason, spectrumOf, supportOf } from './graph.ts';
import { TOPOLOGIES } from './index.ts';
import { isolated } from './isolated.ts';
import { distance, graph, mean, mixed, optionsFor, spectrumFor, values } from './testing.ts';
import { type Edge, isDirected, type TopologyEntry } from './topology.ts';

const MOST = 33;

/** Workers reached from the first one, along the edges or against them. */
function reached(n: number, edges: readonly Edge[], directed: boolean, against: boolean): number {
  const seen = new Set([0]);
  for (let before = 0; before < seen.size; ) {
    before = seen.size;
    for (const [a, b] of edges) {
      if (seen.has(a) && !(directed && against)) seen.add(b);
      if (seen.has(b) && (!directed || against)) seen.add(a);
    }
  }
  return n === 0 ? 0 : seen.size;
}

/** Edges that must not stand where they stand: of nobody, loops, doubles, out of order. */
function improper(n: number, edges: readonly Edge[], directed: boolean): readonly Edge[] {
  return edges.filter(([a, b], k) => {
    const [c, d] = edges[k - 1] ?? [-1, -1];
    const inside = Number.isInteger(a) && Number.isInteger(b) && Math.min(a, b) >= 0 && Math.max(a, b) < n;
    return !inside || (directed ? a === b : a >= b) || !(c < a || (c === a && d < b));
  });
}

/** Numbers of workers for which there is such a graph, and the rounds worth a look. */
function* cases(entry: TopologyEntry): Generator<{ n: number; round: number }> {
  for (let n = 1; n <= MOST; n++) {
    if (impossibleReason(entry, optionsFor(entry, n), n) !== null) continue;
    const rounds = entry.dynamic === true ? [0, 1, 2, 5, 31, 1_000_003] : [0];
    for (const round of rounds) yield { n, round };
  }
}

describe.each(TOPOLOGIES.map((entry) => [entry.id, entry] as const))('topology %s', (_id, entry) => {
  it('has a name, a description and an id of its own', () => {
    expect(entry.id).toMatch(/^[a-z0-9-]+$/);
    expect(entry.label.length * entry.description.length).toBeGreaterThan(0);
    expect(entry.description).not.toContain('\n');
    expect(TOPOLOGIES.filter((other) => other.id === entry.id)).toHaveLength(1);
  });

  it('exists for one and two workers, and says what to choose where it does not exist', () => {
    for (let n = 1; n <= MOST; n++) {
      const reason = impossibleReason(entry, optionsFor(entry, n), n);
      if (n <= 2) expect(reason).toBe(null);
      if (reason === null) continue;
      expect(reason).toContain(String(n));
      expect(reason).toMatch(/^[A-Z][^.]*; choose [^.]*\d[^.]*\.$/);
      const empty = graphOf(entry, optionsFor(entry, n), n, 0, 1);
      expect(empty.edges).toEqual([]);
      expect(empty.connected).toBe(false);
    }
  });

  it('has proper edges, sorted, the same for everybody who asks, all of them in its support', () => {
    for (const { n, round } of cases(entry)) {
      const options = optionsFor(entry, n);
      const directed = isDirected(entry, options);
      for (const seed of [1, 2 ** 40 + 3]) {
        const edges = entry.edges(n, round, seed, options);
        expect(improper(n, edges, directed)).toEqual([]);
        expect(entry.edges(n, round, seed, optionsFor(entry, n))).toEqual(edges);
        const support = supportOf(entry, options, n, seed);
        expect(improper(n, support, directed)).toEqual([]);
        const known = new Set(support.map(String));
        expect(edges.every((edge) => known.has(String(edge)))).toBe(true);
        if (entry.dynamic !== true) expect(edges).toEqual(support);
      }
    }
  });

  it('reaches everybody from everybody in the end', () => {
    for (const { n, round } of cases(entry)) {
      const made = graph(entry, n, round);
      if (entry === isolated) {
        expect(made.edges).toEqual([]);
        expect(made.connected).toBe(n === 1);
      } else {
        expect(reached(n, made.support, made.directed, false)).toBe(n);
        expect(reached(n, made.support, made.directed, true)).toBe(n);
        expect(made.connected).toBe(true);
      }
    }
  });

  it('has weights from 0 to 1 exactly where it has edges, which keep the sum', () => {
    for (const { n, round } of cases(entry)) {
      const { edges, weights, directed, ...made } = graph(entry, n, round);
      const heard = new Set(
        edges.flatMap(([a, b]) => (directed ? [`${b} ${a}`] : [`${b} ${a}`, `${a} ${b}`])),
      );
      const wrong: string[] = [];
      for (let i = 0; i < n; i++) {
        const [receives, sends] = [new Set(made.receivesFrom(i)), new Set(made.sendsTo(i))];
        let [row, column] = [0, 0];
        for (let j = 0; j < n; j++) {
          const weight = weights[i]?.[j] ?? Number.NaN;
          const back = weights[j]?.[i] ?? Number.NaN;
          const hears = heard.has(`${i} ${j}`);
          if (receives.has(j) !== hears) wrong.push(`${i} receives from ${j}`);
          if (sends.has(j) !== heard.has(`${j} ${i}`)) wrong.push(`${i} sends to ${j}`);
          if (!(hears || i === j ? weight > 0 && weight <= 1 : weight === 0)) wrong.push(`W ${i} ${j}`);
          if (!directed && weight !== back) wrong.push(`W ${i} ${j} is not W ${j} ${i}`);
          row += weight;
          column += back;
        }
        if (!(Math.abs(column - 1) < 1e-12)) wrong.push(`column ${i}`);
        if (made.doublyStochastic && !(Math.abs(row - 1) < 1e-12)) wrong.push(`row ${i}`);
      }
      expect(wrong, `${n} workers, round ${round}`).toEqual([]);
      if (!directed) expect(made.doublyStochastic && made.symmetric).toBe(true);
      // Push-sum weights of a regular graph keep the mean of plain models too.
      if (made.regular) expect(made.doublyStochastic).toBe(true);
    }
  });

  it('keeps the mean, and contracts the distance as its spectrum says', () => {
    for (const n of [1, 2, 3, 8, 17, 24]) {
      const options = optionsFor(entry, n);
      if (impossibleReason(entry, options, n) !== null) continue;
      const { kind, rho, gap, values: spectral } = spectrumOf(entry, options, n, 1);
      expect(spectral[0]).toBeCloseTo(1, 12);
      expect(rho).toBeLessThanOrEqual(1 + 1e-12);
      expect(gap).toBe(1 - rho);
      if (entry !== isolated) expect(gap).toBeGreaterThan(1e-4);
      const rounds = kind === 'period' ? (entry.period?.(n) ?? 1) : 1;
      let x = values(n);
      const before = x;
      for (let round = 0; round < rounds; round++) {
        x = mixed(graphOf(entry, options, n, round, 1).weights, x);
        expect(mean(x)).toBeCloseTo(mean(before), 12);
      }
      if (kind === 'push-sum' || kind === 'expected') continue; // Bounds in the long run: own tests.
      expect(distance(x)).toBeLessThanOrEqual(rho ** rounds * distance(before) + 1e-12);
    }
  });

  it('has places within the picture that do not lie on one another', () => {
    for (let n = 1; n <= MOST; n++) {
      const options = optionsFor(entry, n);
      if (impossibleReason(entry, options, n) !== null) continue;
      const places = entry.place?.(n, options) ?? null;
      if (places === null) continue;
      expect(places).toHaveLength(n);
      expect(places.flat().every((part) => part >= 0 && part <= 1)).toBe(true);
      const gaps = places.flatMap(([x, y], i) =>
        places.slice(0, i).map(([u, v]) => Math.hypot(x - u, y - v)),
      );
      expect(Math.min(1, ...gaps)).toBeGreaterThan(0.05);
    }
  });
});

it('a lone worker agrees with itself; isolated workers never agree', () => {
  for (const entry of TOPOLOGIES) {
    expect(graph(entry, 1).edges).toEqual([]);
    expect(spectrumFor(entry, 1)).toMatchObject({ lambda2: 0, lambdaN: 0, rho: 0, gap: 1 });
  }
  expect(spectrumFor(isolated, 4)).toMatchObject({ lambda2: 1, rho: 1, gap: 0 });
});

it('two workers are one edge, in both directions at most, and average exactly in one round', () => {
  for (const entry of TOPOLOGIES) {
    if (entry === isolated) continue;
    const { edges, directed, weights } = graph(entry, 2);
    expect(edges).toEqual(
      directed
        ? [
            [0, 1],
            [1, 0],
          ]
        : [[0, 1]],
    );
    expect(weights.map((row) => [...row])).toEqual([
      [0.5, 0.5],
      [0.5, 0.5],
    ]);
    expect(spectrumFor(entry, 2).rho).toBe(0);
  }
});
