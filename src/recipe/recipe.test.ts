import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../base/options.ts';
import { caution, refusal, withChoice } from './legality.ts';
import type { Recipe } from './recipe.ts';
import {
  buildRecipe,
  DEFAULT_RECIPE,
  FAMILIES,
  FAMILY_NAMES,
  parseRecipe,
  type RecipeParts,
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
    expect(DEFAULT_RECIPE.algorithm).toMatchObject({ id: 'd-psgd', options: { order: 'cta' } });
    expect(withPaths(['algorithm', 'choco-sgd']).algorithm.options).toMatchObject({ eta: 0.5 });
    expect(withPaths(['compressor', 'one-bit']).compressor.options).toMatchObject({
      scale: 'l1',
      granularity: 'block',
      blockSize: 4096,
    });
    expect(DEFAULT_RECIPE.model).toEqual({ id: 'mlp', options: { activation: 'relu', hidden: [128] } });
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
    [['algorithm', 'sgd'], 'the nearest are '],
    [['batch', '0'], 'it must be full, or a whole number from 1 to 1024'],
    [['algorithm.eta', '0.3'], 'algorithm.eta does not exist; its options are order'],
    [['lr', 'fast'], 'a number from 0 to 100'],
    [['batch', '1.5'], 'a whole number from 1 to 1024'],
    [['partition', 'shards:99'], 'from 1 to 10'],
    [['batch', 'all'], 'full, or a whole number from 1 to 1024'],
    [['init', 'ones'], 'one of standard, zeros'],
    [['dataset', 'digits:7'], 'digits takes no value; write just "digits"'],
    [['dataset', 'table:x.csv'], 'there are digits, '],
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

  it.each([
    ['ef-sign-sgd', 'top-k', {}],
    ['ef-sign-sgd', 'one-bit', { scale: 'l2' }],
    ['saef', 'ternary', {}],
    ['saef', 'one-bit', { scale: 'l2' }],
    ['one-bit-sgd', 'ternary', {}],
    ['double-squeeze', 'qsgd', {}],
    ['double-squeeze', 'one-bit', { scale: 'none' }],
  ])(
    'is refused where %s would be sent with %s %j, which it does not say it takes',
    (id, compressor, options) => {
      const parts = { algorithm: { id }, topology: { id: 'complete' } };
      expect(refusal(buildRecipe(parts), 4)).toBe(null);
      expect(refusal(buildRecipe({ ...parts, compressor: { id: compressor, options } }), 4)).toMatch(
        /one-bit/,
      );
    },
  );

  it('is refused where a plain average of unequally many neighbours would drift', () => {
    for (const algorithm of ['d-psgd', 'd2', 'choco-sgd', 'gradient-tracking']) {
      const weighed = (topology: string) =>
        withPaths(['algorithm', algorithm], ['topology', topology], ['topology.weights', 'uniform']);
      expect(refusal(weighed('star'), 5)).toMatch(/Choose Metropolis weights/);
      expect(refusal(weighed('ring'), 5)).toBe(null);
    }
  });

  it('steps by an optimizer and a schedule with options of their own', () => {
    expect(DEFAULT_RECIPE).toMatchObject({
      optimizer: { id: 'sgd', options: { weightDecay: 0 } },
      schedule: { id: 'constant', options: { warmupRounds: 0, linearScaling: false } },
      clip: 0,
    });
    const recipe = withPaths(
      ['optimizer', 'adam'],
      ['optimizer.beta1', '0.8'],
      ['schedule', 'step'],
      ['schedule.every', '50'],
      ['clip', '2'],
    );
    expect(recipe.optimizer).toMatchObject({ id: 'adam', options: { beta1: 0.8, beta2: 0.999 } });
    expect(recipe.schedule.options).toMatchObject({ every: 50, factor: 0.1 });
    expect(urlOf(recipe)).toBe('?optimizer=adam&optimizer.beta1=0.8&schedule=step&schedule.every=50&clip=2');
    expect(() => withPaths(['clip', '-1'])).toThrow('off, or a number from');
    expect(() => withPaths(['optimizer', 'adam'], ['optimizer.mu', '1'])).toThrow('its options are beta1');
  });

  it('is refused where the algorithm takes no such optimizer, with what to choose instead', () => {
    const told = (algorithm: string, optimizer: string, ...more: (readonly [string, string])[]) =>
      refusal(withPaths(['algorithm', algorithm], ['optimizer', optimizer], ...more));
    for (const id of ['momentum', 'nesterov', 'adam', 'adamw', 'lars', 'lamb']) {
      for (const algorithm of ['d-psgd', 'dog', 'choco-sgd', 'deepsqueeze', 'sgp', 'rps', 'fedavg']) {
        expect(told(algorithm, id)).toBe(null);
      }
      expect(told('d2', id)).toMatch(/D² .*optimizer sgd, or .* such as D-PSGD/);
    }
    for (const algorithm of ['ad-psgd', 'dcd-psgd', 'ecd-psgd']) {
      for (const id of ['momentum', 'nesterov']) expect(told(algorithm, id)).toBe(null);
      expect(told(algorithm, 'adam')).toMatch(/sgd, momentum or nesterov, or .* such as D-PSGD/);
      expect(told(algorithm, 'sgd', ['optimizer.weightDecay', '0.1'])).toBe(null);
    }
    for (const algorithm of ['allreduce-sgd', 'power-sgd', 'acp-sgd', 'byte-grad']) {
      for (const id of ['momentum', 'nesterov', 'adam', 'adamw']) expect(told(algorithm, id)).toBe(null);
      expect(told(algorithm, 'lamb')).toMatch(/sgd, momentum, nesterov, adam or adamw, or .*Large batch/);
    }
    expect(told('d2', 'sgd', ['optimizer.weightDecay', '0.1'])).toMatch(/weight decay.* 0, or/);
    expect(told('d-psgd', 'sgd', ['optimizer.weightDecay', '0.1'])).toBe(null);
    expect(told('d-psgd', 'clars')).toMatch(/all workers.*Large batch/);
  });

  it('goes back to plain steps with an algorithm that takes no other', () => {
    const adam = withPaths(['optimizer', 'adam']);
    const d2 = { id: 'd2', options: withPaths(['algorithm', 'd2']).algorithm.options };
    const adapted = withChoice(adam, 'algorithm', d2, 5);
    expect(adapted.with).toEqual(['optimizer']);
    expect(adapted.recipe.optimizer).toEqual(DEFAULT_RECIPE.optimizer);
    const choco = { id: 'choco-sgd', options: withPaths(['algorithm', 'choco-sgd']).algorithm.options };
    expect(withChoice(adam, 'algorithm', choco, 5).recipe.optimizer).toEqual(adam.optimizer);
  });

  it('is doubted where a legal choice is likely to diverge', () => {
    const choco = ['algorithm', 'choco-sgd'] as const;
    const top = ['compressor', 'top-k'] as const;
    expect(caution(withPaths(choco, top))).toMatch(/top 1 %.*try η = 0.1/);
    expect(caution(withPaths(choco, top, ['algorithm.eta', '0.1']))).toBe(null);
    expect(caution(withPaths(choco, ['compressor', 'one-bit']))).toBe(null);
    expect(caution(DEFAULT_RECIPE)).toBe(null);
    expect(caution(withPaths(['optimizer', 'adamw']))).toMatch(/AdamW .*learning rate.*0.001/);
    expect(caution(withPaths(['optimizer', 'adamw'], ['lr', '0.001']))).toBe(null);
    const layout = { tensors: [], length: 100 };
    const sparse = (...option: [string, string]) =>
      caution(withPaths(['algorithm', 'ef-sgd'], ['compressor', 'top-k'], option), 4, layout);
    expect(sparse('compressor.k', '50')).toBe(null);
    expect(sparse('compressor.k', '500')).toMatch(/top-k as it is set .* 800 bytes, and without .* 400/);
    expect(sparse('compressor.ratio', '0.51')).toMatch(/408 bytes/);
  });

  it('goes on with another learning rate, and with nothing else', () => {
    expect(sameRun(DEFAULT_RECIPE, { ...DEFAULT_RECIPE, lr: 0.3, rounds: 7, evalEvery: 3 })).toBe(true);
    expect(sameRun(DEFAULT_RECIPE, { ...DEFAULT_RECIPE, batch: 64 })).toBe(false);
    expect(sameRun(DEFAULT_RECIPE, { ...DEFAULT_RECIPE, clip: 1 })).toBe(false);
    expect(sameRun(DEFAULT_RECIPE, withPaths(['schedule', 'cosine']))).toBe(false);
    expect(sameRun(DEFAULT_RECIPE, withPaths(['optimizer', 'adam']))).toBe(false);
    expect(sameRun(DEFAULT_RECIPE, { ...DEFAULT_RECIPE, seed: 2 })).toBe(false);
  });

  it('takes all rows of a worker as a batch, zeros as a start, and a table after its name', () => {
    const recipe = withPaths(
      ['dataset', 'csv:a:b.csv'],
      ['dataset.target', 'y'],
      ['batch', 'full'],
      ['init', 'zeros'],
    );
    expect(recipe).toMatchObject({ batch: 0, init: 'zeros' });
    expect(recipe.dataset.options).toMatchObject({ file: 'a:b.csv', target: 'y', test: 0 });
    expect(urlOf(withPaths(['batch', 'full']))).toBe('?batch=full');
    expect(DEFAULT_RECIPE).toMatchObject({ batch: 32, init: 'standard' });
  });

  it('is refused where data, model and partition do not fit together, with what to choose instead', () => {
    const table = [
      ['dataset', 'csv:x.csv'],
      ['dataset.columns', 'a,b'],
    ] as const;
    const linear = ['model', 'linear'] as const;
    const classes = ['dataset.classes', 'yes,no'] as const;
    expect(refusal(withPaths(['dataset', 'csv']))).toMatch(/No table is chosen/);
    expect(refusal(withPaths(['dataset', 'csv:x.csv'], linear))).toMatch(/columns .* not known/);
    expect(refusal(withPaths(...table))).toMatch(/mlp tells classes apart.* Choose linear/);
    expect(refusal(withPaths(linear))).toMatch(/linear predicts a number.* Choose mlp/);
    expect(refusal(withPaths(...table, classes, linear))).toMatch(/predicts a number/);
    expect(refusal(withPaths(...table, linear))).toBe(null);
    expect(refusal(withPaths(...table, classes))).toBe(null);
    for (const partition of ['shards', 'dirichlet', 'dirichlet-equal']) {
      expect(refusal(withPaths(...table, linear, ['partition', partition]))).toMatch(/deals by class/);
      expect(refusal(withPaths(...table, classes, ['partition', partition]))).toBe(null);
    }
    for (const partition of ['contiguous', 'sorted', 'quantity:0.5']) {
      expect(refusal(withPaths(...table, linear, ['partition', partition]))).toBe(null);
    }
  });

  it('has every entry described', () => {
    for (const name of FAMILY_NAMES) {
      const ids = FAMILIES[name].map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { label, description } of FAMILIES[name]) expect(label && description).not.toBe('');
    }
  });
});

