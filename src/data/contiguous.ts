/**
 * Contiguous blocks in the file's order: worker i trains on the i-th run of the training rows. Nothing is
 * drawn, so anyone can recompute a run from the file alone; and what the file's order hides (a time, a
 * place, a class) becomes the difference between the workers.
 */
import type { PartitionEntry } from './dataset.ts';

export const contiguous: PartitionEntry = {
  id: 'contiguous',
  label: 'in blocks of the file’s order',
  description: 'Worker i gets the i-th block of rows, as the file has them; nothing is shuffled.',
  options: {},
  fixed: true,
  // A split with test rows comes in the seed's order; blocks are of the file's.
  deal: (rows, _labels, seats) => blocks(rows.slice().sort(), seats),
};

/** Consecutive parts whose sizes differ by at most one, the larger ones first. */
export function blocks(rows: Uint32Array, parts: number): Uint32Array[] {
  const small = Math.floor(rows.length / parts);
  const large = rows.length % parts;
  const bound = (part: number) => part * small + Math.min(part, large);
  return Array.from({ length: parts }, (_, part) => rows.slice(bound(part), bound(part + 1)));
}
