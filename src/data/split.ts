/**
 * The split into training and test rows: a seeded shuffle, the same for every peer of a run. Without test
 * rows there is nothing to draw, and the training rows stay in the file's order; so they do where the last
 * rows are set aside for testing.
 */
import { PURPOSE, randomStream } from '../math/random.ts';
import type { Split } from './dataset.ts';

/** @throws {RangeError} unless 0 <= testRows <= rows. */
export function splitRows(rows: number, testRows: number, seed: number, testLast = false): Split {
  if (!Number.isInteger(testRows) || testRows < 0 || testRows > rows) {
    throw new RangeError(`Cannot set ${testRows} of ${rows} rows aside for testing.`);
  }
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  if (testRows === 0) return { train: order, test: new Uint32Array(0) };
  if (!testLast) randomStream(seed, PURPOSE.split, 0, 0).shuffle(order);
  return { train: order.slice(0, rows - testRows), test: order.slice(rows - testRows) };
}
