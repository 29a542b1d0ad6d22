/**
 * The complete graph: everybody talks to everybody, so one exchange averages exactly (all eigenvalues but
 * the first are 0). Traffic grows as n²; useful as the upper bound of what mixing can do.
 */
import type { Edge, TopologyEntry } from './topology.ts';

export const complete: TopologyEntry = {
  id: 'complete',
  label: 'complete graph',
  description: 'Everybody gossips with everybody: exact averaging, most traffic.',
  options: {},
  edges(n) {
    const edges: Edge[] = [];
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) edges.push([i, j]);
    }
    return edges;
  },
};
