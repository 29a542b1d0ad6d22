/** Negative controls: which refusals a recipe may overrule, by which code, and which it may not. */
import { describe, expect, it } from 'vitest';
import { ALGORITHMS } from '../algorithms/index.ts';
import { CONTROL_CODES, type CONTROLS } from '../algorithms/refusal.ts';
import { OptionError } from '../base/options.ts';
import { COMPRESSORS } from '../compressors/index.ts';
import { asControl, caution, controlsIn, refusal, refusalOf } from './legality.ts';
import { buildRecipe, parseRecipe, sameRun, setPath } from './schema.ts';
import { recipeFromUrl, urlOf } from './url.ts';

const N = 8;
const everything = CONTROL_CODES.join(',');
/** A configuration for each code that it refuses and nothing else does. */
const REFUSED: Readonly<Record<keyof typeof CONTROLS, Record<string, unknown>>> = {
  'whole-numbers': { algorithm: { id: 'd-psgd' }, compressor: { id: 'one-bit' } },
  contraction: { algorithm: { id: 'choco-sgd' }, compressor: { id: 'ternary' } },
  'bounded-error': {
    algorithm: { id: 'double-squeeze' },
    compressor: { id: 'one-bit', options: { scale: 'none' } },
  },
  unbiased: { algorithm: { id: 'qsgd' }, compressor: { id: 'top-k' } },
  'no-feedback': { algorithm: { id: 'power-sgd', options: { errorFeedback: 'off' } } },
  'fine-steps': { algorithm: { id: 'byte-grad' }, compressor: { id: 'one-bit' } },
  'doubly-stochastic': {
    algorithm: { id: 'd-psgd' },
    topology: { id: 'star', options: { weights: 'uniform' } },
  },
  'd2-spectrum': {
    algorithm: { id: 'd2', options: { mixing: 'metropolis' } },
    topology: { id: 'hypercube' },
  },
  'gradient-averaging': { algorithm: { id: 'rps', options: { average: 'gradients' } } },
};

describe('a refusal that is about mathematics', () => {
  it.each(Object.entries(REFUSED))(
    '%s: stands by default, and does not count if it is allowed',
    (code, parts) => {
      const recipe = buildRecipe(parts);
      expect(refusalOf(recipe, N)).toMatchObject({ kind: 'unsound', control: code });
      const other = CONTROL_CODES.find((each) => each !== code);
      expect(refusal(buildRecipe({ ...parts, allow: other }), N)).toBe(refusal(recipe, N));
      const allowed = buildRecipe({ ...parts, allow: code });
      expect(refusal(allowed, N)).toBeNull();
      expect(asControl(recipe, N)).toEqual(allowed);
      expect(controlsIn(allowed, N).map(({ control }) => control)).toEqual([code]);
      expect(caution(allowed, N)).toContain(`A negative control (${code}): ${refusal(recipe, N)}`);
    },
  );

  it('is in nobody’s way where there is none', () => {
    const recipe = buildRecipe({ allow: everything });
    expect(controlsIn(recipe, N)).toEqual([]);
    expect(caution(recipe, N)).toBeNull();
  });

  it('may be one of several', () => {
    const parts = { ...REFUSED['doubly-stochastic'], compressor: { id: 'top-k' } };
    expect(asControl(buildRecipe(parts), N)?.allow).toBe('whole-numbers,doubly-stochastic');
  });
});

describe('a refusal of what could not run', () => {
  it('stands over the lossy lane, where a packet of a sparse message says nothing', () => {
    const algorithm = { id: 'rps', options: { lane: 'lossy' } };
    const recipe = buildRecipe({ algorithm, compressor: { id: 'top-k' }, allow: everything });
    expect(refusalOf(recipe, N)).toMatchObject({ kind: 'impossible' });
  });

  it('stands whatever is allowed, for every algorithm with every compressor on every kind of graph', () => {
    const topologies = ['ring', 'star', 'complete', 'exponential', 'random-matching'];
    let [impossible, unsound] = [0, 0];
    for (const { id } of ALGORITHMS) {
      for (const compressor of COMPRESSORS) {
        for (const topology of topologies) {
          const parts = { algorithm: { id }, compressor: { id: compressor.id }, topology: { id: topology } };
          const refused = refusalOf(buildRecipe(parts), N);
          const even = refusalOf(buildRecipe({ ...parts, allow: everything }), N);
          // Where one of several is impossible it remains, or was said in the first place.
          if (even !== null) expect(even.kind).toBe('impossible');
          if (refused?.kind === 'impossible') expect(even).toEqual(refused);
          expect(asControl(buildRecipe(parts), N) === null).toBe(even !== null);
          impossible += even === null ? 0 : 1;
          unsound += refused !== null && even === null ? 1 : 0;
        }
      }
    }
    expect(impossible).toBeGreaterThan(500);
    expect(unsound).toBeGreaterThan(500);
  });
});

describe('what a recipe allows', () => {
  it('is part of it: in its text, its hash, its address', () => {
    const recipe = buildRecipe({ allow: ' d2-spectrum ,unbiased,d2-spectrum' });
    expect(recipe.allow).toBe('unbiased,d2-spectrum');
    expect(parseRecipe(JSON.stringify(recipe))).toEqual(recipe);
    expect(urlOf(recipe)).toBe('?allow=unbiased,d2-spectrum');
    expect(recipeFromUrl(new URL('http://lab/?allow=unbiased,d2-spectrum'))).toMatchObject({
      recipe,
      errors: [],
    });
    expect(sameRun(recipe, buildRecipe({}))).toBe(false);
  });

  it('is one of the known codes', () => {
    expect(() => setPath({}, 'allow', 'd2-spektrum')).toThrow(OptionError);
    expect(() => buildRecipe({ allow: 'unbiased,,' })).toThrow(/whole-numbers, contraction/);
    const { recipe, errors } = recipeFromUrl(new URL('http://lab/?allow=anything'));
    expect(recipe.allow).toBe('');
    expect(errors).toEqual([expect.stringContaining('d2-spectrum')]);
  });
});
