import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bandOf, ROW_LIMIT, rowsOf } from './rows.ts';
import { SERIES_CAPACITY, Series, thin } from './series.ts';

describe('a series', () => {
  test('stays bounded and keeps its extremes, however long the run', () => {
    const series = new Series();
    for (let round = 0; round < 50_000; round += 1) {
      const value = round === 12_345 ? 99 : round === 40_001 ? -7 : Math.sin(round / 500);
      series.push(round, value);
    }
    expect(series.samples.length).toBeLessThan(SERIES_CAPACITY);
    const values = series.samples.map(({ y }) => y);
    expect(Math.max(...values)).toBe(99);
    expect(Math.min(...values)).toBe(-7);
    expect(series.last?.x).toBe(49_999);
  });

  test('thinning keeps order, the lowest and the highest, and halves a long list', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 300 }), (ys) => {
        const samples = ys.map((y, x) => ({ x, y }));
        const kept = thin(samples);
        expect(kept.length).toBeLessThanOrEqual(Math.ceil(ys.length / 4) * 2);
        expect(Math.max(...kept.map(({ y }) => y))).toBe(Math.max(...ys));
        expect(Math.min(...kept.map(({ y }) => y))).toBe(Math.min(...ys));
        kept.forEach((sample, index) => {
          if (index > 0) expect(sample.x).toBeGreaterThan(kept[index - 1]?.x ?? Number.POSITIVE_INFINITY);
        });
      }),
    );
  });

  test('a round that goes back drops what was rolled back; values that are not finite are left out', () => {
    const series = new Series();
    for (const x of [1, 2, 3, 4]) series.push(x, x);
    series.push(3, 30);
    series.push(4, Number.NaN);
    series.push(5, Number.POSITIVE_INFINITY);
    expect(series.samples).toEqual([
      { x: 1, y: 1 },
      { x: 2, y: 2 },
      { x: 3, y: 30 },
    ]);
  });

  test('reads between measurements, holds the last, and knows nothing before the first', () => {
    const series = new Series();
    series.push(10, 100);
    series.push(20, 300);
    expect(series.at(9)).toBeUndefined();
    expect(series.at(15)).toBe(200);
    expect(series.at(25)).toBe(300);
    expect(new Series().at(0)).toBeUndefined();
  });
});

describe('rows of a chart', () => {
  const line = (length: number, value: (x: number) => number) =>
    Array.from({ length }, (_, x) => ({ x, y: value(x) }));

  test('are exact while they are few', () => {
    const rows = rowsOf({ a: line(3, (x) => x), b: [{ x: 1, y: 9 }] });
    expect(rows).toEqual([
      { x: 0, values: { a: 0 } },
      { x: 1, values: { a: 1, b: 9 } },
      { x: 2, values: { a: 2 } },
    ]);
  });

  test('are at most the limit when they are many, ascending, and keep a spike', () => {
    const rows = rowsOf({ a: line(3000, (x) => (x === 1777 ? 50 : 1)), b: line(2500, () => 2) });
    expect(rows.length).toBeLessThanOrEqual(ROW_LIMIT);
    expect(Math.max(...rows.map((row) => row.values.a ?? 0))).toBe(50);
    rows.forEach((row, index) => {
      if (index > 0) expect(row.x).toBeGreaterThan(rows[index - 1]?.x ?? Number.POSITIVE_INFINITY);
    });
  });

  test('a band has the mean of all lines between the lowest and the highest', () => {
    const lines = Object.fromEntries([1, 2, 3].map((value) => [`w${value}`, line(2, () => value)]));
    expect(bandOf(lines)).toEqual([
      { x: 0, mean: 2, band: [1, 3] },
      { x: 1, mean: 2, band: [1, 3] },
    ]);
    const many = bandOf({ a: line(5000, (x) => x), b: line(5000, (x) => -x) });
    expect(many.length).toBeLessThanOrEqual(ROW_LIMIT);
    for (const { mean, band } of many) {
      expect(mean).toBeGreaterThanOrEqual(band[0]);
      expect(mean).toBeLessThanOrEqual(band[1]);
    }
  });

  test('of nothing are none', () => {
    expect(rowsOf({})).toEqual([]);
    expect(bandOf({ a: [] })).toEqual([]);
  });
});
