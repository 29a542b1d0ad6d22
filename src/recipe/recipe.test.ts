import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../base/options.ts';
import type { Recipe } from './recipe.ts';
import {
  buildRecipe,
  caution,
  DEFAULT_RECIPE,
  FAMILIES,
  FAMILY_NAMES,
  parseRecipe,
  type RecipeParts,
  refusal,
  SCALARS,
  sameRun,
  setPath,
} from './schema.ts';
import { DEFAULT_LOCAL, recipeFromUrl, urlOf } from './url.ts';

function withPaths(...pairs: readonly (readonly [string, string])[]): Recipe {
  const parts: RecipeParts = {};
  for (const [path, text] of pairs) setPath(parts, path, text);
  return buildRecipe(parts);
}

const at = (address: string) => recipeFromUrl(new URL(address, 'http://localhost:8080/'));

describe('a recipe', () => {
  it('has the documented defaults', () => {
    expect(DEFAULT_RECIPE.algorithm).toEqual({ id: 'd-psgd', options: { order: 'cta' } });
    expect(withPaths(['algorithm', 'choco-sgd']).algorithm.options).toEqual({ eta: 0.5 });
    expect(withPaths(['compressor', 'one-bit']).compressor.options).toMatchObject({
      scale: 'l1',
      granularity: 'block',
      blockSize: 4096,
    });
    expect(DEFAULT_RECIPE.model).toEqual({ id: 'mlp', options: { hidden: [128] } });
  });

  it('takes paths as text', () => {
    const recipe = withPaths(
      ['algorithm', 'choco-sgd'],
      ['algorithm.eta', '0.3'],
      ['compressor', 'top-k'],
      ['compressor.ratio', '0.01'],
      ['partition', 'shards:3'],
      ['model.hidden', '128,64'],
      ['lr', '0.05'],
    );
    expect(recipe.algorithm.options.eta).toBe(0.3);
    expect(recipe.partition).toEqual({ id: 'shards', options: { labels: 3 } });
    expect(recipe.model.options.hidden).toEqual([128, 64]);
    expect(recipe.lr).toBe(0.05);
  });

  it.each([
    [['algorithm', 'sgd'], 'd-psgd, choco-sgd'],
    [['algorithm.eta', '0.3'], 'algorithm.eta does not exist; its options are order'],
    [['lr', 'fast'], 'a number from 0 to 100'],
    [['batch', '1.5'], 'a whole number from 1 to 1024'],
    [['partition', 'shards:99'], 'from 1 to 10'],
    [['colour', 'red'], 'There is no setting "colour"'],
    [['__proto__', 'x'], 'There is no setting'],
  ] as const)('says what is allowed: %s', ([path, text], words) => {
    expect(() => withPaths([path, text])).toThrow(OptionError);
    expect(() => withPaths([path, text])).toThrow(words);
  });

  it('is read from any text, or refused with one line', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseRecipe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(OptionError);
          expect(String(error)).not.toContain('\n');
        }
      }),
    );
    expect(parseRecipe(JSON.stringify(DEFAULT_RECIPE))).toEqual(DEFAULT_RECIPE);
  });

  it('is refused where the algorithm cannot work, with what to choose instead', () => {
    expect(refusal(DEFAULT_RECIPE)).toBe(null);
    expect(refusal(withPaths(['compressor', 'one-bit']))).toMatch(/none, or CHOCO-SGD/);
    expect(refusal(withPaths(['compressor', 'one-bit'], ['algorithm', 'choco-sgd']))).toBe(null);
  });

  it('is doubted where a legal choice is likely to diverge', () => {
    const choco = ['algorithm', 'choco-sgd'] as const;
    const top = ['compressor', 'top-k'] as const;
    expect(caution(withPaths(choco, top))).toMatch(/top 1 %.*try η = 0.1/);
    expect(caution(withPaths(choco, top, ['algorithm.eta', '0.1']))).toBe(null);
    expect(caution(withPaths(choco, ['compressor', 'one-bit']))).toBe(null);
    expect(caution(DEFAULT_RECIPE)).toBe(null);
  });

  it('goes on with another learning rate, and with nothing else', () => {
    expect(sameRun(DEFAULT_RECIPE, { ...DEFAULT_RECIPE, lr: 0.3, rounds: 7, evalEvery: 3 })).toBe(true);
    expect(sameRun(DEFAULT_RECIPE, { ...DEFAULT_RECIPE, batch: 64 })).toBe(false);
    expect(sameRun(DEFAULT_RECIPE, { ...DEFAULT_RECIPE, seed: 2 })).toBe(false);
  });

  it('has every entry described', () => {
    for (const name of FAMILY_NAMES) {
      const ids = FAMILIES[name].map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { label, description } of FAMILIES[name]) expect(label && description).not.toBe('');
    }
  });
});

describe('the address', () => {
  it('is empty for the defaults', () => {
    expect(urlOf(DEFAULT_RECIPE)).toBe('');
    expect(at('/')).toEqual({ recipe: DEFAULT_RECIPE, local: DEFAULT_LOCAL, room: null, errors: [] });
  });

  it('round-trips every recipe', () => {
    const choice = fc.constantFrom(
      ...FAMILY_NAMES.flatMap((name) => FAMILIES[name].map(({ id }) => [name, id] as const)),
    );
    const scalar = fc
      .constantFrom(...Object.entries(SCALARS))
      .chain(([name, { min, max }]) =>
        fc.integer({ min, max: Math.min(max, 1000) }).map((value) => [name, String(value)] as const),
      );
    const extras = fc.subarray([
      ['compressor.ratio', '0.02'],
      ['algorithm.eta', '0.25'],
      ['model.hidden', '32,16'],
      ['model.hidden', ''],
      ['partition', 'dirichlet:0.3'],
    ] as [string, string][]);
    fc.assert(
      fc.property(fc.array(fc.oneof(choice, scalar)), extras, (pairs, more) => {
        const parts: RecipeParts = {};
        for (const [path, text] of pairs) setPath(parts, path, text);
        let recipe = buildRecipe(parts);
        for (const [path, text] of more) {
          try {
            setPath(parts, path, text);
            recipe = buildRecipe(parts);
          } catch {
            return; // An option that this choice does not have.
          }
        }
        const local = { workers: 5, backend: 'cpu', transport: 'broadcast', name: 'Ada' } as const;
        const read = at(`/${urlOf(recipe, local, 'K7')}`);
        expect(read).toEqual({ recipe, local, room: 'K7', errors: [] });
      }),
    );
  });

  it('keeps what it understands, and says in one line each what it does not', () => {
    const { recipe, local, errors } = at(
      '/?lr=abc&batch=64&algorithm=sgd&workers=99&nonsense=1&view=projector',
    );
    expect(recipe).toEqual({ ...DEFAULT_RECIPE, batch: 64 });
    expect(local.workers).toBe(1);
    expect(errors).toHaveLength(4);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.webQueryParameters(), fc.webFragments(), (query, fragment) => {
        expect(at(`/?${query}#${fragment}`).recipe).toBeDefined();
      }),
    );
  });
});
