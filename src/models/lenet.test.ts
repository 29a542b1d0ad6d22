/** LeNet: its layout and initial values, its gradient against central differences, and that it learns. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completeOptions, OptionError } from '../base/options.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { ensureDigits } from '../data/digits-build.ts';
import { unpackDataset } from '../data/packed-format.ts';
import { splitRows } from '../data/split.ts';
import { randomStream } from '../math/random.ts';
import { MODELS } from './index.ts';
import { checkGradient, stripes } from './layers/testing.ts';
import { lenet } from './lenet.ts';

const options = (given: Record<string, unknown> = {}) => completeOptions('model', lenet.options, given);
const DIGITS = { width: 784, classes: 10, image: { height: 28, width: 28, channels: 1 } };
const firstRows = (n: number) => Uint32Array.from({ length: n }, (_, row) => row);

describe('layout', () => {
  it('has 8 and 16 filters of 5 × 5 and 120 hidden units by default', () => {
    const layout = lenet.layout(options(), DIGITS);
    expect(layout.tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ['0.conv.weight', [8, 1, 5, 5]],
      ['0.conv.bias', [8]],
      ['2.conv.weight', [16, 8, 5, 5]],
      ['2.conv.bias', [16]],
      ['5.dense.weight', [120, 256]],
      ['5.dense.bias', [120]],
      ['6.dense.weight', [10, 120]],
      ['6.dense.bias', [10]],
    ]);
    expect(layout.length).toBe(208 + 3216 + 30_840 + 1210);
  });

  it('takes a square number of features for a picture, and refuses what is none in a sentence', () => {
    expect(lenet.layout(options(), { width: 784, classes: 10 })).toEqual(lenet.layout(options(), DIGITS));
    const refusals = [
      { width: 13, classes: 2 },
      { width: 784, classes: 0 },
      { width: 225, classes: 2 },
      { width: 784 * 3, classes: 10, image: { height: 28, width: 28, channels: 3 } },
      { width: 783, classes: 10, image: { height: 28, width: 28, channels: 1 } },
    ].map((shape) => {
      const refusal = lenet.refuses?.(shape) ?? '';
      expect(() => lenet.layout(options(), shape)).toThrow(refusal);
      return refusal;
    });
    expect(refusals).toEqual([
      expect.stringMatching(/rows of 13 features are none/),
      expect.stringMatching(/numbers to predict/),
      expect.stringMatching(/at least 16 × 16 pixels, and these are 15 × 15/),
      expect.stringMatching(/3 channels/),
      expect.stringMatching(/rows of 783 features are none/),
    ]);
    expect(lenet.refuses?.(DIGITS)).toBe(null);
  });

  it('tells pictures of the same number of pixels apart', () => {
    const wide = { width: 784, classes: 10, image: { height: 16, width: 49, channels: 1 } };
    const shapes = [wide, DIGITS].map((shape) => lenet.layout(options({ filters: '4' }), shape));
    expect(JSON.stringify(shapes[0])).not.toEqual(JSON.stringify(shapes[1]));
  });

  it('refuses options out of range', () => {
    for (const given of [{ filters: '8,16,32' }, { filters: '0' }, { pool: 'sum' }, { hidden: 0 }]) {
      expect(() => options(given)).toThrow(OptionError);
    }
  });

  it('is in the registry', () => expect(MODELS).toContain(lenet));
});

it('begins with He weights, whose fan-in is all that a filter sees, and zero biases', () => {
  const layout = lenet.layout(options(), DIGITS);
  const parameters = lenet.initialise(layout, 1);
  for (const { shape, offset, length } of layout.tensors) {
    const values = parameters.subarray(offset, offset + length);
    if (shape.length === 1) {
      expect(values.every((value) => value === 0)).toBe(true);
      continue;
    }
    const inputs = shape.slice(1).reduce((product, size) => product * size, 1);
    const largest = Math.max(...values.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(Math.sqrt(6 / inputs));
    expect(largest).toBeGreaterThan(0.9 * Math.sqrt(6 / inputs));
  }
  expect(lenet.initialise(layout, 1)).toEqual(parameters);
  expect(lenet.initialise(layout, 2)).not.toEqual(parameters);
});

describe('gradient', () => {
  it.each([
    [{ filters: [2, 3], hidden: 4, pool: 'max' }, 16],
    [{ filters: [2, 3], hidden: 4, pool: 'average' }, 17],
    [{ filters: [3], hidden: 2, pool: 'max' }, 16],
    [{ filters: [], hidden: 2 }, 16],
  ])('agrees with central differences in double precision: %j', (given, side) => {
    const { norm, error } = checkGradient(lenet, given, side);
    expect(norm).toBeGreaterThan(0.01);
    expect(error).toBeLessThan(1e-6);
  });

  it('is zero over no rows, refuses too many, and depends on nothing but its rows', async () => {
    const { compute, program, parameters, data } = trainable();
    const gradient = compute.vector(program.layout.length);
    const losses = compute.vector(2);
    compute.upload(gradient, new Float32Array(program.layout.length).fill(5));
    program.gradient(parameters, data, firstRows(0), gradient, losses, 0);
    expect((await compute.read(gradient)).every((value) => value === 0)).toBe(true);
    program.gradient(parameters, data, firstRows(3), gradient, losses, 0);
    const first = await compute.read(gradient);
    program.gradient(parameters, data, firstRows(8), gradient, losses, 0);
    program.gradient(parameters, data, firstRows(3), gradient, losses, 0);
    expect(await compute.read(gradient)).toEqual(first);
    expect(() => program.gradient(parameters, data, firstRows(9), gradient, losses, 0)).toThrow(RangeError);
  });
});

it('learns stripes: past 95 % on held-out rows within 80 steps, scored in chunks', async () => {
  const { compute, program, parameters, data } = trainable();
  const gradient = compute.vector(program.layout.length);
  const losses = compute.vector(2);
  const stream = randomStream(5, 0, 0, 0);
  const held = firstRows(550).subarray(400);
  const before = await program.evaluate(parameters, data, held);
  for (let step = 0; step < 80; step++) {
    const rows = Uint32Array.from({ length: 8 }, () => stream.integer(400));
    program.gradient(parameters, data, rows, gradient, losses, 0);
    compute.linear(parameters, [
      [1, parameters],
      [-0.1, gradient],
    ]);
  }
  const after = await program.evaluate(parameters, data, held);
  expect(before.accuracy).toBeLessThan(0.6);
  expect(after.accuracy).toBeGreaterThan(0.95);
  expect(after.loss).toBeLessThan(before.loss / 4);
  await expect(program.evaluate(parameters, data, firstRows(0))).rejects.toThrow(RangeError);
  program.destroy();
  await expect(program.evaluate(parameters, data, held)).rejects.toThrow('freed');
});

it('learns digits: past 95 % of the test rows within 400 steps of SGD', async () => {
  const compute = createCpuCompute();
  const packed = new Uint8Array(readFileSync(ensureDigits(resolve(import.meta.dirname, '../..'))));
  const host = await unpackDataset(packed);
  const { train, test } = splitRows(host.rows, 2000, 1);
  const layout = lenet.layout(options(), host);
  const parameters = compute.vector(layout.length);
  compute.upload(parameters, lenet.initialise(layout, 1));
  const program = lenet.program(compute, layout, options(), 32);
  const data = compute.dataset(host);
  const gradient = compute.vector(layout.length);
  const losses = compute.vector(2);
  const stream = randomStream(5, 0, 0, 0);
  for (let step = 0; step < 400; step++) {
    const rows = Uint32Array.from({ length: 32 }, () => train[stream.integer(train.length)] ?? 0);
    program.gradient(parameters, data, rows, gradient, losses, 0);
    compute.linear(parameters, [
      [1, parameters],
      [-0.2 * (1 - step / 400), gradient],
    ]);
  }
  const { accuracy } = await program.evaluate(parameters, data, test);
  expect(accuracy).toBeGreaterThan(0.95);
});

it('refuses a layout that tells no shape of a row', () => {
  const { input: _, ...bare } = { input: null, ...lenet.layout(options(), DIGITS) };
  expect(() => lenet.program(createCpuCompute(), bare, options(), 1)).toThrow(/layout that it made itself/);
});

/** A program for batches of 8 over 550 pictures of 16 × 16 in 4 classes, at its initial parameters. */
function trainable() {
  const compute = createCpuCompute();
  const host = stripes(550, 16, 4, 6);
  const given = options({ filters: [3, 4], hidden: 10 });
  const layout = lenet.layout(given, host);
  const parameters = compute.vector(layout.length);
  compute.upload(parameters, lenet.initialise(layout, 1));
  const program = lenet.program(compute, layout, given, 8);
  return { compute, program, parameters, data: compute.dataset(host) };
}
