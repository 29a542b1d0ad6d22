/** Gather and the two threshold selections against their rules, written down as naively as possible. */
import { describe, expect, it } from 'vitest';
import { benches, load, normals } from './testing.ts';

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** The rule of MSTopK, step by step: indices chosen, or null where it falls back to the exact top-k. */
function naiveApproximate(v: Float32Array, k: number, draw: number): number[] | null {
  const a = v.map(Math.abs);
  const d = a.length;
  const u = a.reduce((most, value) => Math.max(most, value), 0);
  const mean = Math.min(u, Math.fround(a.reduce((sum, value) => sum + value, 0) / d));
  const reaching = (threshold: number) => a.filter((value) => value >= threshold).length;
  if (k > reaching(mean)) return null;
  let [l, r, k1, k2, t1, t2] = [0, 1, 0, d, Number.POSITIVE_INFINITY, 0];
  for (let step = 0; step < 30; step++) {
    const share = (l + r) / 2;
    const t = Math.fround(mean + Math.fround(Math.fround(share) * Math.fround(u - mean)));
    const c = reaching(t);
    if (c <= k) {
      r = share;
      if (c > k1) [k1, t1] = [c, t];
    } else {
      l = share;
      if (c < k2) [k2, t2] = [c, t];
    }
  }
  const indices = [...a.keys()];
  const sure = indices.filter((i) => (a[i] ?? 0) >= t1);
  const band = indices.filter((i) => (a[i] ?? 0) < t1 && (a[i] ?? 0) >= t2);
  const start = Number((BigInt(draw) * BigInt(band.length - (k - k1) + 1)) >> 32n);
  return [...sure, ...band.slice(start, start + k - k1)].sort((x, y) => x - y);
}

function naiveExact(v: Float32Array, k: number): number[] {
  const magnitude = (i: number) => (bitsOf(v)[i] ?? 0) & 0x7fffffff;
  return [...v.keys()]
    .sort((a, b) => magnitude(b) - magnitude(a) || a - b)
    .slice(0, k)
    .sort((a, b) => a - b);
}

/** The rule of Gaussian-k, step by step. */
function naiveThreshold(v: Float32Array, k: number, z: number): number[] {
  const d = v.length;
  const mean = v.reduce((sum, value) => sum + value, 0) / d;
  const deviation = Math.sqrt(v.reduce((sum, value) => sum + (value - mean) ** 2, 0) / d);
  const kept = (threshold: number) => [...v.keys()].filter((i) => Math.abs(v[i] ?? 0) >= threshold);
  let t = Math.abs(mean) + Math.fround(z) * deviation;
  let chosen = kept(t);
  let n = chosen.length;
  for (let correction = 0; correction < 3 && (n < (2 * k) / 3 || n > (4 * k) / 3); correction++) {
    t *= n < (2 * k) / 3 ? 0.5 : 1.5;
    n = kept(t).length;
    if (n > 0) chosen = kept(t);
  }
  return chosen.slice(0, k);
}

const SOURCES: readonly (readonly [string, (length: number) => Float32Array])[] = [
  ['normal', (length) => normals(length, length)],
  ['heavy-tailed', (length) => normals(length, 3).map((value) => value ** 7)],
  ['tied', (length) => normals(length, 4).map((value) => Math.round(value))],
  ['mostly zero', (length) => normals(length, 5).map((value, k) => (k % 9 === 0 ? value : 0))],
  ['constant', (length) => new Float32Array(length).fill(-0.1)],
  ['zero', (length) => new Float32Array(length)],
  [
    'one large',
    (length) => new Float32Array(length).fill(0.01).map((value, k) => (k === length >> 1 ? 9 : value)),
  ],
  ['huge', (length) => normals(length, 6).map((value) => 3e38 * Math.tanh(value))],
  ['tiny', (length) => normals(length, 7).map((value) => 1e-36 * value)],
  ['shifted', (length) => normals(length, 8).map((value) => value - 5)],
];
const LENGTHS = [1, 2, 7, 64, 997];
const shares = (length: number) =>
  new Set([1, Math.ceil(length / 100), Math.ceil(length / 10), Math.ceil(length / 3), length]);
const DRAWS = [0, 0x7fffffff, 0xffffffff];

/** A message's words as pairs of index and value bits. */
function expectPairs(words: readonly number[], indices: readonly number[], source: Float32Array): void {
  expect(words).toEqual([...indices, ...indices.map((i) => bitsOf(source)[i] ?? 0)]);
}

describe.each(benches())('sparsification in $name precision', ({ compute }) => {
  it.each(SOURCES)('bisects to the thresholds of MSTopK: %s', async (_, make) => {
    for (const length of LENGTHS) {
      const values = make(length);
      const source = load(compute, values);
      for (const k of shares(length)) {
        const out = compute.words(2 * k);
        for (const draw of DRAWS) {
          compute.sparsification.approximateTopK(source, k, draw, out);
          const expected = naiveApproximate(values, k, draw) ?? naiveExact(values, k);
          expectPairs([...(await compute.readWords(out))], expected, values);
        }
      }
    }
  });

  it.each(SOURCES)('corrects the threshold of a normal sample: %s', async (_, make) => {
    for (const length of LENGTHS) {
      const values = make(length);
      const source = load(compute, values);
      for (const k of shares(length)) {
        for (const z of [0, 0.7, 2.6, 5]) {
          const out = compute.words(2 * k + 1);
          compute.sparsification.thresholdTopK(source, k, z, out);
          const [count = 0, ...words] = await compute.readWords(out);
          const expected = naiveThreshold(values, k, z);
          expect(count).toBe(expected.length);
          expect(count).toBeGreaterThan(0);
          expectPairs(words.slice(0, 2 * count), expected, values);
        }
      }
    }
  });

  it('sends what is not finite', async () => {
    for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const values = normals(300, 9);
      values[200] = bad;
      const source = load(compute, values);
      const [approximate, threshold] = [compute.words(6), compute.words(7)];
      compute.sparsification.approximateTopK(source, 3, 1, approximate);
      compute.sparsification.thresholdTopK(source, 3, 2.5, threshold);
      expectPairs([...(await compute.readWords(approximate))], naiveExact(values, 3), values);
      expect([...(await compute.readWords(threshold, 3))]).toEqual([1, 200, bitsOf(values)[200]]);
    }
  });

  it('gathers what indices name, times a factor', async () => {
    const values = Float32Array.of(1, -0, 3, Number.NaN, 5);
    const source = load(compute, values);
    const [indices, out] = [compute.words(4), compute.words(4)];
    compute.uploadWords(indices, Uint32Array.of(4, 1, 9, 0));
    compute.sparsification.gather(source, indices, 4, 1, out);
    expect([...(await compute.readWords(out))]).toEqual([...bitsOf(Float32Array.of(5, -0, 0, 1))]);
    compute.sparsification.gather(source, indices, 3, -0.3, out);
    const scaled = Float32Array.of(Math.fround(-0.3) * 5, 0, 0, 1);
    expect([...(await compute.readWords(out))]).toEqual([...bitsOf(scaled)]);
    expect(() => compute.sparsification.gather(source, indices, 5, 1, out)).toThrow(RangeError);
  });

  it('refuses more entries than there are', () => {
    const source = load(compute, normals(5, 1));
    const out = compute.words(20);
    expect(() => compute.sparsification.approximateTopK(source, 6, 0, out)).toThrow(RangeError);
    expect(() => compute.sparsification.thresholdTopK(source, 6, 1, out)).toThrow(RangeError);
  });
});
