/** What a graph says of itself: bipartite, complete, a star, regular, connected. */
import { expect, it } from 'vitest';
import { complete } from './complete.ts';
import { exponential } from './exponential.ts';
import { graphOf, graphOfEdges, supportOf } from './graph.ts';
import { isolated } from './isolated.ts';
import { path } from './path.ts';
import { randomMatching } from './random-matching.ts';
import { ring } from './ring.ts';
import { shiftOne } from './shift-one.ts';
import { star } from './star.ts';
import { graph } from './testing.ts';
import { torus } from './torus.ts';

it('knows whether it is bipartite, by the edges of all rounds', () => {
  expect(graph(ring, 6).bipartite).toEqual([0, 1, 0, 1, 0, 1]);
  expect(graph(ring, 5).bipartite).toBe(null);
  expect(graph(path, 5).bipartite).toEqual([0, 1, 0, 1, 0]);
  expect(graph(star, 4).bipartite).toEqual([0, 1, 1, 1]);
  expect(graph(complete, 3).bipartite).toBe(null);
  expect(graph(isolated, 3).bipartite).toEqual([0, 0, 0]);
  expect(graph(shiftOne, 6).bipartite).toEqual([0, 0, 0, 1, 1, 1]);
  // Each of its rounds could be divided, but not all in one way.
  expect(graph(randomMatching, 4).bipartite).toBe(null);
  // Two parts, each coloured from its own first worker.
  expect(
    graphOfEdges(6, [
      [0, 2],
      [1, 4],
      [3, 4],
      [4, 5],
    ]).bipartite,
  ).toEqual([0, 0, 1, 0, 1, 0]);
  // Colours go round a long way before the clash shows.
  expect(
    graphOfEdges(7, [
      [0, 6],
      [1, 6],
      [1, 5],
      [2, 5],
      [2, 0],
    ]).bipartite,
  ).toBe(null);
});

it('knows whether it is complete or a star, and around whom', () => {
  expect(graph(complete, 5).isComplete).toBe(true);
  expect(graph(ring, 3).isComplete).toBe(true);
  expect(graph(ring, 4).isComplete).toBe(false);
  expect(graph(exponential, 3).isComplete).toBe(true);
  expect(graph(star, 5).isStar).toBe(0);
  expect(graph(path, 3).isStar).toBe(1);
  expect(graph(path, 4).isStar).toBe(null);
  expect(graph(complete, 3).isStar).toBe(null);
  expect(
    graphOfEdges(4, [
      [0, 3],
      [1, 3],
      [2, 3],
    ]).isStar,
  ).toBe(3);
  expect(
    graphOfEdges(
      3,
      [
        [0, 1],
        [0, 2],
      ],
      { directed: true },
    ).isStar,
  ).toBe(null);
  expect(graph(ring, 1)).toMatchObject({ isComplete: true, isStar: 0, regular: true, connected: true });
});

it('knows whether it is regular and connected, directions counted', () => {
  expect(graph(ring, 7).regular).toBe(true);
  expect(graph(path, 4).regular).toBe(false);
  const oneWay = graphOfEdges(
    3,
    [
      [0, 1],
      [1, 2],
    ],
    { directed: true },
  );
  expect(oneWay).toMatchObject({
    regular: false,
    connected: false,
    symmetric: false,
    doublyStochastic: false,
  });
  const around = graphOfEdges(
    3,
    [
      [0, 1],
      [1, 2],
      [2, 0],
    ],
    { directed: true },
  );
  expect(around).toMatchObject({ regular: true, connected: true, symmetric: false, doublyStochastic: true });
  expect(around.receivesFrom(0)).toEqual([2]);
  expect(around.sendsTo(0)).toEqual([1]);
  expect(around.sendsTo(9)).toEqual([]);
});

it('is made once, and for an impossible number of workers without edges', () => {
  const made = graph(ring, 5);
  expect(made.weights).toBe(made.weights);
  expect(made.support).toBe(made.edges);
  expect(graph(shiftOne, 4)).toMatchObject({ dynamic: true, directed: false });
  expect(graphOf(torus, {}, 7, 0, 1)).toMatchObject({ edges: [], connected: false });
  expect(supportOf(torus, {}, 7, 1)).toEqual([]);
});
