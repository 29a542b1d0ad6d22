/**
 * Linear and logistic regression: layouts, gradients against central differences in double precision,
 * scores against formulas, and that descent reaches the least-squares solution.
 */
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import type { HostDataset } from '../compute/compute.ts';
import { createCpuCompute, createDoubleCompute } from '../compute/cpu/index.ts';
import { randomStream } from '../math/random.ts';
import { linear } from './linear.ts';
import { logistic } from './logistic.ts';
import { mlp } from './mlp.ts';
import type { ModelEntry } from './model.ts';

const options = (entry: ModelEntry, given: Record<string, unknown> = {}) =>
  completeOptions('model', entry.options, given);

/** Standard normal features; numbers of a noisy linear map, or classes. Purpose 0 belongs to tests. */
function table(rows: number, width: number, classes: number): HostDataset {
  const stream = randomStream(11, 0, 0, 0);
  const features = Float32Array.from({ length: rows * width }, () => stream.normal());
  const labels =
    classes > 0
      ? Uint8Array.from({ length: rows }, () => stream.integer(classes))
      : Float32Array.from({ length: rows }, (_, row) => {
          const x = features.subarray(row * width, (row + 1) * width);
          return x.reduce((sum, value, i) => sum + value * (i + 1), 0.2 * stream.normal());
        });
  return { rows, width, classes, scale: 1, features, labels };
}

const all = (n: number) => Uint32Array.from({ length: n }, (_, row) => row);

describe('layouts', () => {
  it('are weight [outputs, width] and bias [outputs]; linear has no bias unless asked', () => {
    const shapes = (entry: ModelEntry, classes: number, given = {}) =>
      entry
        .layout(options(entry, given), { width: 3, classes })
        .tensors.map(({ name, shape }) => [name, shape]);
    expect(shapes(linear, 0)).toEqual([['weight', [1, 3]]]);
    expect(shapes(linear, 0, { bias: true })).toEqual([
      ['weight', [1, 3]],
      ['bias', [1]],
    ]);
    expect(shapes(logistic, 4)).toEqual([
      ['weight', [4, 3]],
      ['bias', [4]],
    ]);
  });
});

describe.each<[string, ModelEntry, number, Record<string, unknown>]>([
  ['linear', linear, 0, {}],
  ['linear with a bias', linear, 0, { bias: true }],
  ['logistic', logistic, 4, {}],
])('%s', (_name, entry, classes, given) => {
  it('has the gradient of its loss, by central differences in double precision', () => {
    const compute = createDoubleCompute();
    const host = table(9, 5, classes);
    const data = compute.dataset(host);
    const layout = entry.layout(options(entry, given), host);
    const program = entry.program(compute, layout, options(entry, given), 7);
    const stream = randomStream(3, 0, 0, 0);
    const at = Float64Array.from({ length: layout.length }, () => stream.normal());
    const parameters = compute.vector(layout.length);
    const gradient = compute.vector(layout.length);
    const losses = compute.vector(4);
    const rows = Uint32Array.of(8, 0, 3, 3, 5, 1);
    const lossAt = (values: Float64Array) => {
      compute.uploadDouble(parameters, values);
      compute.uploadDouble(losses, new Float64Array(4));
      program.gradient(parameters, data, rows, gradient, losses, 1);
      return compute.readDouble(losses)[1] ?? Number.NaN;
    };
    lossAt(at);
    const exact = compute.readDouble(gradient);
    const step = 1e-5;
    const differences = exact.map((_, k) => {
      const moved = (by: number) => lossAt(at.with(k, (at[k] ?? 0) + by));
      return (moved(step) - moved(-step)) / (2 * step);
    });
    const error = Math.hypot(...exact.map((value, k) => value - (differences[k] ?? Number.NaN)));
    expect(error / Math.hypot(...exact)).toBeLessThan(1e-6);
  });

  it('is zero over no rows, refuses more rows than it was made for, and frees its memory', async () => {
    const compute = createCpuCompute();
    const host = table(9, 5, classes);
    const data = compute.dataset(host);
    const layout = entry.layout(options(entry, given), host);
    const program = entry.program(compute, layout, options(entry, given), 4);
    const [parameters, gradient, losses] = [layout.length, layout.length, 2].map((n) => compute.vector(n));
    if (parameters === undefined || gradient === undefined || losses === undefined) throw new Error();
    compute.upload(gradient, new Float32Array(layout.length).fill(5));
    program.gradient(parameters, data, all(0), gradient, losses, 0);
    expect((await compute.read(gradient)).every((value) => value === 0)).toBe(true);
    expect(() => program.gradient(parameters, data, all(5), gradient, losses, 0)).toThrow(RangeError);
    await expect(program.evaluate(parameters, data, all(0))).rejects.toThrow(RangeError);
    program.destroy();
    await expect(program.evaluate(parameters, data, all(1))).rejects.toThrow('freed');
  });
});

