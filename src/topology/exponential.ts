/**
 * The static exponential graph, directed: with τ = ⌈log2 n⌉, worker i hears i - 1, i - 2, i - 4, … i -
 * 2^(τ-1) (modulo n), all with weight 1/(τ + 1). Regular, hence doubly stochastic, but not symmetric.
 * ‖W - J‖₂ = (τ - 1)/(τ + 1) for even n. The standard graph of stochastic gradient push (Assran et al.,
 * arXiv 1811.10792).
 */
import { tidy } from './edges.ts';
import { type Edge, hops, type TopologyEntry } from './topology.ts';

export const exponential: TopologyEntry = {
  id: 'exponential',
  label: 'exponential graph',
  description: 'One-way: everybody hears those 1, 2, 4, 8, … places before. Fast agreement, log2 n messages.',
  options: {},
  directed: true,
  edges(n) {
    const edges: Edge[] = [];
    for (let hop = 0; hop < hops(n); hop++) {
      for (let i = 0; i < n; i++) edges.push([i, (i + 2 ** hop) % n]);
    }
    return tidy(edges, true);
  },
};