const CONDITIONS: Readonly<Record<string, string>> = {
  compute: '20ms,jitter=10%',
  straggler: '0:2x,3:10x',
  link: 'bandwidth=10mbit,latency=50ms,loss=1%',
};

describe('the address', () => {
  it('is empty for the defaults', () => {
    expect(urlOf(DEFAULT_RECIPE)).toBe('');
    expect(at('/')).toEqual({ recipe: DEFAULT_RECIPE, local: DEFAULT_LOCAL, errors: [] });
  });

  it('round-trips every recipe', () => {
    const choice = fc.constantFrom(
      ...FAMILY_NAMES.flatMap((name) => FAMILIES[name].map(({ id }) => [name, id] as const)),
    );
    const scalar = fc.constantFrom(...Object.entries(SCALARS)).chain(([name, spec]) =>
      spec.kind === 'choice'
        ? fc.constantFrom(...spec.choices).map((value) => [name, value] as const)
        : spec.kind === 'text'
          ? fc.constant([name, CONDITIONS[name] ?? ''] as const)
          : // Whole numbers are numbers, too; a bound may be a fraction.
            fc
              .integer({ min: Math.ceil(spec.min), max: Math.floor(Math.min(spec.max, 1000)) })
              .map((value) => [name, String(value)] as const),
    );
    const extras = fc.subarray([
      ['compressor.ratio', '0.02'],
      ['algorithm.eta', '0.25'],
      ['model.hidden', '32,16'],
      ['model.hidden', ''],
      ['model.bias', 'true'],
      ['batch', 'full'],
      ['clip', 'off'],
      ['clip', '0.25'],
      ['optimizer.momentum', '0.5'],
      ['optimizer.weightDecay', '0.001'],
      ['schedule', 'cosine'],
      ['schedule.warmupRounds', '20'],
      ['schedule.linearScaling', 'true'],
      ['dataset', 'csv:C:\\my data & more.csv'],
      ['dataset.columns', 'a,b\\,c,colour=red'],
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
        expect(read).toEqual({ recipe, local, errors: [] });
      }),
    );
  });

  it('says what it cut, could not show, or was given twice', () => {
    const errors = (query: string) => at(`/?${query}`).errors;
    expect(errors(`name=${'x'.repeat(30)}`)).toEqual([
      `name is longer than 24 characters; it is cut to "${'x'.repeat(24)}".`,
    ]);
    expect(at(`/?name=${encodeURIComponent(`${'x'.repeat(23)}😀`)}`).local.name).toBe('x'.repeat(23));
    expect(errors('theme=pink')[0]).toContain('theme: "pink" is not allowed');
    expect(errors('view=wall')[0]).toContain('view: "wall" is not allowed');
    expect(errors('theme=dark&view=projector')).toEqual([]);
    const twice = at('/?lr=0.2&lr=0.3&workers=2&workers=3');
    expect([twice.recipe.lr, twice.local.workers]).toEqual([0.3, 3]);
    expect(twice.errors).toEqual([
      'lr is given 2 times; the last, "0.3", counts.',
      'workers is given 2 times; the last, "3", counts.',
    ]);
    expect(errors('lr=0.2&lr=0.2')).toEqual([]);
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
