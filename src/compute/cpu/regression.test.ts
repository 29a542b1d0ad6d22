/** Half the squared error against its formula, and gathering of numbers, bit for bit. */
import { describe, expect, it } from 'vitest';
import { createCpuCompute } from './index.ts';
import { benches, load, normals } from './testing.ts';

describe.each(benches())('squared error in $name precision', (bench) => {
  const { compute, tolerance } = bench;

  it.each([1, 2, 7, 64, 131])('adds up %i rows, and gives the gradient if it is wanted', async (batch) => {
    const predicted = normals(batch, 1);
    const wanted = normals(batch, 2);
    const predictions = load(compute, predicted);
    const targets = compute.words(batch + 1);
    compute.uploadWords(targets, new Uint32Array(wanted.buffer));
    const scale = 0.25;
    const delta = compute.vector(batch);
    const out = load(compute, Float32Array.of(9, 2, 9));
    compute.regression.squaredError(batch, predictions, targets, scale, delta, out, 1);
    const errors = Array.from(predicted, (value, b) => value - (wanted[b] ?? Number.NaN));
    const loss = errors.reduce((sum, error) => sum + (error * error) / 2, 0) * scale;
    const [before, total = Number.NaN, after] = await bench.read(out);
    expect([before, after]).toEqual([9, 9]);
    expect(Math.abs(total - (2 + loss))).toBeLessThanOrEqual(tolerance * (2 + loss));
    (await bench.read(delta)).forEach((value, b) => {
      expect(Math.abs(value - (errors[b] ?? Number.NaN) * scale)).toBeLessThanOrEqual(tolerance);
    });
    const again = compute.vector(1);
    compute.regression.squaredError(batch, predictions, targets, scale, null, again, 0);
    expect(Math.abs(((await bench.read(again))[0] ?? Number.NaN) - loss)).toBeLessThanOrEqual(
      tolerance * (1 + loss),
    );
  });

  it('refuses arrays that are too short', () => {
    const three = compute.vector(3);
    const words = compute.words(3);
    const two = compute.vector(2);
    const { regression } = compute;
    expect(() => regression.squaredError(3, two, words, 1, null, three, 0)).toThrow(RangeError);
    expect(() => regression.squaredError(3, three, compute.words(2), 1, null, two, 0)).toThrow(RangeError);
    expect(() => regression.squaredError(3, three, words, 1, two, two, 0)).toThrow(RangeError);
    expect(() => regression.squaredError(2, two, words, 1, null, three, 3)).toThrow(RangeError);
  });
});

it('gathers features and labels that are numbers as their bits', async () => {
  const compute = createCpuCompute();
  const features = normals(5 * 3, 3);
  features.set([1e-40, -0, 3e38]);
  const labels = normals(5, 4);
  const data = compute.dataset({ rows: 5, width: 3, classes: 0, scale: 1, features, labels });
  const rows = Uint32Array.of(4, 0, 0, 2);
  const out = compute.vector(12);
  const words = compute.words(4);
  compute.gatherRows(data, rows, out, words);
  const expected = Float32Array.from(
    [...rows].flatMap((row) => [...features.subarray(row * 3, row * 3 + 3)]),
  );
  expect(new Uint32Array((await compute.read(out)).buffer)).toEqual(new Uint32Array(expected.buffer));
  const bits = new Uint32Array(labels.buffer);
  expect([...(await compute.readWords(words))]).toEqual([...rows].map((row) => bits[row]));
});
