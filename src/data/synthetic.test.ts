/** Generated sets: the same for a seed, of the shape they declare, and made as they say. */
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { DatasetEntry } from './dataset.ts';
import { DATASETS } from './index.ts';
import { blobs, circles, moons, spirals } from './planar.ts';
import { regression, regressionOptimum } from './regression.ts';

const load = (entry: DatasetEntry, given: Record<string, unknown> = {}, seed = 1) => {
  const options = completeOptions('dataset', entry.options, given);
  const noFile = async () => Promise.reject(new Error('A generated set needs no file.'));
  return entry.load(options, noFile, seed).then((data) => ({ data, options, shape: entry.shape(options) }));
};

const ENTRIES = [moons, circles, spirals, blobs, regression].map((entry) => [entry.id, entry] as const);

describe.each(ENTRIES)('%s', (_id, entry) => {
  it('is in the registry', () => expect(DATASETS).toContain(entry));

  it('has the shape and the rows it declares, by the seed alone', async () => {
    const { data, shape, options } = await load(entry, { rows: 101 });
    expect(data).toMatchObject({ rows: 101, width: shape.width, classes: shape.classes, scale: 1 });
    expect(data.features).toHaveLength(101 * shape.width);
    expect(data.labels).toHaveLength(101);
    expect([...data.features, ...data.labels].every(Number.isFinite)).toBe(true);
    expect(entry.testRows(101, options)).toBe(20);
    expect((await load(entry, { rows: 101 })).data).toEqual(data);
    expect((await load(entry, { rows: 101 }, 2)).data.features).not.toEqual(data.features);
  });
});

describe('sets in the plane', () => {
  it.each([
    ['spirals', spirals, { classes: 5 }, 5],
    ['blobs', blobs, { classes: 7 }, 7],
    ['moons', moons, {}, 2],
  ] as const)(
    '%s have as many rows of each class, all about as near to the middle',
    async (_id, entry, given, n) => {
      const { data, shape } = await load(entry, { ...given, rows: 700 });
      expect(shape.classes).toBe(n);
      const counts = Array.from({ length: n }, (_, k) => data.labels.filter((label) => label === k).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(data.features.every((value) => Math.abs(value) < 2.5)).toBe(true);
    },
  );

  it('lie on their curves without noise', async () => {
    const at = async (entry: DatasetEntry) => {
      const { data } = await load(entry, { noise: 0, rows: 200 });
      return Array.from(data.labels, (label, row) => {
        const [x = Number.NaN, y = Number.NaN] = data.features.subarray(2 * row, 2 * row + 2);
        return { label, x, y, radius: Math.hypot(x, y) };
      });
    };
    for (const { label, radius } of await at(circles)) expect(radius).toBeCloseTo(label === 0 ? 1 : 0.5, 5);
    for (const { label, x, y } of await at(moons)) {
      const sign = label === 0 ? 1 : -1;
      expect(Math.hypot(sign * x + 0.5, sign * y + 0.25)).toBeCloseTo(1, 5);
      expect(sign * y + 0.25).toBeGreaterThanOrEqual(-1e-6);
    }
    for (const { label, x, y, radius } of await at(spirals)) {
      const turn = (1.25 * (radius - 0.1)) / 0.9 + label / 2;
      expect(x).toBeCloseTo(radius * Math.cos(2 * Math.PI * turn), 4);
      expect(y).toBeCloseTo(radius * Math.sin(2 * Math.PI * turn), 4);
    }
    for (const { radius } of await at(blobs)) expect(radius).toBeCloseTo(1, 5);
  });
});

describe('synthetic regression', () => {
  it('is the optimum’s map and nothing else without noise', async () => {
    const { data, options } = await load(regression, { noise: 0, rows: 50, width: 7 }, 3);
    const optimum = regressionOptimum(options, 3);
    data.labels.forEach((target, row) => {
      const x = [...data.features.subarray(row * 7, row * 7 + 7)];
      expect(target).toBeCloseTo(
        x.reduce((sum, value, i) => sum + value * (optimum[i] ?? 0), 0),
        5,
      );
    });
  });

  it('has noise of the variance asked for', async () => {
    const { data, options } = await load(regression, { noise: 2, rows: 20_000, width: 3 });
    const optimum = regressionOptimum(options, 1);
    let square = 0;
    data.labels.forEach((target, row) => {
      const x = [...data.features.subarray(row * 3, row * 3 + 3)];
      square += (target - x.reduce((sum, value, i) => sum + value * (optimum[i] ?? 0), 0)) ** 2 / data.rows;
    });
    // Five standard errors of a variance.
    expect(Math.abs(square - 4)).toBeLessThan(5 * 4 * Math.sqrt(2 / 20_000));
  });

  it('refuses more numbers than there is room for', () => {
    const options = completeOptions('dataset', regression.options, { rows: 100_000, width: 1000 });
    expect(regression.refuses?.(options)).toMatch(/4000000 at most/);
    expect(regression.refuses?.(completeOptions('dataset', regression.options))).toBe(null);
  });
});
