/**
 * Random matching: in every round all workers are paired at random, and pairs average half and half. With
 * an odd number one idles. The pairs come from the recipe's seed and the round, so everybody knows them
 * without asking. In mean square a round leaves 1 - n/(2(n - 1)) of the distance for even n, one half for
 * odd n.
 */
import { PURPOSE, randomStream } from '../math/random.ts';
import { complete } from './complete.ts';
import { tidy } from './edges.ts';
import type { Edge, TopologyEntry } from './topology.ts';

export const randomMatching: TopologyEntry = {
  id: 'random-matching',
  label: 'random matching',
  description: 'Everybody meets one other worker a round, drawn at random; of an odd number one idles.',
  options: {},
  dynamic: true,
  edges(n, round, seed) {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    randomStream(seed, PURPOSE.topology, 0, round).shuffle(order);
    const pairs: Edge[] = [];
    for (let i = 0; i + 1 < n; i += 2) pairs.push([order[i] ?? 0, order[i + 1] ?? 0]);
    return tidy(pairs);
  },
  support: (n, seed, options) => complete.edges(n, 0, seed, options),
};
