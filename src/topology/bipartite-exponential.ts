/**
 * The bipartite exponential graph of AD-PSGD: odd positions are active and start exchanges, even ones are
 * passive and answer; neighbours are ±1 and ±(1 + 2^h) places away, h = 1, 2, … (modulo n), odd hops all,
 * so that every edge joins an active to a passive worker. Lian et al., arXiv 1710.06952; hops as in the
 * public code of stochastic gradient push. An odd number of workers would close an odd ring, in which no
 * such division exists.
 */
import { tidy } from './edges.ts';
import { columns } from './place.ts';
import type { Edge, TopologyEntry } from './topology.ts';

export const bipartiteExponential: TopologyEntry = {
  id: 'bipartite-exponential',
  label: 'bipartite exponential graph',
  description: 'Even and odd workers 1, 3, 5, 9, … places apart, so that nobody waits in a circle; n even.',
  options: {},
  edges(n) {
    const edges: Edge[] = [];
    // Each edge is found from its even end, going both ways around.
    for (let i = 0; i < n; i += 2) {
      for (let hop = 1; hop < n; hop = hop === 1 ? 3 : 2 * hop - 1) {
        edges.push([i, (i + hop) % n], [i, (i - hop + n) % n]);
      }
    }
    return tidy(edges);
  },
  impossible(n) {
    if (n % 2 === 0 || n < 2) return null;
    return (
      `The bipartite exponential graph needs as many even as odd positions, and ${n} workers are an odd ` +
      `number; choose the path, or ${n - 1} or ${n + 1} workers.`
    );
  },
  place: (n) => (n < 3 ? null : columns(n, (position) => position % 2 === 1)),
};
