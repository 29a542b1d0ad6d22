/** Group normalisation against its formula, and its gradients against central finite differences. */
import { describe, expect, it } from 'vitest';
import type { Vector } from '../compute.ts';
import { GROUP_NORM_EPSILON, type GroupNormShape, groupNormStatistics } from '../normalisation.ts';
import { createDoubleCompute } from './index.ts';
import { benches, load, normals } from './testing.ts';

const SHAPES: readonly GroupNormShape[] = [
  { batch: 1, channels: 1, positions: 2, groups: 1 },
  { batch: 2, channels: 3, positions: 5, groups: 3 },
  { batch: 3, channels: 6, positions: 7, groups: 2 },
  { batch: 1, channels: 4, positions: 13, groups: 1 },
];

const slice = (vector: Vector, offset: number) => ({ vector, offset });

describe.each(benches())('$name precision', ({ compute, read, tolerance }) => {
  it.each(SHAPES)('forward: %j', async (shape) => {
    const { batch, channels, positions, groups } = shape;
    const size = batch * channels * positions;
    // Far from zero, where a variance from squares alone would lose its digits.
    const x = normals(size, 1).map((value) => value + 30);
    const p = normals(1 + 2 * channels, 2);
    const [input, held] = [load(compute, x), load(compute, p)];
    const statistics = compute.vector(groupNormStatistics(shape));
    const [y, rectified] = [compute.vector(size), compute.vector(size)];
    const [gain, bias] = [slice(held, 1), slice(held, 1 + channels)];
    compute.normalisation.groupNorm(shape, input, gain, bias, statistics, y, 'none');
    compute.normalisation.groupNorm(shape, input, gain, bias, statistics, rectified, 'relu');
    const found = await read(y);
    const run = (channels / groups) * positions;
    for (let k = 0; k < size; k++) {
      const first = Math.floor(k / run) * run;
      const group = [...x.subarray(first, first + run)];
      const mean = group.reduce((sum, value) => sum + value, 0) / run;
      const variance = group.reduce((sum, value) => sum + (value - mean) ** 2, 0) / run;
      const c = Math.floor(k / positions) % channels;
      const normal = ((x[k] ?? Number.NaN) - mean) / Math.sqrt(variance + GROUP_NORM_EPSILON);
      const expected = (p[1 + c] ?? 0) * normal + (p[1 + channels + c] ?? 0);
      expect(Math.abs((found[k] ?? Number.NaN) - expected)).toBeLessThan(100 * tolerance);
    }
    expect(await read(rectified)).toEqual(found.map((value) => Math.max(0, value)));
  });
});

describe('gradients', () => {
  it.each(SHAPES)('agree with central differences in double precision: %j', (shape) => {
    const compute = createDoubleCompute();
    const { batch, channels, positions } = shape;
    const size = batch * channels * positions;
    // One vector for all that is differentiated: x, then gains, then biases.
    const at = new Float64Array(normals(size + 2 * channels, 3));
    const weights = normals(size, 4);
    const x = compute.vector(size);
    const p = compute.vector(2 * channels);
    const y = compute.vector(size);
    const statistics = compute.vector(groupNormStatistics(shape));
    const [gain, bias] = [slice(p, 0), slice(p, channels)];
    /** Σ weight · y, whose gradient with respect to y is the weights. */
    const lossAt = (values: Float64Array) => {
      compute.uploadDouble(x, values.slice(0, size));
      compute.uploadDouble(p, values.slice(size));
      compute.normalisation.groupNorm(shape, x, gain, bias, statistics, y, 'none');
      return compute.readDouble(y).reduce((sum, value, k) => sum + value * (weights[k] ?? 0), 0);
    };
    lossAt(at);
    const gradient = compute.vector(2 * channels);
    const [dx, dy] = [compute.vector(size), load(compute, weights)];
    const [dGain, dBias] = [slice(gradient, 0), slice(gradient, channels)];
    const groupNormGradient = (into: Vector | null, rectified: boolean) =>
      compute.normalisation.groupNormGradient(shape, x, gain, statistics, dy, dGain, dBias, into, rectified);
    groupNormGradient(dx, false);
    const exact = [...compute.readDouble(dx), ...compute.readDouble(gradient)];
    const norm = Math.hypot(...exact);
    expect(norm).toBeGreaterThan(0.01);
    const step = 1e-5;
    const errors = exact.map((value, k) => {
      const moved = (by: number) => lossAt(at.with(k, (at[k] ?? 0) + by));
      return value - (moved(step) - moved(-step)) / (2 * step);
    });
    expect(Math.hypot(...errors) / norm).toBeLessThan(1e-8);

    lossAt(at);
    groupNormGradient(dx, true);
    const through = exact.slice(0, size).map((value, k) => ((at[k] ?? 0) > 0 ? value : 0));
    expect([...compute.readDouble(dx)]).toEqual(through);
    compute.uploadDouble(gradient, new Float64Array(2 * channels));
    groupNormGradient(null, false);
    expect([...compute.readDouble(gradient)]).toEqual(exact.slice(size));
  });
});

it('refuses groups that do not divide the channels', () => {
  const shape = { batch: 1, channels: 6, positions: 1, groups: 4 };
  expect(() => groupNormStatistics(shape)).toThrow('6 channels do not divide into 4 equal groups.');
  expect(() => groupNormStatistics({ ...shape, groups: 0 })).toThrow(RangeError);
});
