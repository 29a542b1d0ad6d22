/** Linear combinations, distances and sketches against naive formulas, in both precisions. */
import { describe, expect, it } from 'vitest';
import { sketchShift, sketchSign } from '../../math/sketch-hash.ts';
import { benches, load, normals } from './testing.ts';

const LENGTHS = [1, 2, 3, 4, 5, 31, 511, 512, 513, 1031];

describe.each(benches())('$name precision', ({ compute, tolerance, read }) => {
  it.each(LENGTHS)('adds up to five terms of %i entries, in place too', async (n) => {
    for (let terms = 0; terms <= 5; terms++) {
      const values = Array.from({ length: terms }, (_, t) => normals(n, 10 * n + t));
      const coefficients = values.map((_, t) => 0.75 - t / 2);
      const vectors = values.map((value) => load(compute, value));
      const dest = vectors[terms - 1] ?? load(compute, normals(n, 3));
      compute.linear(
        dest,
        vectors.map((vector, t) => [coefficients[t] ?? 0, vector]),
      );
      const result = await read(dest);
      for (let k = 0; k < n; k++) {
        let sum = 0;
        let size = 0;
        values.forEach((value, t) => {
          const term = (coefficients[t] ?? 0) * (value[k] ?? 0);
          sum += term;
          size += Math.abs(term);
        });
        expect(Math.abs((result[k] ?? Number.NaN) - sum)).toBeLessThanOrEqual(tolerance * size);
      }
    }
  });

  it.each(LENGTHS)('measures squared distances and norms of %i entries', async (n) => {
    const a = normals(n, n);
    const b = normals(n, n + 1);
    const out = load(compute, Float32Array.of(7, 7, 7));
    const left = load(compute, a);
    compute.squaredDistance(left, load(compute, b), out, 1);
    compute.squaredDistance(left, null, out, 2);
    const [untouched, distance = Number.NaN, norm = Number.NaN] = await read(out);
    const expectedDistance = a.reduce((sum, value, k) => sum + (value - (b[k] ?? 0)) ** 2, 0);
    const expectedNorm = a.reduce((sum, value) => sum + value ** 2, 0);
    expect(untouched).toBe(7);
    expect(Math.abs(distance - expectedDistance)).toBeLessThanOrEqual(tolerance * expectedDistance);
    expect(Math.abs(norm - expectedNorm)).toBeLessThanOrEqual(tolerance * expectedNorm);
  });

  it.each([
    [1, 1],
    [10, 16],
    [1031, 64],
    [700, 7],
  ])('sketches %i entries into %i buckets by the hash', async (n, buckets) => {
    const values = normals(n, 5);
    const expected = new Float64Array(buckets);
    values.forEach((value, i) => {
      const bucket = (i + sketchShift(9, Math.floor(i / buckets), buckets)) % buckets;
      expected[bucket] = (expected[bucket] ?? 0) + sketchSign(9, i) * value;
    });
    const out = load(compute, new Float32Array(buckets).fill(3));
    compute.sketch(load(compute, values), 9, out);
    const result = await read(out);
    const size = values.reduce((sum, value) => sum + Math.abs(value), 0);
    result.forEach((value, bucket) => {
      expect(Math.abs(value - (expected[bucket] ?? Number.NaN))).toBeLessThanOrEqual(tolerance * size);
    });
  });
});

it('estimates a squared norm without bias: mean over 2000 seeds within five standard errors', async () => {
  const [bench] = benches();
  if (bench === undefined) throw new Error('no bench');
  const { compute, read } = bench;
  const values = normals(300, 11);
  const norm = values.reduce((sum, value) => sum + value ** 2, 0);
  const source = load(compute, values);
  const out = compute.vector(64);
  const estimates = load(compute, new Float32Array(2000));
  for (let seed = 0; seed < 2000; seed++) {
    compute.sketch(source, seed, out);
    compute.squaredDistance(out, null, estimates, seed);
  }
  const found = await read(estimates);
  const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
  const variance = found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (found.length - 1);
  expect(Math.abs(mean - norm)).toBeLessThan(5 * Math.sqrt(variance / found.length));
  // A count sketch of k buckets estimates with a relative deviation of about sqrt(2 / k).
  expect(Math.sqrt(variance) / norm).toBeLessThan(1.5 * Math.sqrt(2 / 64));
});
