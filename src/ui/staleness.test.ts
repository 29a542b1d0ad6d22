/** The staleness histogram: its bins, and that it says in words and a table what its bars show. */
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { WorkerStatus } from '../session/snapshot.ts';
import { binsOf, Staleness } from './staleness.tsx';

const drawn = (histogram: NonNullable<WorkerStatus['staleness']>) =>
  renderToStaticMarkup(createElement(Staleness, { histogram }));

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

  it('is a table with a row for every bin, headed and summed up in words', () => {
    const page = drawn([
      [0, 6],
      [2, 3],
      [3, 1],
    ]);
    expect(page).toContain('On average 0.900, at most 3.');
    expect(page).toMatch(/<table aria-label="[^"]+"><thead><tr><th scope="col">Updates</);
    const rows = [...page.matchAll(/<th scope="row"[^>]*>([^<]+)<\/th><td[^>]*>([^<]+)</g)];
    expect(rows.map(([, updates, count]) => [updates, count])).toEqual([
      ['0', '6'],
      ['1', '0'],
      ['2', '3'],
      ['3', '1'],
    ]);
    expect(page).toContain('--share:0.5');
  });

  it('says that nothing is measured yet', () => {
    expect(drawn([])).toContain('Nothing is measured here yet.');
    expect(drawn([])).not.toContain('<table');
  });
});
