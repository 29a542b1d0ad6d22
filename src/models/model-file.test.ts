/** Models to files and back: bit for bit, and no file of another layout, whatever its bytes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packLayout } from './layout.ts';
import { decodeModel, encodeModel, ModelFileError } from './model-file.ts';
import { SafetensorsError } from './safetensors.ts';

const shapes = fc.array(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 4,
});
const layoutFor = (given: readonly (readonly number[])[]) =>
  packLayout(given.map((shape, at) => [`layers.${at}`, shape] as const));
const LAYOUT = layoutFor([[2, 3], [2]]);
const PARAMETERS = Float32Array.of(1, -2, 0.5, 3, 4, 5, -0, 7);

describe('a model file', () => {
  it('comes back as it went, with its metadata', () => {
    fc.assert(
      fc.property(shapes, fc.integer(), (given, salt) => {
        const layout = layoutFor(given);
        const parameters = Float32Array.from({ length: layout.length }, (_, k) => Math.sin(k * 7 + salt));
        const back = decodeModel(encodeModel(layout, parameters, { recipe: `${salt}` }), layout);
        expect(back.parameters).toEqual(parameters);
        expect(back.metadata).toEqual({ recipe: `${salt}` });
      }),
    );
  });

  it('of another layout is refused with the reason', () => {
    const bytes = encodeModel(LAYOUT, PARAMETERS, {});
    const into = (layout: ReturnType<typeof layoutFor>) => () => decodeModel(bytes, layout);
    expect(into(layoutFor([[3, 2], [2]]))).toThrow(/"layers.0" is \[2, 3\], here it is \[3, 2\]/);
    expect(into(layoutFor([[2, 3], [2], [1]]))).toThrow(/no tensor "layers.2"/);
    expect(into(layoutFor([[2, 3]]))).toThrow(/"layers.1" besides/);
  });

  it('with numbers that are not finite is refused', () => {
    const wild = PARAMETERS.slice();
    wild[7] = Number.NaN;
    expect(() => decodeModel(encodeModel(LAYOUT, wild, {}), LAYOUT)).toThrow(/"layers.1".*infinite/);
  });

  it('of any bytes gives finite parameters or a named error', () => {
    const good = encodeModel(LAYOUT, PARAMETERS, { a: 'b' });
    const edits = fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(edits, fc.nat(good.length), (changes, length) => {
        const bytes = good.slice(0, length);
        for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
        try {
          expect(decodeModel(bytes, LAYOUT).parameters.every(Number.isFinite)).toBe(true);
        } catch (error) {
          expect(error instanceof ModelFileError || error instanceof SafetensorsError).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
