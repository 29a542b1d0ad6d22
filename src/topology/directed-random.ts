/**
 * One-sided trust: every worker is willing to send to any other with the same probability, without being
 * heard in return. A one-way ring is always there, so that news reaches everybody. Degrees differ, hence
 * plain averaging is biased here and push-sum is not: the setting of online push-sum (He, Tan, Tang et
 * al., arXiv 1910.04956). Drawn from the recipe's seed.
 */
import { numberOption } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { tidy } from './edges.ts';
import type { Edge, TopologyEntry } from './topology.ts';

export const directedRandom: TopologyEntry = {
  id: 'directed-random',
  label: 'one-way random graph',
  description: 'One-sided trust: random one-way edges over a one-way ring. For push-sum algorithms.',
  options: {
    probability: {
      kind: 'number',
      default: 0.2,
      min: 0,
      max: 1,
      label: 'probability of an edge',
      help: 'How likely each worker sends to each other, beyond the ring; 0 leaves the one-way ring alone.',
    },
  },
  directed: true,
  edges(n, _round, seed, options) {
    const probability = numberOption(options, 'probability');
    const stream = randomStream(seed, PURPOSE.topology, 0, 0);
    const edges: Edge[] = [];
    for (let from = 0; from < n; from++) {
      edges.push([from, (from + 1) % n]);
      for (let to = 0; to < n; to++) {
        if (to !== from && stream.uniform() < probability) edges.push([from, to]);
      }
    }
    return tidy(edges, true);
  },
};
