/**
 * Coordinates drawn at random for one message. Its key (seed, round, seat, tag) gives a 32-bit seed of the
 * draw, and that seed the coordinates: whoever receives the seed draws the same ones.
 */
import { PURPOSE, philox4x32, randomStream } from '../math/random.ts';
import type { MessageKey } from './compressor.ts';

/** A u32 that belongs to this message alone. */
export function drawSeed({ seed, round, seat, tag }: MessageKey): number {
  const seedHigh = Math.floor(seed / 0x1_0000_0000) >>> 0;
  const counter = [tag >>> 0, round >>> 0, seat >>> 0, seedHigh] as const;
  return philox4x32(counter, [seed >>> 0, PURPOSE.compressor])[0];
}

/**
 * `k` of the numbers 0 to `length` - 1, rising; every set of k is equally likely. A function of its
 * arguments alone, with the same result in every engine.
 *
 * Floyd's method, which draws k numbers and refuses none: for j from length - k on, t at random in [0, j],
 * and j itself where t is taken. More than half are chosen by drawing those to leave out.
 */
export function drawIndices(seed: number, length: number, k: number): Uint32Array {
  const leaveOut = 2 * k > length;
  const draws = leaveOut ? length - k : k;
  const stream = randomStream(seed, PURPOSE.compressor, 0, 0);
  const taken = new Uint32Array(Math.ceil(length / 32));
  const isTaken = (i: number) => (((taken[i >>> 5] ?? 0) >>> (i & 31)) & 1) === 1;
  for (let j = length - draws; j < length; j++) {
    const t = stream.integer(j + 1);
    const chosen = isTaken(t) ? j : t;
    taken[chosen >>> 5] = (taken[chosen >>> 5] ?? 0) | (1 << (chosen & 31));
  }
  const indices = new Uint32Array(k);
  let found = 0;
  for (let word = 0; word < taken.length; word++) {
    const bits = taken[word] ?? 0;
    if (bits === 0 && !leaveOut) continue;
    const end = Math.min(length, 32 * word + 32);
    for (let i = 32 * word; i < end; i++) if (isTaken(i) !== leaveOut) indices[found++] = i;
  }
  return indices;
}
