/** The small ResNet: its layout and initial values, its gradient against central differences, learning. */
import { describe, expect, it } from 'vitest';
import { completeOptions, OptionError } from '../base/options.ts';
import { createCpuCompute } from '../compute/cpu/index.ts';
import { randomStream } from '../math/random.ts';
import { MODELS } from './index.ts';
import { checkGradient, stripes } from './layers/testing.ts';
import { resnetMini } from './resnet-mini.ts';

const options = (given: Record<string, unknown> = {}) => completeOptions('model', resnetMini.options, given);

describe('layout', () => {
  it('halves the picture and doubles the channels in its second block', () => {
    const { tensors } = resnetMini.layout(options(), { width: 784, classes: 10 });
    const weights = tensors.filter(({ shape }) => shape.length > 1);
    expect(weights.map(({ name, shape }) => [name, shape])).toEqual([
      ['0.conv.weight', [16, 1, 3, 3]],
      ['2.block.branch.0.conv.weight', [16, 16, 3, 3]],
      ['2.block.branch.2.conv.weight', [16, 16, 3, 3]],
      ['3.block.branch.0.conv.weight', [32, 16, 3, 3]],
      ['3.block.branch.2.conv.weight', [32, 32, 3, 3]],
      ['3.block.shortcut.0.conv.weight', [32, 16, 1, 1]],
      ['5.dense.weight', [10, 1568]],
    ]);
    expect(tensors.filter(({ name }) => name.endsWith('.gain'))).toHaveLength(6);
  });

  it('refuses groups that do not divide the channels, and rows that are no pictures', () => {
    const shape = { width: 784, classes: 10 };
    expect(() => resnetMini.layout(options({ width: 6, groups: 4 }), shape)).toThrow(OptionError);
    expect(() => resnetMini.layout(options(), { width: 785, classes: 10 })).toThrow(/are none/);
    expect(resnetMini.refuses?.({ width: 785, classes: 10 })).toMatch(/are none/);
    expect(resnetMini.refuses?.(shape)).toBe(null);
  });

  it('is in the registry', () => expect(MODELS).toContain(resnetMini));
});

it('begins with gains of 1, biases of 0, and weights that are neither', () => {
  const layout = resnetMini.layout(options(), { width: 784, classes: 10 });
  const parameters = resnetMini.initialise(layout, 1);
  for (const { name, offset, length } of layout.tensors) {
    const values = parameters.subarray(offset, offset + length);
    if (name.endsWith('.gain')) expect(values.every((value) => value === 1)).toBe(true);
    else if (name.endsWith('.bias')) expect(values.every((value) => value === 0)).toBe(true);
    else expect(new Set(values).size).toBeGreaterThan(length / 2);
  }
});

describe('gradient', () => {
  it.each([
    [{ width: 4, blocks: 1, groups: 2 }, 8],
    [{ width: 2, blocks: 2, groups: 1 }, 9],
    [{ width: 2, blocks: 3, groups: 2 }, 5],
  ])('agrees with central differences in double precision: %j', (given, side) => {
    const { norm, error } = checkGradient(resnetMini, given, side);
    expect(norm).toBeGreaterThan(0.01);
    expect(error).toBeLessThan(1e-6);
  });
});

it('learns stripes: past 95 % on held-out rows within 40 steps', async () => {
  const compute = createCpuCompute();
  const host = stripes(400, 12, 4, 6);
  const given = options({ width: 4, blocks: 2, groups: 2 });
  const layout = resnetMini.layout(given, host);
  const parameters = compute.vector(layout.length);
  compute.upload(parameters, resnetMini.initialise(layout, 1));
  const program = resnetMini.program(compute, layout, given, 8);
  const data = compute.dataset(host);
  const gradient = compute.vector(layout.length);
  const losses = compute.vector(2);
  const stream = randomStream(5, 0, 0, 0);
  const held = Uint32Array.from({ length: 150 }, (_, k) => 250 + k);
  const before = await program.evaluate(parameters, data, held);
  for (let step = 0; step < 40; step++) {
    const rows = Uint32Array.from({ length: 8 }, () => stream.integer(250));
    program.gradient(parameters, data, rows, gradient, losses, 0);
    compute.linear(parameters, [
      [1, parameters],
      [-0.1, gradient],
    ]);
  }
  const after = await program.evaluate(parameters, data, held);
  expect(before.accuracy).toBeLessThan(0.6);
  expect(after.accuracy).toBeGreaterThan(0.95);
  expect(after.loss).toBeLessThan(before.loss / 2);
});
