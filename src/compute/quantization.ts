/**
 * Quantization: statistics of chunks, numbers to codes of a few bits, codes back to numbers.
 *
 * A *code* is the number of a level. Codes of `bits` bits lie in one stream: coordinate k's begins at bit
 * k · bits of the words, least significant bit first. Statistics are f32 values that travel as their bits
 * in words; subnormal ones are written as 0, and a chunk that holds a NaN or an infinity has NaN for all
 * of its own. Decoding is a look-up in a table of levels that the host made from the statistics: only a
 * sum is left to the device, so every device decodes to the same bits.
 */
import type { ChunkBounds, Vector, Words, WriteMode } from './compute.ts';

/** ‖v_c‖2 ('norm'), ‖v_c‖2 / √d_c ('rms'), ‖v_c‖2 / √(number of entries that are not 0) ('rms-nonzero'). */
export type NormKind = 'norm' | 'rms' | 'rms-nonzero';

/** How a number becomes a code, given `fields` statistics of its chunk. u is uniform in [0, 1). */
export type CodeRule =
  /** Of (min, max): ⌊x⌋, or one more if u < x - ⌊x⌋, where x = (v - min) (levels - 1) / (max - min). */
  | { readonly kind: 'uniform'; readonly levels: number }
  /** Of (min, max): rint(v · s) - rint(max · s) + 255 held to 0..255, s = 255 / (max - min + 1e-7). */
  | { readonly kind: 'min-max' }
  /** Of ‖v_c‖2: l = ⌊x⌋, or one more if u < x - ⌊x⌋, where x = levels · |v| / ‖v_c‖2; the sign above l. */
  | { readonly kind: 'signed'; readonly levels: number }
  /** Of rising levels: the one below v, or the one above with probability (v - below) / (above - below). */
  | { readonly kind: 'levels'; readonly levels: number }
  /** Of two levels (b0, b1): 1 if v >= (b0 + b1) / 2. */
  | { readonly kind: 'nearest' };

/** Statistics a chunk, and bits a code. */
export function codeShape(rule: CodeRule): { readonly fields: number; readonly bits: number } {
  switch (rule.kind) {
    case 'uniform':
      return { fields: 2, bits: bitsFor(rule.levels) };
    case 'min-max':
      return { fields: 2, bits: 8 };
    case 'signed':
      return { fields: 1, bits: bitsFor(rule.levels + 1) + 1 };
    case 'levels':
      return { fields: rule.levels, bits: bitsFor(rule.levels) };
    case 'nearest':
      return { fields: 2, bits: 1 };
  }
}

/** ⌈log2 count⌉ for count >= 2: bits of a code that names one of `count` levels. */
export function bitsFor(count: number): number {
  return 32 - Math.clz32(count - 1);
}

/** Words that `count` codes fill. */
export function codeWords(count: number, bits: number): number {
  return Math.ceil((count * bits) / 32);
}

/** Codes, and the table of their levels, in one array of words. */
export interface CodedWords {
  /** Levels of a chunk: level j of chunk c is word c · row + j, as f32 bits. */
  readonly row: number;
  readonly bits: number;
  /** Word at which the codes begin. */
  readonly offset: number;
  /** `stream`, or two bit planes of ⌈d/32⌉ words one after the other: code = first bit + 2 · second. */
  readonly form: 'stream' | 'planes';
}

/** Words that the codes of `count` numbers fill. */
export function codedLength({ bits, form }: CodedWords, count: number): number {
  return form === 'stream' ? codeWords(count, bits) : 2 * Math.ceil(count / 32);
}

export interface Quantization {
  // ---- half precision ------------------------------------------------------------------------------
  /**
   * Two halves (IEEE binary16) a word, the even coordinate in the low half, rounded to the nearest, ties
   * to even; beyond ±65504 the nearest finite one; NaN and infinities as themselves. Overwrites ⌈d/2⌉ words.
   */
  packHalves(source: Vector, out: Words): void;
  /** dest_k = or += weight · half k of the words. */
  unpackHalves(source: Words, dest: Vector, weight: number, mode: WriteMode): void;

  // ---- statistics of chunks ------------------------------------------------------------------------
  /** out[offset + c] = the norm of chunk c; 0 of an empty chunk, or of one of zeros. */
  chunkNorms(source: Vector, bounds: ChunkBounds, kind: NormKind, out: Words, offset: number): void;
  /** out[offset + 2c], [.. + 1] = least and greatest of chunk c, exactly; 0, 0 of an empty chunk. */
  chunkRanges(source: Vector, bounds: ChunkBounds, out: Words, offset: number): void;
  /**
   * out[offset + 2c], [.. + 1] = mean of the numbers below and of those at or above a threshold: 0 at the
   * start, or the mean of chunk c; then, `iterations` - 1 times over, the middle of the two means (Lloyd
   * 1957). Where one side has no numbers, it takes the other's mean.
   */
  chunkPairs(
    source: Vector,
    bounds: ChunkBounds,
    start: 'zero' | 'mean',
    iterations: number,
    out: Words,
    offset: number,
  ): void;
  /**
   * out[offset + c · levels + j] = level j of chunk c, rising, by the greedy rule of optimal random
   * quantization (ORQ): the ends are least and greatest; between two known levels a and b comes the m-th
   * largest of the chunk's numbers in [a, b], m being Σ (v - a) / (b - a) over them, rounded.
   */
  chunkLevels(source: Vector, bounds: ChunkBounds, levels: 3 | 5 | 9, out: Words, offset: number): void;

  // ---- codes ---------------------------------------------------------------------------------------
  /**
   * Codes of all numbers, from word `offset` of `out`; the statistics of chunk c begin at its word
   * c · fields. Rules that draw take u = (word k of `random` >> 8) / 2^24. Padding bits are 0.
   */
  packCodes(
    source: Vector,
    bounds: ChunkBounds,
    rule: CodeRule,
    random: Words | null,
    out: Words,
    offset: number,
  ): void;
  /** Two bit planes from word `offset`: where v > 0, then where v < 0; subnormal numbers count as 0. */
  packTernary(source: Vector, out: Words, offset: number): void;
  /** dest_k = or += the level that its code names; codes beyond the row are the caller's to refuse. */
  unpackLevels(source: Words, bounds: ChunkBounds, coded: CodedWords, dest: Vector, mode: WriteMode): void;
}

/** @throws {RangeError} for a rule whose codes or tables have no meaning. */
export function checkRule(rule: CodeRule, random: Words | null, count: number): void {
  const { bits } = codeShape(rule);
  if (!Number.isInteger(bits) || bits < 1 || bits > 8)
    throw new RangeError('A code has 1 to 8 bits; choose fewer levels.');
  if (rule.kind === 'levels' && (rule.levels < 2 || rule.levels > 9))
    throw new RangeError('A table for encoding has 2 to 9 levels.');
  if (rule.kind === 'uniform' && !(rule.levels >= 2))
    throw new RangeError('Numbers are rounded to one of two levels at least.');
  if (rule.kind === 'min-max' || rule.kind === 'nearest') return;
  if (random === null || random.length < count)
    throw new RangeError(`This rule needs ${count} random words, one for every number.`);
}
