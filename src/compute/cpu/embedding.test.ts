/** Token windows, embeddings and their gradients against formulas written out. */
import { describe, expect, it } from 'vitest';
import { benches, load, normals } from './testing.ts';

const SHAPES = [
  { windows: 1, context: 1, vocabulary: 1, width: 1 },
  { windows: 2, context: 3, vocabulary: 5, width: 4 },
  { windows: 3, context: 7, vocabulary: 4, width: 5 },
];
const at = (values: ArrayLike<number>, i: number) => values[i] ?? Number.NaN;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe.each(benches())('$name precision', ({ compute, read, tolerance }) => {
  const wordsOf = (values: readonly number[]) => {
    const words = compute.words(values.length);
    compute.uploadWords(words, Uint32Array.from(values));
    return words;
  };

  it('gathers windows and the same shifted by one', async () => {
    const features = Uint8Array.of(0, 1, 2, 3, 4, 9, 6, 7);
    const labels = new Uint8Array(2);
    const data = compute.dataset({ rows: 2, width: 4, classes: 9, scale: 1, features, labels });
    const [inputs, targets] = [compute.words(9), compute.words(9)];
    compute.embedding.gatherTokens(data, Uint32Array.of(1, 0, 1), 8, inputs, targets);
    expect([...(await compute.readWords(inputs))]).toEqual([4, 7, 6, 0, 1, 2, 4, 7, 6]);
    expect([...(await compute.readWords(targets))]).toEqual([7, 6, 7, 1, 2, 3, 7, 6, 7]);
    expect(() => compute.embedding.gatherTokens(data, Uint32Array.of(2), 8, inputs, targets)).toThrow(
      RangeError,
    );
    const numbers = compute.dataset({
      rows: 1,
      width: 4,
      classes: 1,
      scale: 1,
      features: new Float32Array(4),
      labels: new Uint8Array(1),
    });
    expect(() => compute.embedding.gatherTokens(numbers, Uint32Array.of(0), 8, inputs, targets)).toThrow(
      'bytes',
    );
  });

  it.each(SHAPES)('adds the rows of token and place: %j', async (shape) => {
    const { windows, context, vocabulary, width } = shape;
    const places = windows * context;
    const tokens = range(places).map((n) => (n * 7 + 3) % (vocabulary + 1));
    const p = normals(2 + (vocabulary + context) * width, 1);
    const held = load(compute, p);
    const out = load(compute, new Float32Array(places * width + 1).fill(7));
    const positionsAt = 2 + vocabulary * width;
    const table = { vector: held, offset: 2 };
    compute.embedding.embed(shape, wordsOf(tokens), table, { vector: held, offset: positionsAt }, out);
    const found = await read(out);
    range(places * width).forEach((k) => {
      const n = Math.floor(k / width);
      const row = Math.min(at(tokens, n), vocabulary - 1);
      const expected =
        at(p, 2 + row * width + (k % width)) + at(p, positionsAt + (n % context) * width + (k % width));
      expect(Math.abs(at(found, k) - expected)).toBeLessThanOrEqual(tolerance * 4);
    });
    expect(found.at(-1)).toBe(7);
  });

  it.each(SHAPES)('sums the gradients of token and place: %j', async (shape) => {
    const { windows, context, vocabulary, width } = shape;
    const places = windows * context;
    const tokens = range(places).map((n) => (n * 7 + 3) % (vocabulary + 1));
    const dOut = normals(places * width, 2);
    const old = normals(3 + (vocabulary + context) * width, 3);
    const positionsAt = 2 + vocabulary * width;
    for (const mode of ['set', 'add'] as const) {
      const gradient = load(compute, old);
      const [dTable, dPositions] = [
        { vector: gradient, offset: 2 },
        { vector: gradient, offset: positionsAt },
      ];
      const delta = load(compute, dOut);
      compute.embedding.embedGradient(shape, wordsOf(tokens), delta, dTable, mode, dPositions);
      const expected = Array.from(old, (value, k) => {
        if (k < 2 || k === old.length - 1) return value;
        const isToken = k < positionsAt;
        const c = (k - 2) % width;
        const which = Math.floor((k - (isToken ? 2 : positionsAt)) / width);
        const terms = range(places)
          .filter((n) => which === (isToken ? Math.min(at(tokens, n), vocabulary - 1) : n % context))
          .map((n) => at(dOut, n * width + c));
        return terms.reduce((total, term) => total + term, isToken && mode === 'add' ? value : 0);
      });
      const found = await read(gradient);
      expected.forEach((value, k) => {
        expect(Math.abs(at(found, k) - value)).toBeLessThanOrEqual(tolerance * 10 * places);
      });
    }
  });

  it('refuses to overwrite what it reads', () => {
    const shape = { windows: 1, context: 2, vocabulary: 2, width: 2 };
    const v = compute.vector(8);
    const [low, high] = [
      { vector: v, offset: 0 },
      { vector: v, offset: 4 },
    ];
    const tokens = compute.words(2);
    expect(() => compute.embedding.embed(shape, tokens, low, high, v)).toThrow(RangeError);
    expect(() => compute.embedding.embedGradient(shape, tokens, v, low, 'set', high)).toThrow(RangeError);
  });
});
