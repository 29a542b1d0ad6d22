/**
 * The hypercube: positions in binary are the corners, and neighbours differ in one bit. n = 2^k workers,
 * k neighbours each, eigenvalues 1 - 2j/(k + 1): it agrees nearly as fast as the complete graph with
 * log2 n messages.
 */
import { cube } from './place.ts';
import { type Edge, hops, type TopologyEntry } from './topology.ts';

export const hypercube: TopologyEntry = {
  id: 'hypercube',
  label: 'hypercube',
  description: 'Corners of a cube of log2 n dimensions; for a power of two of workers.',
  options: {},
  edges(n) {
    const edges: Edge[] = [];
    for (let i = 0; i < n; i++) {
      for (let bit = 1; bit < n; bit *= 2) {
        if ((i & bit) === 0 && i + bit < n) edges.push([i, i + bit]);
      }
    }
    return edges;
  },
  impossible(n) {
    const above = 2 ** hops(n);
    if (above === n) return null;
    return (
      `A hypercube needs a power of two of workers, not ${n}; ` +
      `choose the exponential graph, or ${above / 2} or ${above} workers.`
    );
  },
  place: (n) => cube(hops(n)),
};
