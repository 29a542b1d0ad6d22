/**
 * The small world of Watts and Strogatz (Nature 393, 1998): a ring in which everybody knows its k nearest,
 * and each edge, going around the ring nearest ones first, moves its far end to a random worker with
 * probability β. A few shortcuts make a large flock agree much faster. Drawn from the recipe's seed until
 * connected; where it never is, edges of a path join the parts.
 */
import { numberOption } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { untilConnected } from './edges.ts';
import type { Edge, TopologyEntry } from './topology.ts';

/** One draw: `reach` neighbours on each side, rewired with this probability. */
function draw(n: number, reach: number, rewire: number, seed: number, attempt: number): readonly Edge[] {
  const stream = randomStream(seed, PURPOSE.topology, 0, attempt);
  const beside = Array.from({ length: n }, () => new Set<number>());
  const join = (i: number, j: number) => beside[i]?.add(j) && beside[j]?.add(i);
  const cut = (i: number, j: number) => beside[i]?.delete(j) && beside[j]?.delete(i);
  /** Edges [i, i + hop]; at half way round both ends would name the same one. */
  const starts = (hop: number) => (2 * hop === n ? n / 2 : n);
  for (let hop = 1; hop <= reach; hop++) for (let i = 0; i < starts(hop); i++) join(i, (i + hop) % n);
  for (let hop = 1; hop <= reach; hop++) {
    for (let i = 0; i < starts(hop); i++) {
      const known = beside[i] ?? new Set();
      if (stream.uniform() >= rewire || known.size >= n - 1) continue;
      let other = stream.integer(n);
      while (other === i || known.has(other)) other = stream.integer(n);
      cut(i, (i + hop) % n);
      join(i, other);
    }
  }
  return beside.flatMap((known, i) =>
    [...known]
      .filter((j) => j > i)
      .sort((a, b) => a - b)
      .map((j): Edge => [i, j]),
  );
}

export const smallWorld: TopologyEntry = {
  id: 'small-world',
  label: 'small world',
  description: 'Watts–Strogatz: a ring of near neighbours with a few random shortcuts.',
  options: {
    neighbours: {
      kind: 'number',
      default: 4,
      min: 2,
      max: 32,
      integer: true,
      label: 'neighbours',
      help: 'Nearest workers everybody starts with, half on each side; an odd number counts as one less.',
    },
    rewire: {
      kind: 'number',
      default: 0.2,
      min: 0,
      max: 1,
      label: 'rewired share',
      help: 'Probability that an edge becomes a shortcut: 0 keeps the ring, 1 is a random graph.',
    },
  },
  edges(n, _round, seed, options) {
    const wanted = Math.floor(numberOption(options, 'neighbours') / 2);
    const reach = Math.min(wanted, Math.floor(n / 2));
    const rewire = numberOption(options, 'rewire');
    return untilConnected(n, (attempt) => draw(n, reach, rewire, seed, attempt));
  },
};
