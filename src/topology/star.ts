/**
 * The star: position 0 is the centre and everybody else talks to it alone, as to a server. Two rounds
 * spread any news, but Metropolis weights of 1/n make averaging slow: the gap is 1/n. An ordinary worker
 * is the centre, and when it leaves, whoever comes to stand first is.
 */
import { aroundCentre } from './place.ts';
import type { Edge, TopologyEntry } from './topology.ts';

export const star: TopologyEntry = {
  id: 'star',
  label: 'star',
  description: 'The first worker stands in the centre and talks to all; the others talk to it alone.',
  options: {},
  edges: (n) => Array.from({ length: Math.max(0, n - 1) }, (_, i): Edge => [0, i + 1]),
  place: (n) => (n < 3 ? null : aroundCentre(n)),
};
