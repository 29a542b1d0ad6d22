/**
 * The MLP: its layout and initial values, its gradient against central finite differences in double
 * precision, evaluation in chunks, and that plain SGD with it learns.
 */
import { describe, expect, it } from 'vitest';
import { completeOptions, OptionError } from '../base/options.ts';
import type { Compute, HostDataset, Vector } from '../compute/compute.ts';
import { createCpuCompute, createDoubleCompute } from '../compute/cpu/index.ts';
import { randomStream } from '../math/random.ts';
import { MODELS } from './index.ts';
import { mlp } from './mlp.ts';

const options = (given: Record<string, unknown> = {}) => completeOptions('model', mlp.options, given);

/** Rows of `classes` well separated noisy bumps; the random purpose 0 belongs to tests. */
function bumps(rows: number, width: number, classes: number, seed: number): HostDataset {
  const stream = randomStream(seed, 0, 0, 0);
  const labels = Uint8Array.from({ length: rows }, () => stream.integer(classes));
  const features = new Uint8Array(rows * width);
  labels.forEach((label, row) => {
    for (let i = 0; i < width; i++) {
      features[row * width + i] = (i % classes === label ? 150 : 30) + stream.integer(100);
    }
  });
  return { rows, width, classes, scale: 1 / 255, features, labels };
}

const firstRows = (n: number) => Uint32Array.from({ length: n }, (_, row) => row);

describe('layout', () => {
  it('is 784-128-10 by default: weights [outputs, inputs] and biases, back to back', () => {
    expect(mlp.layout(options(), { width: 784, classes: 10 })).toEqual({
      length: 101_770,
      tensors: [
        { name: 'layers.0.weight', shape: [128, 784], offset: 0, length: 100_352 },
        { name: 'layers.0.bias', shape: [128], offset: 100_352, length: 128 },
        { name: 'layers.1.weight', shape: [10, 128], offset: 100_480, length: 1280 },
        { name: 'layers.1.bias', shape: [10], offset: 101_760, length: 10 },
      ],
    });
  });

  it('takes up to four hidden layers of 1 to 1024 units, or none', () => {
    const sizes = (hidden: string) =>
      mlp.layout(options({ hidden }), { width: 3, classes: 2 }).tensors.map(({ shape }) => shape);
    expect(sizes('')).toEqual([[2, 3], [2]]);
    expect(sizes('1,1024,5,6')).toEqual([
      [1, 3],
      [1],
      [1024, 1],
      [1024],
      [5, 1024],
      [5],
      [6, 5],
      [6],
      [2, 6],
      [2],
    ]);
    for (const hidden of ['0', '1025', '2.5', '1,2,3,4,5', 'x']) {
      expect(() => options({ hidden })).toThrow(OptionError);
    }
  });

  it('is in the registry under a unique id', () => {
    expect(MODELS.map(({ id }) => id)).toEqual([...new Set(MODELS.map(({ id }) => id))]);
    expect(MODELS).toContain(mlp);
  });
});

describe('initialise', () => {
  const layout = mlp.layout(options(), { width: 784, classes: 10 });

  it('draws weights uniformly from ±sqrt(6 / inputs), and zero biases', () => {
    const parameters = mlp.initialise(layout, 1);
    for (const { shape, offset, length } of layout.tensors) {
      const values = parameters.subarray(offset, offset + length);
      const inputs = shape[1];
      if (inputs === undefined) {
        expect(values.every((value) => value === 0)).toBe(true);
        continue;
      }
      const bound = Math.sqrt(6 / inputs);
      expect(values.every((value) => Math.abs(value) <= bound)).toBe(true);
      const mean = values.reduce((sum, value) => sum + value, 0) / length;
      const variance = values.reduce((sum, value) => sum + value * value, 0) / length;
      // Five standard errors; the variance of U(-b, b) is b²/3 = 2 / inputs, its fourth moment b⁴/5.
      expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(2 / inputs / length));
      expect(Math.abs(variance - 2 / inputs)).toBeLessThan(5 * bound ** 2 * Math.sqrt(4 / 45 / length));
    }
  });

  it('depends on the seed alone', () => {
    expect(mlp.initialise(layout, 7)).toEqual(mlp.initialise(layout, 7));
    expect(mlp.initialise(layout, 7)).not.toEqual(mlp.initialise(layout, 8));
  });
});

