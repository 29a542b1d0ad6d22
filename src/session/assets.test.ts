import { expect, it } from 'vitest';
import type { HostDataset } from '../compute/compute.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { buildRecipe } from '../recipe/schema.ts';
import { Assets } from './assets.ts';

it('needs a row for every worker that the data is dealt over, and for none that comes later', () => {
  const rows = 6;
  const host: HostDataset = {
    ...{ rows, width: 784, classes: 10, scale: 1, testRows: 0 },
    features: new Uint8Array(rows * 784),
    labels: new Uint8Array(rows),
  };
  const recipe = buildRecipe({ model: { id: 'mlp', options: { hidden: [4] } } });
  const assets = new Assets(createCpuCompute(), recipe, host);
  expect(assets.refuses(6)).toBe(null);
  expect(assets.refuses(7)).toMatch(/6 rows to train on, which leave a worker of 7 without any/);
  expect(assets.refuses(7, 6)).toBe(null);
  assets.destroy();
});
