/**
 * Evenly spaced levels between the least and the greatest number of a chunk, with random rounding to one of
 * the two around a number: the format of `uniform` and `linear`.
 *
 * A number goes to the upper level with probability (v - lower) / (upper - lower): unbiased, with squared
 * error Σ (upper - v)(v - lower) in the mean, at most d_c / (2 (levels - 1)²) ‖v_c‖². Ends are exact, and so
 * is a chunk of equal numbers. A range beyond the largest f32 is refused on receipt.
 */
import { codeShape } from '../compute/quantization.ts';
import type { LevelFormat } from './level-codec.ts';

/** Least and greatest of every chunk (f32), then codes of ⌈log2 levels⌉ bits; a code beyond is refused. */
export function evenLevels(id: string, levels: number): LevelFormat {
  const top = levels - 1;
  const rule = { kind: 'uniform', levels } as const;
  return {
    id,
    fields: 2,
    statistic: 'range',
    bits: codeShape(rule).bits,
    form: 'stream',
    levels,
    draws: true,
    encode({ compute, source, bounds, message, offset, random }) {
      compute.quantization.chunkRanges(source, bounds, message, 0);
      compute.quantization.packCodes(source, bounds, rule, random, message, offset);
    },
    decode([least = 0, greatest = 0], table) {
      for (let j = 0; j <= top; j++) table[j] = least + ((greatest - least) * j) / top;
      return Number.isFinite(Math.fround(greatest - least));
    },
  };
}
