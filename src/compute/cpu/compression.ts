/**
 * Compression operations of the TypeScript backend: chunk means, sign packing, exact top-k, scatter.
 *
 * The bits must be those of the kernels: words are LSB first (coordinate k is bit k & 31 of word k >> 5),
 * a bit is set where v >= 0 (so -0 sets it and NaN does not), and f32 values travel as their bits.
 */
import type { ChunkBounds, WriteMode } from '../compute.ts';
import { kthMagnitude } from '../radix.ts';
import type { Numbers } from './handles.ts';

/** The f32 values that share memory with these words. */
function floatsIn(words: Uint32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return new Float32Array(words.buffer, words.byteOffset, words.length);
}

/** out[offset + c] = f32 bits of mean |source_k| over chunk c; 0 for an empty chunk. */
export function chunkMeans(
  source: Numbers,
  bounds: ChunkBounds,
  out: Uint32Array<ArrayBuffer>,
  offset: number,
): void {
  const means = floatsIn(out);
  for (let c = 0; c + 1 < bounds.length; c++) {
    const start = bounds[c] as number;
    const end = bounds[c + 1] as number;
    let sum = 0;
    for (let k = start; k < end; k++) sum += Math.abs(source[k] as number);
    means[offset + c] = end > start ? sum / (end - start) : 0;
  }
}

/** Bit k of the words from `offset` = source_k >= 0; padding bits of the last word are 0. */
export function signPack(source: Numbers, out: Uint32Array<ArrayBuffer>, offset: number): void {
  const n = source.length;
  for (let start = 0, word = offset; start < n; start += 32, word++) {
    const end = Math.min(start + 32, n);
    let bits = 0;
    for (let k = start; k < end; k++) if ((source[k] as number) >= 0) bits |= 1 << (k - start);
    out[word] = bits;
  }
}

/** dest_k = or += weight · (±scale of its chunk), the product rounded to f32 before it is added. */
export function signUnpack(
  source: Uint32Array<ArrayBuffer>,
  bounds: ChunkBounds,
  bitsOffset: number,
  dest: Numbers,
  weight: number,
  mode: WriteMode,
): void {
  const scales = floatsIn(source);
  const factor = Math.fround(weight);
  for (let c = 0; c + 1 < bounds.length; c++) {
    const plus = Math.fround(factor * (scales[c] as number));
    const end = bounds[c + 1] as number;
    for (let k = bounds[c] as number; k < end; k++) {
      const bit = ((source[bitsOffset + (k >>> 5)] as number) >>> (k & 31)) & 1;
      const value = bit === 1 ? plus : -plus;
      dest[k] = mode === 'set' ? value : (dest[k] as number) + value;
    }
  }
}

/** Indices of the k largest magnitudes (ties: lower index) ascending, then their f32 bits. */
export function topK(source: Numbers, k: number, out: Uint32Array<ArrayBuffer>): void {
  const single = source instanceof Float32Array ? source : new Float32Array(source);
  const patterns = new Uint32Array(single.buffer, single.byteOffset, single.length);
  if (k === 0) return;
  const { threshold, ties } = kthMagnitude(patterns, k);
  let tiesLeft = ties;
  let found = 0;
  for (let i = 0; found < k && i < patterns.length; i++) {
    const pattern = patterns[i] as number;
    const magnitude = pattern & 0x7fffffff;
    if (magnitude < threshold || (magnitude === threshold && tiesLeft-- <= 0)) continue;
    out[found] = i;
    out[k + found] = pattern;
    found++;
  }
}

/** dest[index] = or += weight · value for k pairs; `set` zeroes the rest. Indices beyond it are ignored. */
export function scatter(
  source: Uint32Array<ArrayBuffer>,
  k: number,
  dest: Numbers,
  weight: number,
  mode: WriteMode,
): void {
  const values = floatsIn(source);
  const factor = Math.fround(weight);
  if (mode === 'set') dest.fill(0);
  for (let j = 0; j < k; j++) {
    const index = source[j] as number;
    const value = Math.fround(factor * (values[k + j] as number));
    if (index < dest.length) dest[index] = mode === 'set' ? value : (dest[index] as number) + value;
  }
}
