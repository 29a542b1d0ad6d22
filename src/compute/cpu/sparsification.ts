/**
 * Sparsification on the TypeScript backend; see `Sparsification` for the rules. Means and deviations are
 * summed in double precision and in index order; thresholds are f32 numbers, as the kernels have them.
 */
import type { Vector, Words } from '../compute.ts';
import { APPROXIMATE_STEPS, type Sparsification } from '../sparsification.ts';
import type { Access } from './access.ts';
import { topK } from './compression.ts';
import { type Numbers, needRange } from './handles.ts';

type Floats = Float32Array<ArrayBuffer>;
type Bits = Uint32Array<ArrayBuffer>;

export class CpuSparsification implements Sparsification {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  gather(source: Vector, indices: Words, k: number, factor: number, out: Words): void {
    const from = single(this.#access.vector(source));
    const places = this.#access.words(indices, k);
    const values = floatsIn(this.#access.words(out, k));
    const copies = bitsIn(values);
    const patterns = bitsIn(from);
    const times = Math.fround(factor);
    for (let j = 0; j < k; j++) {
      const place = places[j] as number;
      if (factor === 1 || place >= from.length) copies[j] = patterns[place] ?? 0;
      else values[j] = times * (from[place] as number);
    }
  }

  approximateTopK(source: Vector, k: number, draw: number, out: Words): void {
    const numbers = this.#access.vector(source);
    needRange('vector', numbers.length, k, 0);
    const words = this.#access.words(out, 2 * k);
    if (k === 0) return;
    const from = single(numbers);
    const band = bandOf(from, k);
    if (band === null) {
      topK(from, k, words);
      return;
    }
    const start = multiplyHigh(draw, band.within - k + 1);
    collect(from, band, start, k, words, 0, k);
  }

  thresholdTopK(source: Vector, k: number, z: number, out: Words): void {
    const from = single(this.#access.vector(source));
    needRange('vector', from.length, k, 0);
    const words = this.#access.words(out, 2 * k + 1);
    const { threshold, count } = normalThreshold(from, k, Math.fround(z));
    const kept = Math.min(k, count);
    words[0] = kept;
    collect(from, { upper: threshold, above: kept, lower: threshold }, 0, kept, words, 1, 1 + kept);
  }
}

/** ⌊a · b / 2^32⌋ of two u32, through halves of a, so that every product is exact. */
function multiplyHigh(a: number, b: number): number {
  return Math.floor(((a >>> 16) * b + Math.floor(((a & 0xffff) * b) / 65536)) / 65536);
}

/** The f32 numbers of a vector: a copy where the vectors are of double precision. */
function single(source: Numbers): Floats {
  return source instanceof Float32Array ? source : new Float32Array(source);
}

function floatsIn(words: Bits): Floats {
  return new Float32Array(words.buffer, words.byteOffset, words.length);
}

function bitsIn(floats: Floats): Bits {
  return new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
}

/** All with |v| >= upper, and as many as are missing of those with lower <= |v| < upper. */
interface Band {
  readonly upper: number;
  /** #{|v| >= upper}, or as many of them as are wanted. */
  readonly above: number;
  readonly lower: number;
}

/** What MSTopK's bisection ends with; null where the exact top-k is to be taken. `within` is k2. */
function bandOf(from: Floats, k: number): (Band & { readonly within: number }) | null {
  const d = from.length;
  let sum = 0;
  let largest = 0;
  for (let i = 0; i < d; i++) {
    const magnitude = Math.abs(from[i] as number);
    sum += magnitude;
    if (magnitude > largest) largest = magnitude;
  }
  // NaN and infinities end up in the sum.
  if (!Number.isFinite(sum)) return null;
  // Rounded, the mean of equal numbers must not pass them.
  const mean = Math.min(Math.fround(sum / d), largest);
  const span = Math.fround(largest - mean);
  // What may still lie on either side of a threshold: at first all that reaches the mean.
  let candidates = from.map(Math.abs).filter((magnitude) => magnitude >= mean);
  if (k > candidates.length) return null;
  let [l, r] = [0, 1];
  let [upper, above] = [Number.POSITIVE_INFINITY, 0];
  let [lower, within] = [0, d];
  /** How many have left `candidates` upwards. */
  let beyond = 0;
  for (let step = 0; step < APPROXIMATE_STEPS; step++) {
    const share = (l + r) / 2;
    const threshold = Math.fround(mean + Math.fround(Math.fround(share) * span));
    const reaching = candidates.filter((magnitude) => magnitude >= threshold);
    const count = beyond + reaching.length;
    if (count <= k) {
      r = share;
      if (count > above) [upper, above] = [threshold, count];
      candidates = candidates.filter((magnitude) => magnitude < threshold);
      beyond = count;
    } else {
      l = share;
      if (count < within) [lower, within] = [threshold, count];
      candidates = reaching;
    }
  }
  return { upper, above, lower, within };
}

/** The threshold after its corrections, and how many reach it. */
function normalThreshold(from: Floats, k: number, z: number): { threshold: number; count: number } {
  const d = from.length;
  let sum = 0;
  let largest = 0;
  for (let i = 0; i < d; i++) {
    sum += from[i] as number;
    largest = Math.max(largest, Math.abs(from[i] as number));
  }
  const mean = sum / d;
  let squares = 0;
  for (let i = 0; i < d; i++) squares += ((from[i] as number) - mean) ** 2;
  // Corrected in units of a power of two near the largest, or a first threshold beyond the range of f32
  // would stay there.
  const unit = powerOfTwoBelow(largest);
  const first = Math.fround((Math.abs(mean) + z * Math.sqrt(squares / d)) / unit);
  const reaching = (threshold: number) => {
    let count = 0;
    for (let i = 0; i < d; i++) if (!(Math.abs(from[i] as number) < threshold)) count++;
    return count;
  };
  if (Number.isNaN(mean) || !Number.isFinite(squares)) {
    return { threshold: Number.POSITIVE_INFINITY, count: reaching(Number.POSITIVE_INFINITY) };
  }
  const at = (threshold: number) => ({ threshold, count: reaching(threshold) });
  let scaled = first;
  let found = at(Math.fround(scaled * unit));
  let last = found;
  for (let correction = 0; correction < 3; correction++) {
    const { count } = found;
    if (3 * count >= 2 * k && 3 * count <= 4 * k) break;
    scaled = Math.fround(scaled * (3 * count < 2 * k ? 0.5 : 1.5));
    found = at(Math.fround(scaled * unit));
    if (found.count > 0) last = found;
  }
  return last;
}

/** The power of two at or below a finite f32 magnitude, kept within [2^-126, 2^126]. */
function powerOfTwoBelow(magnitude: number): number {
  const [bits = 0] = bitsIn(Float32Array.of(magnitude));
  const exponent = Math.min(253, Math.max(1, bits >>> 23));
  return floatsIn(Uint32Array.of(exponent << 23))[0] ?? 1;
}

/**
 * Writes `count` pairs in index order: the first `band.above` that reach the upper threshold (or are NaN),
 * and from the `start`th of those that only reach the lower one on, as many as are missing.
 */
function collect(
  from: Floats,
  { upper, above, lower }: Band,
  start: number,
  count: number,
  out: Bits,
  indices: number,
  values: number,
): void {
  const patterns = bitsIn(from);
  const end = start + count - above;
  let found = 0;
  let place = 0;
  for (let i = 0; found < count && i < from.length; i++) {
    const magnitude = Math.abs(from[i] as number);
    if (magnitude < lower) continue;
    if (magnitude < upper) {
      const rank = place++;
      if (rank < start || rank >= end) continue;
    }
    out[indices + found] = i;
    out[values + found] = patterns[i] as number;
    found++;
  }
}
