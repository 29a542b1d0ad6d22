/**
 * The path: a ring with one edge cut, so that the two ends have one neighbour each. News takes n - 1
 * rounds from end to end, the worst gap of any sensible graph: 1 - λ2 = (2/3)(1 - cos(π/n)).
 */
import { line } from './place.ts';
import type { Edge, TopologyEntry } from './topology.ts';

export const path: TopologyEntry = {
  id: 'path',
  label: 'path',
  description: 'A line: everybody gossips with the one before and the one after. The slowest to agree.',
  options: {},
  edges: (n) => Array.from({ length: Math.max(0, n - 1) }, (_, i): Edge => [i, i + 1]),
  place: (n) => line(n),
};
