/** Independent and identically distributed: a seeded shuffle, cut into parts of (nearly) equal size. */
import { PURPOSE, randomStream } from '../math/random.ts';
import type { PartitionEntry } from './dataset.ts';

export const iid: PartitionEntry = {
  id: 'iid',
  label: 'shuffled evenly',
  description: 'Everybody gets an equal share of a thorough shuffle: all hold about the same mix of classes.',
  options: {},
  deal(rows, _labels, seats, seed) {
    const order = randomStream(seed, PURPOSE.partition, 0, 0).shuffle(rows.slice());
    return cutEvenly(order, seats);
  },
};

/** Consecutive parts whose sizes differ by at most one. */
export function cutEvenly(rows: Uint32Array, parts: number): Uint32Array[] {
  const bound = (part: number) => Math.floor((part * rows.length) / parts);
  return Array.from({ length: parts }, (_, part) => rows.slice(bound(part), bound(part + 1)));
}
