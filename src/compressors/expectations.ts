/**
 * What the contract suite expects of each compressor by name, written down a second time and as naively
 * as possible: the formula of its message size, the error its message must leave, which words are f32
 * values and which are indices. For tests only. The suite fails for an entry that is not listed here.
 */
import { choiceOption, numberOption, type Options } from '../base/options.ts';
import type { Layout } from '../models/model.ts';

export interface Expectation {
  /** Option sets to run, besides the defaults. */
  readonly variants: readonly Readonly<Record<string, unknown>>[];
  bytes(layout: Layout, options: Options): number;
  /** ‖C(v) - v‖², which for these is a formula; never more than (1 - δ)‖v‖². */
  squaredError(v: Float32Array, layout: Layout, options: Options): number;
  /** The guaranteed δ, whatever the vector: its error is at most (1 - δ)‖v‖². */
  delta(layout: Layout, options: Options): number;
  /** The message's f32 words, and its index words, each as [start, end). */
  floats(layout: Layout, options: Options): readonly [number, number];
  indices(layout: Layout, options: Options): readonly [number, number];
  /** Bits of the last word that carry nothing. */
  padding(layout: Layout): number;
}

const square = (v: Float32Array) => v.reduce((sum, value) => sum + value * value, 0);

function chunks(layout: Layout, options: Options): readonly (readonly [number, number])[] {
  if (choiceOption(options, 'granularity') === 'tensor') {
    return layout.tensors.map(({ offset, length }) => [offset, offset + length] as const);
  }
  const size = numberOption(options, 'blockSize');
  const count = Math.ceil(layout.length / size);
  return Array.from(
    { length: count },
    (_, c) => [c * size, Math.min((c + 1) * size, layout.length)] as const,
  );
}

function kept(layout: Layout, options: Options): number {
  const k = numberOption(options, 'k');
  const fromRatio = Math.max(1, Math.floor(numberOption(options, 'ratio') * layout.length));
  return Math.min(layout.length, k === 0 ? fromRatio : k);
}

export const EXPECTATIONS: Readonly<Record<string, Expectation>> = {
  none: {
    variants: [],
    bytes: ({ length }) => 4 * length,
    squaredError: () => 0,
    delta: () => 1,
    floats: ({ length }) => [0, length],
    indices: () => [0, 0],
    padding: () => 0,
  },

  'one-bit': {
    variants: [{ granularity: 'tensor' }, { blockSize: 32 }, { blockSize: 1000 }],
    bytes: (layout, options) => 4 * chunks(layout, options).length + 4 * Math.ceil(layout.length / 32),
    squaredError(v, layout, options) {
      let error = 0;
      for (const [start, end] of chunks(layout, options)) {
        const chunk = v.subarray(start, end);
        const l1 = chunk.reduce((sum, value) => sum + Math.abs(value), 0);
        error += square(chunk) - l1 ** 2 / chunk.length;
      }
      return error;
    },
    delta: (layout, options) => 1 / Math.max(...chunks(layout, options).map(([start, end]) => end - start)),
    floats: (layout, options) => [0, chunks(layout, options).length],
    indices: () => [0, 0],
    padding: ({ length }) => (length % 32 === 0 ? 0 : (0xffffffff << (length % 32)) >>> 0),
  },

  'top-k': {
    variants: [{ ratio: 1 }, { ratio: 0.3 }, { k: 1 }, { k: 7 }, { k: 1_000_000 }],
    bytes: (layout, options) => 8 * kept(layout, options),
    squaredError(v, layout, options) {
      const magnitudes = v.map(Math.abs).sort().reverse();
      return square(magnitudes.subarray(kept(layout, options)));
    },
    delta: (layout, options) => kept(layout, options) / layout.length,
    floats: (layout, options) => [kept(layout, options), 2 * kept(layout, options)],
    indices: (layout, options) => [0, kept(layout, options)],
    padding: () => 0,
  },
};
