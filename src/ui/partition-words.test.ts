/** What the page says of a partition, against what it deals: label, description, help and sentence alike. */
import { describe, expect, test } from 'vitest';
import type { Options } from '../base/options.ts';
import type { PartitionEntry } from '../data/dataset.ts';
import { labelHeterogeneity } from '../data/heterogeneity.ts';
import { PARTITIONS } from '../data/index.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { asControl, refusalOf, withChoice } from '../recipe/legality.ts';
import { buildRecipe, FAMILIES, SCALARS } from '../recipe/schema.ts';
import { type Catalogue, phraseOf, sentenceOf, textOf } from './sentence.ts';

const CLASSES = 10;
const ROWS = 4000;
const stream = randomStream(1, PURPOSE.simulation, 0, 0);
const labels = Uint8Array.from({ length: ROWS }, () => Math.min(stream.integer(10), stream.integer(12)));
const train = Uint32Array.from({ length: ROWS }, (_, row) => row);
const catalogue: Catalogue = {
  ...{ families: FAMILIES, scalars: SCALARS, refusal: refusalOf, asControl, withChoice },
  cost: () => null,
};

type Parts = readonly Uint32Array[];
const classesOf = (part: Uint32Array) => new Set([...part].map((row) => labels[row] ?? 0));
const spread = (parts: Parts) => {
  const sizes = parts.map(({ length }) => length);
  return Math.max(...sizes) - Math.min(...sizes);
};

/** What words promise: where a text has them, the deal must be so. */
const CLAIMS: readonly (readonly [
  RegExp,
  (parts: Parts, options: Options, match: RegExpExecArray) => boolean,
])[] = [
  [/no two workers see the same/, (parts) => parts.flatMap((part) => [...classesOf(part)]).length <= CLASSES],
  [
    /\b(?:labels?|class(?:es)?) each\b|by label \(\d+ each\)|sees only a few classes/,
    (parts, options) => parts.every((part) => classesOf(part).size <= Number(options.labels)),
  ],
  [
    /\bin (\d+) shards? each, sorted by label/,
    (parts, _, [, count]) =>
      spread(parts) <= Number(count) &&
      // Pieces of a sorted list: of all the borders between classes, each lies in one piece at most.
      parts.reduce((sum, part) => sum + Math.max(0, classesOf(part).size - Number(count)), 0) < CLASSES,
  ],
  [
    /\bevenly\b|equal share|equally many|equal size/,
    (parts) => parts.every(({ length }) => Math.abs(length - ROWS / parts.length) <= 10),
  ],
  [/about the same mix/, (parts) => labelHeterogeneity(parts, labels, CLASSES) < 0.1],
  [
    /\ball hold the same mix/i,
    (parts) => parts.every((part) => labelHeterogeneity([part, train], labels, CLASSES) < 0.01),
  ],
  [
    /only a stretch of the labels/,
    (parts) =>
      parts.every((part) => {
        const seen = [...classesOf(part)];
        return Math.max(...seen) - Math.min(...seen) + 1 === seen.length && seen.length < CLASSES;
      }),
  ],
  [
    /i-th block of rows, as the file has them/,
    (parts) => parts.flatMap((part) => [...part]).every((row, at) => row === at),
  ],
  [/unequal amounts|random amounts/, (parts) => spread(parts) > 1],
];

/** Everything that is said of a partition. */
function textsOf(entry: PartitionEntry, options: Options): readonly string[] {
  const recipe = buildRecipe({ partition: { id: entry.id, options } });
  const helps = Object.values(entry.options).flatMap((option) => [option.label, option.help]);
  return [entry.label, entry.description, ...helps, `dealt ${phraseOf('partition', recipe, catalogue).bold}`];
}

/** Every entry, and each of its settings that a person is likely to choose. */
const cases = PARTITIONS.flatMap((entry) => {
  const { id } = entry;
  if (id === 'shards') return [1, 2, 3, 5].map((count) => ({ entry, options: { labels: count } }));
  if (id.startsWith('dirichlet') || id === 'quantity')
    return [0.3, 1].map((alpha) => ({ entry, options: { alpha } }));
  return [{ entry, options: {} }];
});

describe.each(cases)('what is said of $entry.id $options', ({ entry, options }) => {
  test.each([2, 3, 4, 8])('is so among %i workers', (seats) => {
    const parts = entry.deal(train, labels, seats, 7, options);
    for (const text of textsOf(entry, options)) {
      for (const [words, holds] of CLAIMS) {
        const match = words.exec(text);
        if (match !== null)
          expect({ text, holds: holds(parts, options, match) }).toEqual({ text, holds: true });
      }
    }
  });
});

test('every partition is told by something that is checked here', () => {
  for (const { entry, options } of cases) {
    if (entry.id === 'dirichlet') continue; // promises nothing but chance
    const told = textsOf(entry, options).some((text) => CLAIMS.some(([words]) => words.test(text)));
    expect({ id: entry.id, told }).toEqual({ id: entry.id, told: true });
  }
});

test('where every tab brings a file of its own, nothing is said to be dealt', () => {
  const recipe = buildRecipe({
    dataset: { id: 'csv', options: { file: 'wine.csv', target: 'price', private: true } },
    partition: { id: 'shards', options: { labels: 2 } },
    model: { id: 'linear' },
  });
  const text = textOf(sentenceOf(recipe, 3, catalogue));
  expect(text).toContain(', every worker on all of its tab’s file, by ');
  expect(text).not.toMatch(/dealt|shard/);
});
