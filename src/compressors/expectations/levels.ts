/** What the expectations of the quantising compressors share: chunks as parts, and codes gone wrong. For tests only. */
import fc from 'fast-check';
import type { Options } from '../../base/options.ts';
import type { Layout } from '../../models/model.ts';
import { type Expectation, type Hostile, unusedBits } from './expectation.ts';

type Ranges = readonly (readonly [start: number, end: number])[];

/** The parts of a vector that share statistics. */
export function partsOf(v: Float32Array, ranges: Ranges): readonly Float32Array[] {
  return ranges.map(([start, end]) => v.subarray(start, end));
}

export const longest = (ranges: Ranges): number => Math.max(...ranges.map(([start, end]) => end - start));

export const least = (part: Float32Array): number => part.reduce((a, b) => Math.min(a, b));
export const greatest = (part: Float32Array): number => part.reduce((a, b) => Math.max(a, b));

/** E Σ (rounded - v)² where every number goes at random to one of the two levels around it. */
export function randomRoundingError(part: Float32Array, levels: readonly number[]): number {
  return part.reduce((error, value) => {
    const above = levels.find((level) => level >= value) ?? levels.at(-1) ?? 0;
    const below = levels.findLast((level) => level <= value) ?? levels[0] ?? 0;
    return error + (above - value) * (value - below);
  }, 0);
}

/** Sizes and faults of a message of `fields` f32 a chunk and a stream of codes of `bits` bits. */
export function streamed(
  chunksOf: (layout: Layout, options: Options) => Ranges,
  fields: (options: Options) => number,
  bits: (options: Options) => number,
): Required<Pick<Expectation, 'bytes' | 'fields' | 'padding'>> {
  const head = (layout: Layout, options: Options) => fields(options) * chunksOf(layout, options).length;
  const words = (layout: Layout, options: Options) => Math.ceil((layout.length * bits(options)) / 32);
  return {
    bytes: (layout, options) => 4 * (head(layout, options) + words(layout, options)),
    fields: (layout, options) => [{ kind: 'f32', from: 0, to: head(layout, options) }],
    padding: (layout, options) => [
      [head(layout, options) + words(layout, options) - 1, unusedBits(layout.length, bits(options))],
    ],
  };
}

/** The message with these bits set or not, from bit `first` of the word `word` on. */
export function withBits(
  valid: Uint8Array,
  word: number,
  first: number,
  count: number,
  value: number,
): Uint8Array {
  const bytes = valid.slice();
  for (let i = 0; i < count; i++) {
    const at = 32 * word + first + i;
    const mask = 1 << (at & 7);
    const before = bytes[at >> 3] ?? 0;
    bytes[at >> 3] = ((value >> i) & 1) === 1 ? before | mask : before & ~mask;
  }
  return bytes;
}

/** Messages with one code, of a stream that begins at word `head`, that stands for nothing. */
export function wrongCode(
  valid: Uint8Array,
  head: number,
  length: number,
  bits: number,
  wrong: readonly number[],
): fc.Arbitrary<Hostile> {
  return fc
    .tuple(fc.nat({ max: length - 1 }), fc.constantFrom(...wrong))
    .map(([k, code]) => ({ bytes: withBits(valid, head, k * bits, bits, code), error: 'index' }));
}
