/** ζ² against its definition in double precision, and on splits of which it is known. */
import { describe, expect, it } from 'vitest';
import { realClock } from '../base/clock.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { contiguous } from '../data/contiguous.ts';
import { rowsOfSeat } from '../data/deal.ts';
import { buildRecipe, type RecipeParts } from '../recipe/schema.ts';
import { Assets } from './assets.ts';
import { gradientDifference } from './models-gradients.ts';
import { loadInNode } from './node-lab.ts';

async function assetsOf(parts: RecipeParts) {
  const recipe = buildRecipe({ batch: 7, ...parts });
  const host = await loadInNode(recipe);
  return { assets: new Assets(createCpuCompute(), recipe, host), host };
}
const REGRESSION: RecipeParts = {
  dataset: { id: 'regression', options: {} },
  model: { id: 'linear' },
  partition: { id: 'contiguous' },
};

describe('the difference of gradients', () => {
  it('is the mean square distance of least-squares gradients to their mean', async () => {
    const { assets, host } = await assetsOf(REGRESSION);
    const train = assets.split.train;
    const parts = [0, 1, 2].map((seat) => rowsOfSeat(contiguous, train, host.labels, 3, seat, 1, {}));
    const start = Float32Array.from({ length: host.width }, (_, k) => Math.sin(k));
    // Other gradients than this one: (1/m) Σ (w · x - y) x.
    const gradients = parts.map((rows) => {
      const gradient = new Float64Array(host.width);
      for (const row of rows) {
        const x = host.features.subarray(row * host.width, (row + 1) * host.width);
        let error = -(host.labels[row] ?? 0);
        start.forEach((w, k) => {
          error += w * (x[k] ?? 0);
        });
        gradient.forEach((_, k) => {
          gradient[k] = (gradient[k] ?? 0) + (error * (x[k] ?? 0)) / rows.length;
        });
      }
      return gradient;
    });
    const mean = gradients[0]?.map((_, k) => gradients.reduce((sum, each) => sum + (each[k] ?? 0) / 3, 0));
    const expected = gradients.reduce(
      (sum, each) => sum + each.reduce((s, value, k) => s + (value - (mean?.[k] ?? 0)) ** 2, 0) / 3,
      0,
    );
    const found = await gradientDifference(assets, parts, start, realClock);
    expect(found.difference / expected).toBeCloseTo(1, 4);
    expect(found.gradient / (mean?.reduce((s, value) => s + value ** 2, 0) ?? 0)).toBeCloseTo(1, 4);
    expect([found.rows, found.available]).toEqual([train.length, train.length]);
  });

  it('is none where all hold the same rows, and ignores who holds none', async () => {
    const { assets } = await assetsOf({ dataset: { id: 'moons' }, model: { id: 'mlp' } });
    const rows = assets.split.train;
    const same = await gradientDifference(assets, [rows, new Uint32Array(), rows], assets.initial, realClock);
    expect(same.gradient).toBeGreaterThan(0);
    expect(same.difference).toBeLessThan(1e-9 * same.gradient);
    expect(same.available).toBe(2 * rows.length);
  });

  it('looks at an even choice of more rows than it can', async () => {
    const { assets } = await assetsOf({ dataset: { id: 'blobs', options: { rows: 20_000 } } });
    const rows = assets.split.train;
    const halves = [rows.subarray(0, rows.length / 2), rows.subarray(rows.length / 2)];
    const found = await gradientDifference(assets, halves, assets.initial, realClock);
    expect([found.rows, found.available]).toEqual([10_000, rows.length]);
  });
});
