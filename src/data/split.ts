/** The split into training and test rows: a seeded shuffle, the same for every peer of a run. */
import { PURPOSE, randomStream } from '../math/random.ts';
import type { Split } from './dataset.ts';

/** @throws {RangeError} unless 0 <= testRows <= rows. */
export function splitRows(rows: number, testRows: number, seed: number): Split {
  if (!Number.isInteger(testRows) || testRows < 0 || testRows > rows) {
    throw new RangeError(`Cannot set ${testRows} of ${rows} rows aside for testing.`);
  }
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  randomStream(seed, PURPOSE.split, 0, 0).shuffle(order);
  return { train: order.slice(0, rows - testRows), test: order.slice(rows - testRows) };
}
