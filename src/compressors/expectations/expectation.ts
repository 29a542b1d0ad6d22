/**
 * What the contract suite expects of a compressor, beside its entry: its formulas written down a second
 * time and as naively as possible, the layout of its message, and which optional properties it has.
 * For tests only. A property that is not declared otherwise is demanded.
 */
import type fc from 'fast-check';
import type { Options } from '../../base/options.ts';
import type { Layout } from '../../models/model.ts';
import type { DecodeResult } from '../compressor.ts';

/**
 * A run [from, to) of a message's words. `f32`: finite numbers, subnormal ones read as zero; `f16`: two
 * half-precision numbers a word, finite; `index`: rising coordinates below the length; `count`: a number
 * that must fit the message's size.
 */
export interface Field {
  readonly kind: 'f32' | 'f16' | 'index' | 'count';
  readonly from: number;
  readonly to: number;
}

/** A message that must be refused, and the name of its error. */
export interface Hostile {
  readonly bytes: Uint8Array;
  readonly error: Extract<DecodeResult, { readonly ok: false }>['error'];
}

export interface Expectation {
  /** The number in a frame's header: never changed, never reused. */
  readonly wire: number;
  /** Option sets to run, besides the defaults. */
  readonly variants: readonly Readonly<Record<string, unknown>>[];
  /** Size of every message; the largest, if the entry is `variable`. */
  bytes(layout: Layout, options: Options): number;

  // ---- the error ---------------------------------------------------------------------------------
  /** E‖C(v) - v‖² (without E if nothing is drawn), where there is a formula. */
  squaredError?(v: Float32Array, layout: Layout, options: Options): number;
  /** Of a contraction: the guaranteed δ, E‖C(v) - v‖² <= (1 - δ)‖v‖² whatever the vector. */
  delta?(layout: Layout, options: Options): number;
  /** Of an unbiased one: the stated α², E‖C(v) - v‖² <= α²‖v‖² whatever the vector. */
  alphaSquared?(layout: Layout, options: Options): number;
  /** True if the message depends on the key: always, or for some vectors. */
  readonly draws?: true;

  // ---- the message -------------------------------------------------------------------------------
  /** The words that a decoder can find fault with; those not named may hold anything. */
  fields(layout: Layout, options: Options, words: Uint32Array): readonly Field[];
  /** Bits that carry nothing: word and mask. None unless given. */
  padding?(layout: Layout, options: Options): readonly (readonly [word: number, mask: number])[];
  /** More messages that must be refused, made from a valid one. */
  hostile?(valid: Uint8Array, layout: Layout, options: Options): fc.Arbitrary<Hostile>;

  // ---- optional properties -----------------------------------------------------------------------
  /** How far C(C(v)) may be from C(v), relative to each number; null if it may be anything. */
  idempotent?(options: Options): { readonly cpu: number; readonly webgpu: number } | null;
  /** C(0) = 0; true unless given. */
  keepsZero?(options: Options): boolean;
  /** C(a·v) = a·C(v) for a > 0, exactly for powers of two; true unless given. */
  equivariant?(options: Options): boolean;
  /** Whether every vector that holds NaN or an infinity becomes a message that is refused; true unless given. */
  showsNotFinite?(options: Options): boolean;
  /**
   * How far the encodings of two backends may part: the largest share of coordinates that decode to
   * another number (to 1e-5 of the largest magnitude). `identical`, the default, means equal bytes.
   */
  agreement?(options: Options): 'identical' | number;
}

/** Σ v_k², in double precision. */
export const square = (v: Float32Array): number => v.reduce((sum, value) => sum + value * value, 0);

/** The bits of the last of the words that `count` fields of `width` bits fill, which carry nothing. */
export function unusedBits(count: number, width = 1): number {
  const used = (count * width) % 32;
  return used === 0 ? 0 : (0xffffffff << used) >>> 0;
}
