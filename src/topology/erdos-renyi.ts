/**
 * Erdős–Rényi G(n, p): every pair is joined with the same probability, independently. Drawn again until
 * the graph is connected, which it soon is when p is above ln n / n; where it never is, edges of a path
 * join the parts. Drawn from the recipe's seed, so that everybody has the same graph.
 */
import { numberOption } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { untilConnected } from './edges.ts';
import type { Edge, TopologyEntry } from './topology.ts';

export const erdosRenyi: TopologyEntry = {
  id: 'erdos-renyi',
  label: 'random graph',
  description: 'Erdős–Rényi: every pair is joined with the same probability; drawn until connected.',
  options: {
    probability: {
      kind: 'number',
      default: 0.4,
      min: 0,
      max: 1,
      label: 'probability of an edge',
      help: 'More edges agree faster and cost more. Below ln n / n the graph seldom hangs together.',
    },
  },
  edges(n, _round, seed, options) {
    const probability = numberOption(options, 'probability');
    return untilConnected(n, (attempt) => {
      const stream = randomStream(seed, PURPOSE.topology, 0, attempt);
      const edges: Edge[] = [];
      for (let i = 0; i < n; i++) {
        for (let j = i + 1; j < n; j++) if (stream.uniform() < probability) edges.push([i, j]);
      }
      return edges;
    });
  },
};
