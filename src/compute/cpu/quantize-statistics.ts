/**
 * Statistics of chunks on the TypeScript backend: norms, ranges, pairs of means, ORQ's levels. Sums in
 * double precision and in order; order statistics by sorting, where the kernel counts.
 */
import type { ChunkBounds } from '../compute.ts';
import type { NormKind } from '../quantization.ts';

type Singles = Float32Array<ArrayBuffer>;
type Words = Uint32Array<ArrayBuffer>;

const SMALLEST_NORMAL = 2 ** -126;

/** Writes `fields` statistics of every chunk as f32: what `measure` gives, or NaN where it is not finite. */
function forEachChunk(
  source: Singles,
  bounds: ChunkBounds,
  fields: number,
  out: Words,
  offset: number,
  measure: (chunk: Singles) => ArrayLike<number>,
): void {
  const floats = new Float32Array(out.buffer, out.byteOffset, out.length);
  for (let c = 0; c + 1 < bounds.length; c++) {
    const chunk = source.subarray(bounds[c], bounds[c + 1]);
    const at = offset + c * fields;
    if (!allFinite(chunk)) {
      out.fill(0x7fc00000, at, at + fields);
      continue;
    }
    const found = measure(chunk);
    for (let j = 0; j < fields; j++) floats[at + j] = settled(found[j] as number);
  }
}

function allFinite(chunk: Singles): boolean {
  for (let k = 0; k < chunk.length; k++) if (!Number.isFinite(chunk[k] as number)) return false;
  return true;
}

function settled(value: number): number {
  return Math.abs(value) < SMALLEST_NORMAL ? 0 : value;
}

export function chunkNorms(
  source: Singles,
  bounds: ChunkBounds,
  kind: NormKind,
  out: Words,
  offset: number,
): void {
  forEachChunk(source, bounds, 1, out, offset, (chunk) => {
    let sum = 0;
    let count = 0;
    for (let k = 0; k < chunk.length; k++) {
      const value = chunk[k] as number;
      if (Math.abs(value) < SMALLEST_NORMAL) continue;
      sum += value * value;
      count++;
    }
    if (count === 0) return [0];
    if (kind === 'norm') return [Math.sqrt(sum)];
    return [Math.sqrt(sum / (kind === 'rms' ? chunk.length : count))];
  });
}

export function chunkRanges(source: Singles, bounds: ChunkBounds, out: Words, offset: number): void {
  forEachChunk(source, bounds, 2, out, offset, (chunk) => {
    let least = chunk[0] ?? 0;
    let greatest = least;
    for (let k = 1; k < chunk.length; k++) {
      const value = chunk[k] as number;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
    return [least, greatest];
  });
}

export function chunkPairs(
  source: Singles,
  bounds: ChunkBounds,
  start: 'zero' | 'mean',
  iterations: number,
  out: Words,
  offset: number,
): void {
  forEachChunk(source, bounds, 2, out, offset, (chunk) => {
    let pair = [0, 0];
    let threshold = 0;
    if (start === 'mean') threshold = middle(meansAround(chunk, Number.NEGATIVE_INFINITY));
    for (let i = 0; i < iterations; i++) {
      pair = meansAround(chunk, threshold);
      threshold = middle(pair);
    }
    return pair;
  });
}

/** Means below, and at or above a threshold, in single precision as a kernel keeps them. */
function meansAround(chunk: Singles, threshold: number): number[] {
  let [sumBelow, sumAbove, above] = [0, 0, 0];
  for (let k = 0; k < chunk.length; k++) {
    const value = chunk[k] as number;
    if (value >= threshold) {
      sumAbove += value;
      above++;
    } else {
      sumBelow += value;
    }
  }
  const below = chunk.length - above;
  const low = below > 0 ? sumBelow / below : sumAbove / Math.max(above, 1);
  const high = above > 0 ? sumAbove / above : low;
  return [Math.fround(low), Math.fround(high)];
}

function middle([below = 0, above = 0]: readonly number[]): number {
  return Math.fround(Math.fround(below + above) * 0.5);
}

export function chunkLevels(
  source: Singles,
  bounds: ChunkBounds,
  levels: number,
  out: Words,
  offset: number,
): void {
  forEachChunk(source, bounds, levels, out, offset, (chunk) => {
    const sorted = chunk.slice().sort();
    const found = new Float64Array(levels);
    const last = levels - 1;
    found[0] = sorted[0] ?? 0;
    found[last] = sorted.at(-1) ?? 0;
    place(sorted, found, 0, last, 0, firstFrom(sorted, found[last]));
    return found;
  });
}

/** Finds the level midway between two known ones, over the sorted numbers [from, to), and so on down. */
function place(
  sorted: Singles,
  levels: Float64Array,
  low: number,
  high: number,
  from: number,
  to: number,
): void {
  if (high - low < 2) return;
  const [a, b] = [levels[low] as number, levels[high] as number];
  let share = 0;
  for (let i = from; i < to; i++) share += ((sorted[i] as number) - a) / (b - a);
  // Numbers equal to b count whole in sum and order alike, so both leave them out.
  const m = Math.floor(share + 0.5);
  const level = m === 0 ? b : (sorted[to - m] as number);
  const between = (low + high) / 2;
  levels[between] = level;
  const split = Math.min(to, firstFrom(sorted, level));
  place(sorted, levels, low, between, from, split);
  place(sorted, levels, between, high, split, to);
}

/** The first place of a rising list that holds at least `value`. */
function firstFrom(sorted: Singles, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