describe('gradient', () => {
  it.each([
    [[], 'relu'],
    [[5], 'relu'],
    [[7, 4], 'relu'],
    [[6, 5, 4, 3], 'relu'],
    [[5], 'tanh'],
    [[6, 5, 4], 'tanh'],
    [[5], 'gelu'],
    [[4, 7], 'gelu'],
  ])('agrees with central differences in double precision, hidden %j, %s', (hidden, activation) => {
    const compute = createDoubleCompute();
    const host = bumps(9, 6, 3, 2);
    const data = compute.dataset(host);
    const chosen = options({ hidden, activation });
    const layout = mlp.layout(chosen, host);
    const program = mlp.program(compute, layout, chosen, 7);
    const stream = randomStream(3, 0, 0, 0);
    const at = Float64Array.from({ length: layout.length }, () => 0.6 * stream.normal());
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
    const norm = Math.hypot(...exact);
    expect(norm).toBeGreaterThan(0.01);
    const step = 1e-5;
    const differences = exact.map((_, k) => {
      const moved = (by: number) => lossAt(at.with(k, (at[k] ?? 0) + by));
      return (moved(step) - moved(-step)) / (2 * step);
    });
    const error = Math.hypot(...exact.map((value, k) => value - (differences[k] ?? Number.NaN)));
    expect(error / norm).toBeLessThan(1e-6);
  });

  it('adds loss and correct rows to its place, and overwrites the gradient', async () => {
    const { compute, program, parameters, data } = trainable();
    const gradient = compute.vector(program.layout.length);
    const losses = compute.vector(4);
    compute.upload(losses, Float32Array.of(1, 1, 1, 1));
    compute.upload(gradient, new Float32Array(program.layout.length).fill(5));
    program.gradient(parameters, data, firstRows(8), gradient, losses, 2);
    const score = await program.evaluate(parameters, data, firstRows(8));
    const [a, b, loss = Number.NaN, correct] = await compute.read(losses);
    expect([a, b]).toEqual([1, 1]);
    expect(loss - 1).toBeCloseTo(score.loss, 5);
    expect(correct).toBe(1 + 8 * score.accuracy);
    const first = await compute.read(gradient);
    program.gradient(parameters, data, firstRows(8), gradient, losses, 2);
    expect(await compute.read(gradient)).toEqual(first);
  });

  it('is zero over no rows, and refuses more rows than it was made for', async () => {
    const { compute, program, parameters, data } = trainable();
    const gradient = compute.vector(program.layout.length);
    compute.upload(gradient, new Float32Array(program.layout.length).fill(5));
    const losses = compute.vector(2);
    program.gradient(parameters, data, firstRows(0), gradient, losses, 0);
    expect((await compute.read(gradient)).every((value) => value === 0)).toBe(true);
    expect([...(await compute.read(losses))]).toEqual([0, 0]);
    expect(() => program.gradient(parameters, data, firstRows(17), gradient, losses, 0)).toThrow(RangeError);
  });
});

describe('evaluate', () => {
  it('over 1203 rows equals the mean over each row by itself', async () => {
    const { program, parameters, data } = trainable();
    const rows = firstRows(1203);
    const whole = await program.evaluate(parameters, data, rows);
    let loss = 0;
    let correct = 0;
    for (const row of rows) {
      const one = await program.evaluate(parameters, data, Uint32Array.of(row));
      loss += one.loss / rows.length;
      correct += one.accuracy;
    }
    expect(whole.loss).toBeCloseTo(loss, 5);
    expect(whole.accuracy).toBe(correct / rows.length);
  });

  it('refuses to score no rows', async () => {
    const { program, parameters, data } = trainable();
    await expect(program.evaluate(parameters, data, firstRows(0))).rejects.toThrow(RangeError);
  });

  it('rises above 97 % on held-out rows within 150 steps of SGD', async () => {
    const { compute, program, parameters, data } = trainable();
    const gradient = compute.vector(program.layout.length);
    const losses = compute.vector(2);
    const stream = randomStream(5, 0, 0, 0);
    const held = firstRows(1300).subarray(1000);
    const before = await program.evaluate(parameters, data, held);
    for (let step = 0; step < 150; step++) {
      const rows = Uint32Array.from({ length: 16 }, () => stream.integer(1000));
      program.gradient(parameters, data, rows, gradient, losses, 0);
      compute.linear(parameters, [
        [1, parameters],
        [-0.2, gradient],
      ]);
    }
    const after = await program.evaluate(parameters, data, held);
    expect(before.accuracy).toBeLessThan(0.6);
    expect(after.accuracy).toBeGreaterThan(0.97);
    expect(after.loss).toBeLessThan(before.loss / 4);
  });
});

it('frees its scratch memory', () => {
  const { program, parameters, data } = trainable();
  program.destroy();
  return expect(program.evaluate(parameters, data, firstRows(1))).rejects.toThrow('freed');
});

/** A program for batches of 16 over 1300 rows of 12 features in 4 classes, at its initial parameters. */
function trainable() {
  const compute: Compute = createCpuCompute();
  const host = bumps(1300, 12, 4, 6);
  const layout = mlp.layout(options({ hidden: [10] }), host);
  const parameters: Vector = compute.vector(layout.length);
  compute.upload(parameters, mlp.initialise(layout, 1));
  const program = mlp.program(compute, layout, options({ hidden: [10] }), 16);
  return { compute, program, parameters, data: compute.dataset(host) };
}
