/** Words on the wire: byte order, alignment, and the check of f32 values. */
import { describe, expect, it } from 'vitest';
import { bytesOfWords, floatsOfWords, settleFloats, wordsOfBytes } from './wire.ts';

describe('words', () => {
  it('are little-endian bytes', () => {
    expect([...bytesOfWords(Uint32Array.of(0x04030201, 0xff))]).toEqual([1, 2, 3, 4, 255, 0, 0, 0]);
    expect([...wordsOfBytes(Uint8Array.of(1, 2, 3, 4, 255, 0, 0, 0))]).toEqual([0x04030201, 0xff]);
  });

  it('come as a copy from any alignment, and lead back to the same bytes', () => {
    const bytes = Uint8Array.from({ length: 21 }, (_, i) => 17 * i);
    for (let offset = 0; offset < 5; offset++) {
      const part = bytes.subarray(offset, offset + 16);
      const words = wordsOfBytes(part);
      expect(bytesOfWords(words)).toEqual(part);
      words.fill(0);
      expect(part[1]).toBe((17 * (offset + 1)) & 255);
    }
  });
});

describe('settleFloats', () => {
  const settle = (...bits: number[]) => {
    const words = Uint32Array.from(bits);
    return { place: settleFloats(words, 0, words.length), words: [...words] };
  };

  it('finds the first NaN or infinity of either sign', () => {
    for (const bad of [0x7f800000, 0xff800000, 0x7f800001, 0xffffffff]) {
      expect(settle(0x3f800000, bad, bad).place).toBe(1);
    }
    expect(settle(0x7f7fffff, 0xff7fffff, 0x00800000, 0).place).toBe(-1);
  });

  it('reads subnormal numbers as zero of the same sign and leaves the rest', () => {
    expect(settle(0x007fffff, 0x80000001, 0x00800000, 0x80000000).words).toEqual([
      0, 0x80000000, 0x00800000, 0x80000000,
    ]);
  });

  it('looks at its range alone', () => {
    const words = Uint32Array.of(0x7f800000, 1, 0x7f800000);
    expect(settleFloats(words, 1, 2)).toBe(-1);
    expect(floatsOfWords(words)[1]).toBe(0);
    expect(words[0]).toBe(0x7f800000);
  });
});
