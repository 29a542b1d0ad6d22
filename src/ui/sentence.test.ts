import { describe, expect, test } from 'vitest';
import { asControl, refusalOf, withChoice } from '../recipe/legality.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { buildRecipe, DEFAULT_RECIPE, FAMILIES, FAMILY_NAMES, SCALARS } from '../recipe/schema.ts';
import { snapshotOf } from '../store/fixtures/snapshot.ts';
import { draftOf, parseDraft } from './recipe/draft.ts';
import { possible } from './run-controls.tsx';
import { type Catalogue, learns, sentenceOf, textOf } from './sentence.ts';

const catalogue: Catalogue = {
  ...{ families: FAMILIES, scalars: SCALARS, refusal: refusalOf, asControl, withChoice },
  cost: () => null,
};
const say = (recipe: Recipe, workers: number) => textOf(sentenceOf(recipe, workers, catalogue));

describe('the recipe as a sentence', () => {
  test('reads as plain language', () => {
    const recipe = buildRecipe({
      partition: { id: 'dirichlet', options: { alpha: 0.3 } },
      algorithm: { id: 'choco-sgd' },
      compressor: { id: 'top-k', options: { ratio: 0.01 } },
    });
    expect(say(recipe, 8)).toBe(
      '8 workers on a ring learn digits with an MLP (128), dealt unevenly (Dirichlet 0.3), by CHOCO-SGD, ' +
        'sending the top 1 % of each change, learning rate 0.1, batch 32, seed 1.',
    );
    expect(say(DEFAULT_RECIPE, 1)).toContain('1 worker on a ring learns digits');
  });

  test('names a table, full batches and a start from zeros', () => {
    const recipe = buildRecipe({
      dataset: { id: 'csv', options: { file: '/home/me/wine.csv', target: 'price', columns: 'a,b' } },
      partition: { id: 'contiguous' },
      model: { id: 'linear' },
      batch: 0,
      init: 'zeros',
    });
    const text = say(recipe, 2);
    expect(text).toContain(
      'learn wine.csv (price) with a linear model, dealt in blocks of the file’s order,',
    );
    expect(text).toContain('batch all rows, starting from zeros, seed 1.');
  });

  test('a fixed number of seats stands before the number of workers present', () => {
    expect(say(buildRecipe({ seats: 12 }), 3)).toMatch(/^12 workers/);
  });

  test('every family can be pressed, and a seed is never rounded', () => {
    const changed = buildRecipe({
      seed: 4294967295,
      optimizer: { id: 'adam' },
      schedule: { id: 'constant', options: { warmupRounds: 5 } },
    });
    const parts = sentenceOf(changed, 2, catalogue);
    const pressed = parts.flatMap(({ target }) =>
      typeof target === 'object' && 'family' in target ? [target.family] : [],
    );
    expect([...pressed].sort()).toEqual([...FAMILY_NAMES].sort());
    expect(textOf(parts)).toContain('seed 4294967295.');
  });

  test('optimizer, schedule and clipping are told of when they are not plain', () => {
    const text = say(
      buildRecipe({
        lr: 0.002,
        clip: 0.5,
        optimizer: { id: 'adam', options: { beta1: 0.8 } },
        schedule: { id: 'cosine', options: { rounds: 300, warmupRounds: 20, linearScaling: true } },
      }),
      4,
    );
    expect(text).toContain(
      'of each model, stepping by Adam (β1 0.8), learning rate 0.002 along a cosine to round 300, times ' +
        'the number of workers, after 20 rounds of warm-up, gradients clipped to norm 0.5, batch 32',
    );
    const parts = sentenceOf(DEFAULT_RECIPE, 4, catalogue);
    expect(
      parts.some(
        ({ target }) => typeof target === 'object' && 'scalar' in target && target.scalar === 'clip',
      ),
    ).toBe(false);
    expect(textOf(parts)).not.toMatch(/stepping|constant/);
  });

  test('an entry without words of its own is named by its label and the options that differ', () => {
    const families: Catalogue['families'] = {
      ...FAMILIES,
      topology: [
        {
          id: 'moebius',
          label: 'Möbius ladder',
          description: '',
          options: {
            rungs: { kind: 'number', default: 4, min: 1, max: 9, label: 'rungs', help: '' },
            twist: { kind: 'boolean', default: true, label: 'twist', help: '' },
          },
        },
      ],
    };
    const recipe: Recipe = {
      ...DEFAULT_RECIPE,
      topology: { id: 'moebius', options: { rungs: 5, twist: true } },
    };
    const text = textOf(sentenceOf(recipe, 4, { ...catalogue, families }));
    expect(text).toContain('on Möbius ladder (rungs 5) learn');
  });
});

test('who only agrees, from points of their own, is said not to learn; a negative control is called one', () => {
  const gossip = buildRecipe({ algorithm: { id: 'choco-gossip' }, allow: 'd2-spectrum,contraction' });
  expect([learns(gossip, catalogue), learns(DEFAULT_RECIPE, catalogue)]).toEqual([false, true]);
  const parts = sentenceOf(gossip, 4, catalogue);
  expect(textOf(parts)).toContain(
    ', starting from points of their own, a negative control that allows contraction, d2-spectrum, seed 1.',
  );
  expect(parts).toContainEqual({ text: 'contraction, d2-spectrum', target: { scalar: 'allow' } });
});

describe('a draft', () => {
  const schema = FAMILIES.model.find(({ id }) => id === 'mlp')?.options ?? {};

  test('goes to text and back', () => {
    const draft = draftOf(schema, { hidden: [64, 32] });
    expect(draft.hidden).toBe('64, 32');
    expect(parseDraft(schema, draft)).toMatchObject({ ok: true, options: { hidden: [64, 32] } });
  });

  test('writes a word for a number that stands for something of its own', () => {
    const draft = draftOf({ batch: SCALARS.batch }, { batch: 0 });
    expect(draft.batch).toBe('full');
    expect(parseDraft({ batch: SCALARS.batch }, draft)).toEqual({ ok: true, options: { batch: 0 } });
  });

  test('says what is allowed where it is wrong', () => {
    const parsed = parseDraft({ lr: SCALARS.lr }, { lr: 'fast' });
    expect(parsed).toEqual({ ok: false, errors: { lr: 'Must be a number from 0 to 100.' } });
  });
});

test('a button can be pressed only when it would do something', () => {
  const at = (phase: ReturnType<typeof snapshotOf>['phase']) => possible(snapshotOf({ phase }));
  expect(possible(null)).toEqual({ start: false, pause: false, step: false, reset: false });
  expect(at('idle')).toEqual({ start: true, pause: false, step: true, reset: false });
  expect(at('running')).toEqual({ start: false, pause: true, step: false, reset: true });
  expect(at('paused')).toEqual({ start: true, pause: false, step: true, reset: true });
  expect(at('finished')).toEqual({ start: false, pause: false, step: false, reset: true });
  expect(possible(snapshotOf({ refusal: 'no' })).start).toBe(false);
});
