/** Chunks of a vector, given by their bounds: shared by both backends. */
import type { ChunkBounds } from './compute.ts';

/** @throws {RangeError} unless the bounds rise from 0 to `length`. */
export function checkBounds(bounds: ChunkBounds, length: number): void {
  let previous = 0;
  for (const bound of bounds) {
    if (!Number.isInteger(bound) || bound < previous) throw new RangeError('Chunk bounds must not fall.');
    previous = bound;
  }
  if (bounds[0] !== 0 || previous !== length) {
    throw new RangeError(`Chunk bounds must run from 0 to ${length}, the vector's length.`);
  }
}
