/**
 * Shift-one: the first half of the flock meets the second half, everybody one place further each round.
 * In round t position r < n/2 is paired with n/2 + ((t + r) mod n/2), and pairs average half and half.
 * Perfect matchings that repeat after n/2 rounds. From BAGUA (Gan, Lian et al., arXiv 2107.01499), where
 * it is the peer selection of decentralised SGD.
 */
import { columns } from './place.ts';
import type { Edge, TopologyEntry } from './topology.ts';

export const shiftOne: TopologyEntry = {
  id: 'shift-one',
  label: 'shift-one matching',
  description: 'The two halves of the flock in pairs, shifted by one each round; for an even number.',
  options: {},
  dynamic: true,
  period: (n) => Math.max(1, Math.floor(n / 2)),
  edges(n, round) {
    const half = Math.floor(n / 2);
    return Array.from({ length: half }, (_, r): Edge => [r, half + ((round + r) % half)]);
  },
  impossible(n) {
    if (n % 2 === 0 || n < 2) return null;
    return (
      `Shift-one pairs two halves of the flock, and of ${n} workers one is left over; ` +
      `choose random matching, or ${n - 1} or ${n + 1} workers.`
    );
  },
  support(n) {
    const half = Math.floor(n / 2);
    return Array.from({ length: half * half }, (_, k): Edge => [Math.floor(k / half), half + (k % half)]);
  },
  place: (n) => (n < 3 ? null : columns(n, (position) => position >= n / 2)),
};
