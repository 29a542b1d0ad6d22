/**
 * The last step of top-k, on the host: the k largest of the candidates that `shaders/top-k-collect.wgsl`
 * found. They are a few hundredths of the vector, in runs of index order, a run for every strip of 128.
 */
import { kthMagnitude } from '../radix.ts';

/** Elements of a strip. */
export const STRIP = 128;
/** Words before the strips: how many candidates there are, the bound, and two that are unused. */
const HEAD = 4;

/** How the words of a collection are laid out. */
export interface CandidateRoom {
  readonly strips: number;
  /** Candidates at most. */
  readonly capacity: number;
}

/** Where the candidates' bits begin; their indices come `capacity` words later. */
export const candidatesOffset = ({ strips }: CandidateRoom): number => HEAD + strips;

export const candidateWords = (room: CandidateRoom): number => candidatesOffset(room) + 2 * room.capacity;

/**
 * Indices of the k largest magnitudes (ties: lower index) ascending, then their f32 bits. Null if the k
 * largest are not all among the candidates: these are fewer, or there was no room for them.
 */
export function largestCandidates(
  words: Uint32Array,
  room: CandidateRoom,
  k: number,
): Uint32Array<ArrayBuffer> | null {
  const count = words[0] ?? 0;
  if (count < k || count > room.capacity) return null;
  const first = candidatesOffset(room);
  const bits = words.subarray(first, first + count);
  const indices = words.subarray(first + room.capacity, first + room.capacity + count);
  const { threshold, ties } = kthMagnitude(bits, k);
  const out = new Uint32Array(2 * k);
  let tiesLeft = ties;
  let found = 0;
  for (let strip = 0; strip < room.strips && found < k; strip++) {
    const run = words[HEAD + strip] as number;
    const begin = run >>> 8;
    const end = begin + (run & 255);
    for (let at = begin; at < end && found < k; at++) {
      const pattern = bits[at] as number;
      const magnitude = pattern & 0x7fffffff;
      if (magnitude < threshold || (magnitude === threshold && tiesLeft-- <= 0)) continue;
      out[found] = indices[at] as number;
      out[k + found] = pattern;
      found++;
    }
  }
  return out;
}
