/**
 * The one-peer exponential graph, directed and changing: in round t worker i hears only
 * i - 2^(t mod τ) (modulo n), τ = ⌈log2 n⌉, and averages half and half. One message a round, and for
 * n = 2^τ any τ rounds in a row average exactly (Assran et al., arXiv 1811.10792).
 */
import { exponential } from './exponential.ts';
import { type Edge, hops, type TopologyEntry } from './topology.ts';

const period = (n: number) => Math.max(1, hops(n));

export const onePeerExponential: TopologyEntry = {
  id: 'one-peer-exponential',
  label: 'one-peer exponential graph',
  description: 'One-way, one message a round: 1 place on, then 2, then 4, … Exact for a power of two.',
  options: {},
  directed: true,
  dynamic: true,
  period,
  edges(n, round) {
    if (n < 2) return [];
    const hop = 2 ** (round % period(n));
    return Array.from({ length: n }, (_, i): Edge => [i, (i + hop) % n]);
  },
  support: (n, seed, options) => exponential.edges(n, 0, seed, options),
};