describe('linear', () => {
  const host = table(1203, 4, 0);

  it('is (1/m) Σ (w · x − y) x, and scores half the mean squared error with no accuracy', async () => {
    const compute = createCpuCompute();
    const data = compute.dataset(host);
    const layout = linear.layout(options(linear), host);
    const program = linear.program(compute, layout, options(linear), 1203);
    const w = [0.5, -1, 2, 0.25];
    const parameters = compute.vector(4);
    compute.upload(parameters, Float32Array.from(w));
    const gradient = compute.vector(4);
    const losses = compute.vector(2);
    program.gradient(parameters, data, all(1203), gradient, losses, 0);
    const expected = [0, 0, 0, 0];
    let loss = 0;
    for (let row = 0; row < 1203; row++) {
      const x = host.features.subarray(row * 4, row * 4 + 4);
      const error = w.reduce((sum, value, i) => sum + value * (x[i] ?? 0), 0) - (host.labels[row] ?? 0);
      loss += error ** 2 / 2 / 1203;
      expected.forEach((_, i) => {
        expected[i] = (expected[i] ?? 0) + (error * (x[i] ?? 0)) / 1203;
      });
    }
    for (const [i, value] of (await compute.read(gradient)).entries()) {
      expect(value).toBeCloseTo(expected[i] ?? 0, 5);
    }
    const [recorded = Number.NaN, correct] = await compute.read(losses);
    expect(recorded).toBeCloseTo(loss, 4);
    expect(correct).toBe(0);
    const score = await program.evaluate(parameters, data, all(1203));
    expect(score.loss).toBeCloseTo(loss, 4);
    expect(score.accuracy).toBeNaN();
  });

  it('descends to the map that made the data', async () => {
    const compute = createCpuCompute();
    const data = compute.dataset(host);
    const layout = linear.layout(options(linear, { bias: true }), host);
    const program = linear.program(compute, layout, options(linear, { bias: true }), 1203);
    const x = compute.vector(5);
    const gradient = compute.vector(5);
    for (let step = 0; step < 60; step++) {
      program.gradient(x, data, all(1203), gradient, compute.vector(2), 0);
      compute.linear(x, [
        [1, x],
        [-0.5, gradient],
      ]);
    }
    const found = [...(await compute.read(x))];
    const off = [1, 2, 3, 4, 0].map((value, i) => Math.abs((found[i] ?? 0) - value));
    expect(Math.max(...off)).toBeLessThan(0.05);
  });
});

it('logistic is the MLP without hidden layers, bit for bit', async () => {
  const compute = createCpuCompute();
  const host = table(40, 6, 3);
  const data = compute.dataset(host);
  const start = logistic.initialise(logistic.layout({}, host), 5);
  const results: Float32Array[] = [];
  for (const [entry, given] of [
    [logistic, {}],
    [mlp, { hidden: [] }],
  ] as const) {
    const layout = entry.layout(options(entry, given), host);
    const program = entry.program(compute, layout, options(entry, given), 32);
    const parameters = compute.vector(layout.length);
    compute.upload(parameters, start);
    const gradient = compute.vector(layout.length);
    const losses = compute.vector(2);
    program.gradient(parameters, data, all(32), gradient, losses, 0);
    const { loss, accuracy } = await program.evaluate(parameters, data, all(40));
    results.push(
      Float32Array.from([...(await compute.read(gradient)), ...(await compute.read(losses)), loss, accuracy]),
    );
  }
  expect(results[0]).toEqual(results[1]);
});
