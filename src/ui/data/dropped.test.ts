import { expect, test } from 'vitest';
import { bundlesOf } from './dropped.ts';

const blob = new Blob();
const bundles = (...paths: string[]) =>
  bundlesOf(paths.map((path) => ({ path, blob }))).map(({ name, files }) => [
    name,
    files.map(({ path }) => path),
  ]);

test('a folder is one thing, IDX files together are one, other files are one each', () => {
  expect(bundles('a.csv', 'b.txt')).toEqual([
    ['a.csv', ['a.csv']],
    ['b.txt', ['b.txt']],
  ]);
  expect(bundles('train-images-idx3-ubyte.gz', 'a.csv', 'train-labels-idx1-ubyte.gz')).toEqual([
    ['a.csv', ['a.csv']],
    ['train-images-idx3-ubyte.gz + 1', ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz']],
  ]);
  expect(bundles('pets/cat/1.png', 'pets/dog/1.png', 'train-labels')).toEqual([
    ['train-labels', ['train-labels']],
    ['pets', ['pets/cat/1.png', 'pets/dog/1.png']],
  ]);
  expect(bundles()).toEqual([]);
});
