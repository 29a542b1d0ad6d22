/**
 * The ring: everybody has two neighbours. The standard graph of decentralized SGD (Lian et al.,
 * arXiv:1705.09056): two messages a round however many workers, at the price of a spectral gap that
 * shrinks as 1/n². Two workers are a single edge, not a double one; one worker has none.
 */
import type { Edge, TopologyEntry } from './topology.ts';

export const ring: TopologyEntry = {
  id: 'ring',
  label: 'ring',
  description: 'Everybody gossips with two neighbours.',
  options: {},
  edges(n) {
    const edges: Edge[] = [];
    for (let i = 0; i + 1 < n; i++) {
      if (i === 0 && n > 2) edges.push([0, 1], [0, n - 1]);
      else edges.push([i, i + 1]);
    }
    return edges;
  },
};
