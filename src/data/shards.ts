/**
 * Label shards: the pathological non-iid split of FedAvg (McMahan et al., arXiv:1602.05629, section 3).
 *
 * Rows are sorted by class and cut into seats × labels equal shards; every seat gets `labels` shards at
 * random. Most shards hold one class, some straddle a border, so a seat sees about `labels` classes.
 */
import { numberOption } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { needsClasses, type PartitionEntry } from './dataset.ts';
import { cutEvenly } from './iid.ts';

export const shards: PartitionEntry = {
  id: 'shards',
  label: 'a few labels each',
  description: 'Everybody gets a few pieces of the data sorted by class, and so sees only a few classes.',
  options: {
    labels: {
      kind: 'number',
      label: 'labels each',
      help: 'How many pieces of one class (about) everybody gets; fewer means more different workers.',
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
