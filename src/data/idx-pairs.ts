/**
 * Which IDX files belong together, by their names alone: pictures with labels, training with test. Names
 * are those of MNIST and its relatives, `train-images-idx3-ubyte.gz`, `t10k-labels.idx1-ubyte`,
 * `emnist-letters-test-images-idx3-ubyte`: what is left of them without these words is the data set's own.
 */
import { DataError } from './dataset.ts';

export interface IdxPair {
  readonly images: string;
  readonly labels: string;
}

export interface IdxPairs {
  readonly train: IdxPair;
  /** null: the training rows are split. */
  readonly test: IdxPair | null;
}

const HINT = 'name them as train-images-idx3-ubyte and train-labels-idx1-ubyte are';

interface Named {
  readonly path: string;
  readonly what: 'images' | 'labels';
  readonly split: 'train' | 'test';
  readonly set: string;
}

function named(path: string): Named | null {
  const base = (path.split('/').at(-1) ?? '').toLowerCase();
  const what = /images|labels/.exec(base)?.[0];
  if ((what !== 'images' && what !== 'labels') || /\.(txt|csv|json|md|png|jpe?g)$/.test(base)) return null;
  const split = /t10k|test/.test(base) ? 'test' : 'train';
  const set = base
    .replace(/\.gz$/, '')
    .replace(/images|labels|t10k|train(ing)?|test(ing)?|idx\d?|u?byte|bin/g, '')
    .replace(/[^a-z0-9]+/g, '');
  return { path, what, split, set };
}

/** Whether a name could be that of an IDX file. */
export function looksLikeIdx(path: string): boolean {
  return named(path) !== null || /idx\d?-?ubyte/i.test(path);
}

/** @throws {DataError} if there is no pair, or more than one to choose from. */
export function pairsOf(name: string, paths: readonly string[]): IdxPairs {
  const files = paths.map(named).filter((each) => each !== null);
  const sets = [...new Set(files.map(({ set }) => set))].sort();
  if (sets.length > 1) {
    throw new DataError(
      `${name} has ${sets.length} data sets (${sets.slice(0, 8).join(', ')}${sets.length > 8 ? ', …' : ''}); ` +
        'keep the files of one of them together, apart from the others.',
    );
  }
  // A file and the same one packed may lie side by side.
  const find = (what: Named['what'], split: Named['split']) =>
    files
      .filter((each) => each.what === what && each.split === split)
      .map(({ path }) => path)
      .sort((a, b) => a.length - b.length)[0];
  const pair = (split: Named['split']): IdxPair | null => {
    const [images, labels] = [find('images', split), find('labels', split)];
    if (images === undefined && labels === undefined) return null;
    if (images === undefined || labels === undefined) {
      const missing = images === undefined ? 'pictures' : 'labels';
      throw new DataError(`${name} has ${images ?? labels} but not the ${missing} to it; ${HINT}.`);
    }
    return { images, labels };
  };
  const [train, test] = [pair('train'), pair('test')];
  // Only test files: they are trained on all the same, and split.
  if (train !== null) return { train, test };
  if (test !== null) return { train: test, test: null };
  throw new DataError(`${name} has no pair of IDX files; ${HINT}.`);
}
