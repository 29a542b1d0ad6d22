/** Random numbers of messages: keys, and coordinates drawn without repetition, each as likely as another. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawIndices, drawSeed } from './random-indices.ts';
import { KEY, OTHER_KEYS, SEED } from './testing.ts';

describe('drawSeed', () => {
  it('is a function of the key, and no two keys share it', () => {
    expect(drawSeed({ ...KEY })).toEqual(drawSeed(KEY));
    const firsts = [KEY, ...OTHER_KEYS].map((key) => drawSeed(key));
    expect(new Set(firsts).size).toBe(firsts.length);
  });
});

describe('drawIndices', () => {
  const drawing = fc
    .integer({ min: 1, max: 300 })
    .chain((length) => fc.tuple(fc.constant(length), fc.integer({ min: 0, max: length }), fc.nat()));

  it('names k different coordinates, rising, and the same ones again', () => {
    fc.assert(
      fc.property(drawing, ([length, k, seed]) => {
        const indices = [...drawIndices(seed, length, k)];
        expect(indices.length).toBe(k);
        expect(indices.every((index, j) => index > (indices[j - 1] ?? -1) && index < length)).toBe(true);
        expect([...drawIndices(seed, length, k)]).toEqual(indices);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it.each([
    [6, 2],
    [6, 4],
  ])('of %i coordinates draws every set of %i equally often', (length, k) => {
    const draws = 15_000;
    const counts = new Map<string, number>();
    for (let seed = 0; seed < draws; seed++) {
      const set = drawIndices(seed, length, k).join();
      counts.set(set, (counts.get(set) ?? 0) + 1);
    }
    expect(counts.size).toBe(15);
    // Chi-square with 14 degrees of freedom: mean 14, above 42 once in ten thousand.
    const expected = draws / 15;
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chi).toBeLessThan(42);
  });
});
