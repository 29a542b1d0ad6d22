/**
 * Label shards: the pathological non-iid split of FedAvg (McMahan et al., arXiv:1602.05629, section 3).
 *
 * Rows are sorted by class and cut into seats × `labels` equal shards; every seat gets `labels` shards at
 * random. (The option is named after FedAvg's case, in which a shard has one label.) With few seats a shard
 * is larger than a class or straddles a border, so a seat may see more classes than it has shards.
 */
import { numberOption } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { needsClasses, type PartitionEntry } from './dataset.ts';
import { cutEvenly } from './iid.ts';

export const shards: PartitionEntry = {
  id: 'shards',
  label: 'in a few shards sorted by label',
  description:
    'Rows are sorted by class and cut into shards of equal size; everybody gets a few at random, and so sees only some of the classes.',
  options: {
    labels: {
      kind: 'number',
      label: 'shards each',
      help: 'How many shards everybody gets; fewer means more different workers. A shard can hold more than one class: where it crosses a border, or classes are smaller than shards.',
      default: 2,
      min: 1,
      max: 10,
      integer: true,
    },
  },
  refuses: needsClasses('shards'),
  deal(rows, labels, seats, seed, options) {
    const each = numberOption(options, 'labels');
    const stream = randomStream(seed, PURPOSE.partition, 0, 0);
    // Shuffled first, so that another draw also cuts other shards out of a class; the sort is stable.
    const sorted = stream.shuffle(rows.slice()).sort((a, b) => (labels[a] ?? 0) - (labels[b] ?? 0));
    const pieces = cutEvenly(sorted, seats * each);
    stream.shuffle(pieces);
    return Array.from({ length: seats }, (_, seat) => {
      const mine = pieces.slice(seat * each, (seat + 1) * each);
      const joined = new Uint32Array(mine.reduce((sum, piece) => sum + piece.length, 0));
      let offset = 0;
      for (const piece of mine) {
        joined.set(piece, offset);
        offset += piece.length;
      }
      return joined;
    });
  },
};
