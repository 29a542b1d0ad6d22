/** Weights and rates beyond closed forms: lazy and slowed gossip, push-sum, plain averages. */
import { describe, expect, it } from 'vitest';
import { symmetricEigenvalues } from '../math/eigen.ts';
import { directedRandom } from './directed-random.ts';
import { arcsOf } from './edges.ts';
import { graphOfEdges } from './graph.ts';
import { TOPOLOGIES } from './index.ts';
import { consensusStep, lazy, metropolis, pushSum, uniform } from './mixing.ts';
import { path } from './path.ts';
import { ring } from './ring.ts';
import { isDoublyStochastic, spectrum } from './spectrum.ts';
import { apart, graph, mean, mixed, values } from './testing.ts';
import { torus } from './torus.ts';

const flat = (rows: readonly Float64Array[]) => rows.flatMap((row) => [...row]);

describe('weights', () => {
  it('are the same, Metropolis, uniform or push-sum, where the graph is regular', () => {
    let regular = 0;
    for (const entry of TOPOLOGIES) {
      for (const n of [2, 4, 6, 8, 12, 16]) {
        const made = graph(entry, n);
        if (!made.regular) continue;
        regular += 1;
        const arcs = arcsOf(made.edges, made.directed);
        expect(apart(flat(made.weights), flat(uniform(n, arcs)))).toBeLessThan(1e-12);
        expect(apart(flat(made.weights), flat(pushSum(n, arcs)))).toBeLessThan(1e-12);
      }
    }
    expect(regular).toBeGreaterThan(40);
  });

  it('differ on a path: Metropolis keeps the mean, the receiver’s average does not', () => {
    const { edges } = graph(path, 3);
    const arcs = arcsOf(edges, false);
    const third = 1 / 3;
    expect(
      apart(flat(metropolis(3, edges)), [2 * third, third, 0, third, third, third, 0, third, 2 * third]),
    ).toBeLessThan(1e-15);
    expect(flat(uniform(3, arcs))).toEqual([0.5, 0.5, 0, third, third, third, 0, 0.5, 0.5]);
    expect(flat(pushSum(3, arcs))).toEqual([0.5, third, 0, 0.5, third, 0.5, 0, third, 0.5]);
    expect(isDoublyStochastic(uniform(3, arcs))).toBe(false);
  });

  it('are chosen by an option of every undirected graph that stays the same', () => {
    let chosen = 0;
    for (const entry of TOPOLOGIES) {
      if (entry.options.weights === undefined) continue;
      chosen += 1;
      const weighed = (weights: string) => graph(entry, 8, 0, { weights }).weights;
      const { edges, weights } = graph(entry, 8);
      expect(flat(weighed('metropolis'))).toEqual(flat(weights));
      expect(flat(weighed('uniform'))).toEqual(flat(uniform(8, arcsOf(edges, false))));
      expect(flat(weighed('lazy'))).toEqual(flat(lazy(weights)));
    }
    expect(chosen).toBeGreaterThan(7);
    expect(directedRandom.options.weights).toBeUndefined();
  });

  it('refuse an edge to nowhere', () => {
    for (const weights of [metropolis, pushSum, uniform]) {
      expect(() => weights(2, [[0, 2]])).toThrow(RangeError);
      expect(() => weights(2, [[-1, 0]])).toThrow(RangeError);
    }
    expect(() => graphOfEdges(2, [[0, 2]])).toThrow(RangeError);
  });
});

describe('the consensus step', () => {
  it('moves every eigenvalue to 1 - η(1 - λ)', () => {
    for (const eta of [1, 0.5, 0.3, 0]) {
      const { weights } = graph(torus, 12);
      const moved = symmetricEigenvalues(weights).map((value) => 1 - eta * (1 - value));
      expect(apart(symmetricEigenvalues(consensusStep(weights, eta)), moved)).toBeLessThan(1e-12);
      expect(isDoublyStochastic(consensusStep(weights, eta))).toBe(true);
    }
  });

  it('of one half is the lazy matrix, with no eigenvalue below 0: what D² needs of an even ring', () => {
    const { weights } = graph(ring, 8);
    expect(spectrum(weights).lambdaN).toBeCloseTo(-1 / 3, 12);
    expect(spectrum(lazy(weights)).lambdaN).toBeCloseTo(1 / 3, 12);
    expect(flat(lazy(weights))).toEqual(
      flat(weights).map((weight, k) => (k % 9 === 0 ? 1 - 0.5 * (1 - weight) : 0.5 * weight)),
    );
  });
});

describe('push-sum on a graph of one-sided trust', () => {
  const n = 12;
  const made = graph(directedRandom, n);

  it('reaches the mean at the rate its spectrum says, where plain averages reach another value', () => {
    const { kind, rho } = spectrum(made.weights);
    expect(kind).toBe('push-sum');
    const start = values(n);
    const target = mean(start);
    const worst = (x: readonly number[]) => Math.max(...x.map((value) => Math.abs(value - target)));
    let x = start;
    let w = start.map(() => 1);
    const errors: number[] = [];
    for (let round = 0; round < 60; round++) {
      x = mixed(made.weights, x);
      w = mixed(made.weights, w);
      errors.push(worst(x.map((value, i) => value / (w[i] ?? 0))));
    }
    expect(mean(w)).toBeCloseTo(1, 12);
    // The rate over rounds 10 to 30; complex pairs make single rounds better or worse.
    const rate = ((errors[30] ?? 0) / (errors[10] ?? 0)) ** (1 / 20);
    expect(Math.abs(rate - rho)).toBeLessThan(0.05);
    expect(errors[59]).toBeLessThan(1e-12);

    const plain = uniform(n, made.edges);
    let biased = start;
    for (let round = 0; round < 200; round++) biased = mixed(plain, biased);
    expect(Math.max(...biased) - Math.min(...biased)).toBeLessThan(1e-12);
    expect(worst(biased)).toBeGreaterThan(0.01);
  });

  it('has a rate that is the second eigenvalue: exactly so where that is known', () => {
    // 0 → 1 → 2 → 0 and 0 → 2: columns (1/3, 1/3, 1/3), (0, 1/2, 1/2), (1/2, 0, 1/2). Its characteristic
    // polynomial is (λ - 1)(λ² - λ/3 + 1/12): |λ2|² = 1/12.
    const weights = pushSum(3, [
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 0],
    ]);
    expect(spectrum(weights)).toMatchObject({ kind: 'push-sum', lambdaN: 0 });
    expect(spectrum(weights).rho).toBeCloseTo(Math.sqrt(1 / 12), 4);
  });

  it('never agrees where news cannot pass', () => {
    expect(
      spectrum(
        pushSum(4, [
          [0, 1],
          [1, 0],
          [2, 3],
          [3, 2],
          [0, 2],
        ]),
      ).rho,
    ).toBeLessThan(1);
    expect(
      spectrum(
        pushSum(5, [
          [0, 1],
          [0, 2],
          [1, 0],
          [2, 0],
          [3, 4],
          [4, 3],
        ]),
      ).rho,
    ).toBeCloseTo(1, 4);
  });
});
