/** Runs and chunks of vectors against naive formulas, in every precision. */
import { describe, expect, it } from 'vitest';
import { benches, load, normals } from './testing.ts';

const LENGTHS = [1, 2, 3, 4, 5, 63, 64, 257, 1031];

/** Chunks of unequal lengths, empty ones among them. */
function chunksOf(length: number): number[] {
  const third = Math.floor(length / 3);
  return [0, 0, third, third, Math.min(length, third + 1), length];
}

describe.each(benches())('$name precision', ({ compute, tolerance, read }) => {
  const { slices } = compute;

  it.each(LENGTHS)('copies and adds runs of %i entries, and touches no others', async (n) => {
    for (const [destOffset, sourceOffset] of [
      [0, 0],
      [3, 1],
      [4, 8],
    ] as const) {
      const source = normals(n + sourceOffset + 2, n);
      const old = normals(n + destOffset + 5, n + 1);
      const from = load(compute, source);
      const copied = load(compute, old);
      const added = load(compute, old);
      slices.copy(copied, destOffset, from, sourceOffset, n);
      slices.add(added, destOffset, from, sourceOffset, n, -0.75);
      const copy = await read(copied);
      const sum = await read(added);
      old.forEach((value, k) => {
        const inside = k >= destOffset && k < destOffset + n;
        const other = source[sourceOffset + k - destOffset] ?? Number.NaN;
        expect(copy[k]).toBe(inside ? other : value);
        const expected = inside ? value - 0.75 * other : value;
        const size = Math.abs(value) + Math.abs(0.75 * (inside ? other : 0));
        expect(Math.abs((sum[k] ?? Number.NaN) - expected)).toBeLessThanOrEqual(tolerance * size);
      });
    }
  });

  it.each(LENGTHS)('measures the chunks of %i entries', async (n) => {
    const values = normals(n, n);
    const bounds = chunksOf(n);
    const chunks = bounds.length - 1;
    for (const kind of ['sum-abs', 'sum-squares'] as const) {
      const out = load(compute, new Float32Array(chunks + 2).fill(7));
      slices.chunkNorms(load(compute, values), bounds, kind, out, 1);
      const found = await read(out);
      expect([found[0], found[chunks + 1]]).toEqual([7, 7]);
      for (let c = 0; c < chunks; c++) {
        const expected = values
          .subarray(bounds[c], bounds[c + 1])
          .reduce((sum, value) => sum + (kind === 'sum-abs' ? Math.abs(value) : value * value), 0);
        expect(Math.abs((found[c + 1] ?? Number.NaN) - expected)).toBeLessThanOrEqual(tolerance * expected);
      }
    }
  });

  it.each(LENGTHS)('scales the chunks of %i entries, in place too', async (n) => {
    const values = normals(n, n);
    const old = normals(n, n + 1);
    const bounds = chunksOf(n);
    const factors = [9, 0.5, 9, -2, 0.1];
    for (const mode of ['set', 'add'] as const) {
      for (const own of [false, true]) {
        const dest = load(compute, own ? values : old);
        slices.addScaledChunks(dest, own ? dest : load(compute, values), bounds, factors, mode);
        const found = await read(dest);
        for (let k = 0; k < n; k++) {
          const chunk = bounds.findLastIndex((bound) => bound <= k);
          const term = (factors[chunk] ?? Number.NaN) * (values[k] ?? Number.NaN);
          const base = mode === 'set' ? 0 : ((own ? values : old)[k] ?? Number.NaN);
          const size = Math.abs(base) + Math.abs(term);
          expect(Math.abs((found[k] ?? Number.NaN) - (base + term))).toBeLessThanOrEqual(tolerance * size);
        }
      }
    }
  });

  it('lets NaN and infinity through, each in its chunk', async () => {
    const values = Float32Array.of(1, Number.NaN, 2, Number.NEGATIVE_INFINITY, 3, 4);
    const source = load(compute, values);
    const out = compute.vector(3);
    for (const kind of ['sum-abs', 'sum-squares'] as const) {
      slices.chunkNorms(source, [0, 2, 4, 6], kind, out, 0);
      expect([...(await read(out))]).toEqual([
        Number.NaN,
        Number.POSITIVE_INFINITY,
        kind === 'sum-abs' ? 7 : 25,
      ]);
    }
    const dest = compute.vector(6);
    slices.addScaledChunks(dest, source, [0, 3, 6], [2, -1], 'add');
    expect([...(await read(dest))]).toEqual([2, Number.NaN, 4, Number.POSITIVE_INFINITY, -3, -4]);
  });

  it('refuses what does not fit', () => {
    const four = compute.vector(4);
    const six = compute.vector(6);
    expect(() => slices.copy(four, 2, six, 0, 3)).toThrow(RangeError);
    expect(() => slices.copy(four, 0, six, 4, 3)).toThrow(RangeError);
    expect(() => slices.copy(four, 0, six, -1, 3)).toThrow(RangeError);
    expect(() => slices.copy(four, 0, four, 2, 2)).toThrow(RangeError);
    expect(() => slices.add(six, 0, six, 3, 3, 1)).toThrow(RangeError);
    expect(() => slices.chunkNorms(six, [0, 3, 5], 'sum-abs', four, 0)).toThrow(RangeError);
    expect(() => slices.chunkNorms(six, [0, 3, 6], 'sum-abs', four, 3)).toThrow(RangeError);
    expect(() => slices.chunkNorms(six, [0, 6], 'sum-abs', six, 0)).toThrow(RangeError);
    expect(() => slices.addScaledChunks(six, four, [0, 6], [1], 'set')).toThrow(RangeError);
    expect(() => slices.addScaledChunks(six, six, [0, 3, 6], [1], 'set')).toThrow(RangeError);
  });
});
