/**
 * The two-dimensional torus: a grid whose rows and columns close into rings, as square as n allows.
 * With sides of three and more everybody has four neighbours and all weights are 1/5; in a side of two the
 * wrapping edge is the edge itself and counts once, which Metropolis weights allow for. A prime number of
 * workers has one row only, and that is the ring.
 */
import { tidy } from './edges.ts';
import { grid } from './place.ts';
import type { Edge, TopologyEntry } from './topology.ts';

/** Rows and columns of the most square grid of n, rows ≤ columns. */
export function sidesOfTorus(n: number): readonly [rows: number, columns: number] {
  let rows = Math.floor(Math.sqrt(n));
  while (rows > 1 && n % rows !== 0) rows -= 1;
  return [rows, n / rows];
}

export const torus: TopologyEntry = {
  id: 'torus',
  label: 'torus',
  description: 'A grid that wraps around: four neighbours each, fewer where a side is two.',
  options: {},
  edges(n) {
    const [rows, columns] = sidesOfTorus(n);
    const edges: Edge[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const here = row * columns + column;
        edges.push([here, row * columns + ((column + 1) % columns)]);
        edges.push([here, ((row + 1) % rows) * columns + column]);
      }
    }
    return tidy(edges);
  },
  impossible(n) {
    // Of two workers there is only one graph.
    if (n <= 2 || sidesOfTorus(n)[0] > 1) return null;
    const counts = n === 3 ? '4' : `${n - 1} or ${n + 1}`;
    return (
      `A torus needs at least two rows of equal length, and ${n} workers fill no such grid; ` +
      `choose the ring, or ${counts} workers.`
    );
  },
  place: (n) => grid(...sidesOfTorus(n)),
};
