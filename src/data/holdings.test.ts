/** Counts of who holds what, against counting by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdingsOf } from './holdings.ts';

const rows = (...numbers: number[]) => Uint32Array.from(numbers);

describe('who holds what', () => {
  it('counts classes, and is 0 for equal shares and (n - 1) / n for classes of their own', () => {
    const labels = Uint8Array.from([0, 1, 0, 1]);
    const alike = holdingsOf([rows(0, 1), rows(2, 3)], labels, ['a', 'b']);
    expect(alike).toEqual({
      bins: ['a', 'b'],
      counts: [
        [1, 1],
        [1, 1],
      ],
      heterogeneity: 0,
    });
    const apart = holdingsOf([rows(0, 2), rows(1, 3)], labels, ['a', 'b']);
    expect(apart.counts).toEqual([
      [2, 0],
      [0, 2],
    ]);
    expect(apart.heterogeneity).toBeCloseTo(0.5);
  });

  it('sorts numbers into eighths that everybody together fills evenly', () => {
    const labels = Float32Array.from({ length: 80 }, (_, i) => (i * 37) % 80);
    const { bins, counts } = holdingsOf([rows(...labels.keys())], labels, []);
    expect(bins).toHaveLength(8);
    expect(counts).toEqual([new Array(8).fill(10)]);
    expect(bins[0]).toBe('0 to 10');
    expect(holdingsOf([rows(0, 1)], Float32Array.from([5, 5]), []).bins).toEqual(['5 to 5']);
  });

  it('counts every row once, whatever the parts', () => {
    const value = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, fc.nat(3)), { minLength: 1, maxLength: 60 }), (given) => {
        const labels = Float32Array.from(given, ([label]) => label);
        const parts = [0, 1, 2, 3].map((part) =>
          rows(...[...given.keys()].filter((row) => given[row]?.[1] === part)),
        );
        const { counts, bins, heterogeneity } = holdingsOf(parts, labels, []);
        expect(counts.map((count) => count.reduce((a, b) => a + b, 0))).toEqual(
          parts.map(({ length }) => length),
        );
        expect(counts.every((count) => count.length === bins.length)).toBe(true);
        expect(heterogeneity).toBeGreaterThanOrEqual(0);
        expect(heterogeneity).toBeLessThan(1);
      }),
    );
  });
});
