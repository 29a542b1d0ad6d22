import { describe, expect, it } from 'vitest';
import { binsOf } from './staleness.tsx';

describe('the staleness histogram', () => {
  it('has a bar for every staleness while there are few, and ranges when there are many', () => {
    expect(binsOf([])).toEqual([]);
    expect(binsOf([[0, 7]])).toEqual([{ first: 0, last: 0, count: 7 }]);
    expect(
      binsOf([
        [1, 4],
        [3, 2],
      ]),
    ).toEqual([
      { first: 1, last: 1, count: 4 },
      { first: 2, last: 2, count: 0 },
      { first: 3, last: 3, count: 2 },
    ]);
    const many = binsOf(Array.from({ length: 50 }, (_, k) => [k + 5, 2] as const));
    expect(many.length).toBeLessThanOrEqual(8);
    expect(many[0]?.first).toBe(5);
    expect(many.at(-1)?.last).toBeGreaterThanOrEqual(54);
    expect(many.reduce((sum, { count }) => sum + count, 0)).toBe(100);
  });
});
