/** The host's part of top-k: from candidates in runs, whatever the order in which the runs took their places. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../math/random.ts';
import { candidatesOffset, candidateWords, largestCandidates, STRIP } from './candidates.ts';

const RUN = { seed: 20_261_121, numRuns: 200 };

/** What the device would leave for these numbers (as bits), the strips taking their places in a random order. */
function collected(patterns: readonly number[], bound: number, capacity: number, seed: number) {
  const stream = randomStream(seed, 0, 0, 0);
  const room = { strips: Math.ceil(patterns.length / STRIP), capacity };
  const words = Uint32Array.from({ length: candidateWords(room) }, () => stream.u32());
  const order = Array.from({ length: room.strips }, (_, strip) => ({ strip, key: stream.u32() }));
  let count = 0;
  for (const { strip } of order.sort((a, b) => a.key - b.key)) {
    const found = patterns
      .map((pattern, index) => ({ pattern, index }))
      .slice(strip * STRIP, (strip + 1) * STRIP)
      .filter(({ pattern }) => (pattern & 0x7fffffff) >= bound);
    words[4 + strip] = (count << 8) | found.length;
    for (const [at, { pattern, index }] of found.entries()) {
      if (count + found.length > capacity) break;
      words[candidatesOffset(room) + count + at] = pattern;
      words[candidatesOffset(room) + capacity + count + at] = index;
    }
    count += found.length;
  }
  words[0] = count;
  return { words, room, count };
}

/** Indices by falling magnitude, ties by rising index; the first k of them in index order, then their bits. */
function naive(patterns: readonly number[], k: number): number[] {
  const magnitude = (i: number) => (patterns[i] ?? 0) & 0x7fffffff;
  const indices = patterns
    .map((_, i) => i)
    .sort((a, b) => magnitude(b) - magnitude(a) || a - b)
    .slice(0, k)
    .sort((a, b) => a - b);
  return [...indices, ...indices.map((i) => patterns[i] ?? 0)];
}

const numbers = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 1, maxLength: 700 }),
  fc.array(fc.constantFrom(0, 0x80000000, 0x3f800000, 0xbf800000, 0x3f800001, 0x7f800000, 0xffc00000), {
    minLength: 1,
    maxLength: 700,
  }),
);

describe('the largest of the candidates', () => {
  it('are the largest of all, if all of those reach the bound', () => {
    const bounds = fc.constantFrom(0, 1, 0x3f000000, 0x3f800000, 0x7f000000);
    fc.assert(
      fc.property(numbers, bounds, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (...given) => {
        const [patterns, bound, seed, share] = given;
        const { words, room, count } = collected(patterns, bound, patterns.length, seed);
        const k = Math.max(1, Math.floor(share * patterns.length));
        const found = largestCandidates(words, room, k);
        if (count < k) expect(found).toBeNull();
        else expect([...(found ?? [])]).toEqual(naive(patterns, k));
      }),
      RUN,
    );
  });

  it('are not to be had where there was no room for all candidates', () => {
    const patterns = Array.from({ length: 500 }, (_, i) => i);
    expect(largestCandidates(...asked(collected(patterns, 100, 399, 1), 50))).toBeNull();
    expect(largestCandidates(...asked(collected(patterns, 100, 400, 1), 50))).not.toBeNull();
  });

  it('are not to be had from fewer than k', () => {
    const patterns = Array.from({ length: 500 }, (_, i) => i);
    expect(largestCandidates(...asked(collected(patterns, 451, 500, 1), 50))).toBeNull();
    expect(largestCandidates(...asked(collected(patterns, 450, 500, 1), 50))).not.toBeNull();
  });
});

const asked = ({ words, room }: ReturnType<typeof collected>, k: number) => [words, room, k] as const;
