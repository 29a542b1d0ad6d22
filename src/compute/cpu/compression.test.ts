/** Chunk means, sign bits, exact top-k and scatter against naive formulas, bit for bit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCpuCompute } from './index.ts';
import { benches, load, normals } from './testing.ts';

const RUN = { seed: 20_240_607, numRuns: 300 };
const compute = createCpuCompute();

const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
const floatOf = (bits: number) => new Float32Array(Uint32Array.of(bits).buffer)[0] ?? Number.NaN;

/** Any f32 bit pattern, NaN included, with few distinct magnitudes now and then so that ties are common. */
const patterns = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 1, maxLength: 200 }),
  fc.array(fc.constantFrom(0, 0x80000000, 0x3f800000, 0xbf800000, 0x3f800001, 1, 0x7f800000, 0xffc00000), {
    minLength: 1,
    maxLength: 200,
  }),
);

/** Indices by falling magnitude bits, then rising index; the first k of them in index order. */
function naiveTopK(bits: readonly number[], k: number): number[] {
  const magnitude = (i: number) => (bits[i] ?? 0) & 0x7fffffff;
  return bits
    .map((_, i) => i)
    .sort((a, b) => magnitude(b) - magnitude(a) || a - b)
    .slice(0, k)
    .sort((a, b) => a - b);
}

describe('top-k', () => {
  const find = async (bits: readonly number[], k: number) => {
    const source = compute.vector(bits.length);
    compute.upload(source, new Float32Array(Uint32Array.from(bits).buffer));
    return [...(await compute.topK(source, k))];
  };

  it('agrees with a sort on any bit patterns, ties and NaN included', async () => {
    await fc.assert(
      fc.asyncProperty(patterns, fc.double({ min: 0, max: 1, noNaN: true }), async (bits, share) => {
        const k = Math.max(1, Math.floor(share * bits.length));
        const indices = naiveTopK(bits, k);
        expect(await find(bits, k)).toEqual([...indices, ...indices.map((i) => bits[i] ?? 0)]);
      }),
      RUN,
    );
  });

  it.each([1, 1000, 99_999, 100_000])('agrees with a sort for k = %i of 100,000', async (k) => {
    const bits = [...new Uint32Array(normals(100_000, 4).buffer)];
    const indices = naiveTopK(bits, k);
    expect((await find(bits, k)).slice(0, k)).toEqual(indices);
  });

  it('takes nothing for k = 0 and refuses k beyond the vector', async () => {
    const source = compute.vector(3);
    expect(await compute.topK(source, 0)).toEqual(new Uint32Array(0));
    await expect(compute.topK(source, 4)).rejects.toThrow(RangeError);
  });
});

describe('sign bits', () => {
  it.each([1, 31, 32, 33, 64, 1031])('packs v >= 0 of %i entries, LSB first', async (n) => {
    const values = normals(n, n);
    values[0] = -0;
    if (n > 5) values.set([0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 1);
    const words = compute.words(Math.ceil(n / 32) + 3);
    compute.uploadWords(words, new Uint32Array(words.length).fill(0xdeadbeef));
    compute.signPack(load(compute, values), words, 2);
    const packed = await compute.readWords(words);
    const expected = new Uint32Array(Math.ceil(n / 32));
    values.forEach((value, k) => {
      if (value >= 0) expected[k >> 5] = ((expected[k >> 5] ?? 0) | (1 << (k & 31))) >>> 0;
    });
    expect([...packed]).toEqual([0xdeadbeef, 0xdeadbeef, ...expected, 0xdeadbeef]);
  });

  it.each(['set', 'add'] as const)('unpacks with the scale of each chunk (%s)', async (mode) => {
    const n = 77;
    const bounds = [0, 1, 1, 40, 77];
    const scales = [0.5, 9, 1.25, 3];
    const values = normals(n, 8);
    const before = normals(n, 9);
    const words = compute.words(4 + Math.ceil(n / 32));
    compute.uploadWords(words, new Uint32Array(Float32Array.from(scales).buffer));
    compute.signPack(load(compute, values), words, 4);
    const dest = load(compute, before);
    compute.signUnpack(words, bounds, 4, dest, 0.1, mode);
    const result = await compute.read(dest);
    for (let k = 0; k < n; k++) {
      const scale = k < 1 ? 0.5 : k < 40 ? 1.25 : 3;
      const value = Math.fround(Math.fround(0.1) * scale) * ((values[k] ?? 0) >= 0 ? 1 : -1);
      expect(result[k]).toBe(mode === 'set' ? value : Math.fround((before[k] ?? 0) + value));
    }
  });
});

describe.each(benches())('$name precision', (bench) => {
  it('takes the mean magnitude of every chunk, 0 of an empty one, from an offset', async () => {
    const values = normals(1000, 2);
    const bounds = [0, 1, 1, 500, 999, 1000];
    const out = bench.compute.words(7);
    bench.compute.chunkMeans(load(bench.compute, values), bounds, out, 2);
    const words = await bench.compute.readWords(out);
    expect(words.slice(0, 2)).toEqual(Uint32Array.of(0, 0));
    for (let c = 0; c < 5; c++) {
      const chunk = values.subarray(bounds[c], bounds[c + 1]);
      const mean = chunk.length === 0 ? 0 : chunk.reduce((sum, v) => sum + Math.abs(v), 0) / chunk.length;
      expect(words[2 + c]).toBe(bitsOf(mean));
    }
  });

  it('selects and scatters values as f32', async () => {
    const source = load(bench.compute, Float32Array.of(0.1, -5, 0.3, 4, -0.2));
    const words = bench.compute.words(4);
    bench.compute.uploadWords(words, await bench.compute.topK(source, 2));
    const added = load(bench.compute, new Float32Array(5).fill(1));
    bench.compute.scatter(words, 2, added, 0.5, 'add');
    expect(await bench.read(added)).toEqual([1, -1.5, 1, 3, 1]);
    bench.compute.scatter(words, 2, added, 1, 'set');
    expect(await bench.read(added)).toEqual([0, -5, 0, 4, 0]);
  });
});

it('scatters by weight rounded to f32 and ignores indices beyond the vector', async () => {
  const words = compute.words(4);
  compute.uploadWords(words, Uint32Array.of(1, 9, bitsOf(0.3), bitsOf(1)));
  const dest = load(compute, new Float32Array(3));
  compute.scatter(words, 2, dest, 0.7, 'set');
  const expected = Math.fround(Math.fround(0.7) * floatOf(bitsOf(0.3)));
  expect([...(await compute.read(dest))]).toEqual([0, expected, 0]);
});
