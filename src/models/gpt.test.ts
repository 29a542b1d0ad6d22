/**
 * The GPT: its layout and initial values, its whole gradient against central finite differences in double
 * precision, that it overfits one batch, and what it writes.
 */
import { describe, expect, it } from 'vitest';
import { completeOptions, OptionError } from '../base/options.ts';
import type { Compute, HostDataset } from '../compute/compute.ts';
import { createCpuCompute, createDoubleCompute } from '../compute/cpu/index.ts';
import type { DataShape } from '../data/dataset.ts';
import { Alphabet } from '../data/text-alphabet.ts';
import { randomStream } from '../math/random.ts';
import { gpt } from './gpt.ts';
import { chooseToken } from './gpt-sampling.ts';
import { MODELS } from './index.ts';

const options = (given: Record<string, unknown> = {}) => completeOptions('model', gpt.options, given);
const shapeOf = (context: number, classes: number): DataShape => ({
  width: context + 1,
  classes,
  tokens: true,
});
const rowsTo = (n: number) => Uint32Array.from({ length: n }, (_, row) => row);

/** Windows of random tokens; the random purpose 0 belongs to tests. */
function windows(rows: number, context: number, classes: number): HostDataset {
  const stream = randomStream(2, 0, 0, 0);
  const features = Uint8Array.from({ length: rows * (context + 1) }, () => stream.integer(classes));
  return { rows, width: context + 1, classes, scale: 1, features, labels: new Uint8Array(rows) };
}

describe('layout', () => {
  it('has two blocks, four heads and 64 numbers a place by default', () => {
    const layout = gpt.layout(options(), shapeOf(64, 97));
    const block = 2 * 64 + (3 * 64 * 64 + 3 * 64) + (64 * 64 + 64) + 2 * 64 + (8 * 64 * 64 + 5 * 64);
    expect(layout.length).toBe((97 + 64) * 64 + 2 * block + 2 * 64 + 97 * 64);
    expect(layout.tensors.map(({ name, shape }) => `${name} ${shape.join(' ')}`).slice(0, 15)).toEqual([
      'tokens.weight 97 64',
      'positions.weight 64 64',
      'blocks.0.norm1.gain 64',
      'blocks.0.norm1.bias 64',
      'blocks.0.attention.weight 192 64',
      'blocks.0.attention.bias 192',
      'blocks.0.projection.weight 64 64',
      'blocks.0.projection.bias 64',
      'blocks.0.norm2.gain 64',
      'blocks.0.norm2.bias 64',
      'blocks.0.expansion.weight 256 64',
      'blocks.0.expansion.bias 256',
      'blocks.0.contraction.weight 64 256',
      'blocks.0.contraction.bias 64',
      'blocks.1.norm1.gain 64',
    ]);
    expect(layout.tensors.at(-1)).toMatchObject({ name: 'head.weight', shape: [97, 64] });
  });

  it('has no head of its own if that is tied', () => {
    const layout = gpt.layout(options({ tied: true }), shapeOf(8, 5));
    expect(layout.tensors.at(-1)?.name).toBe('norm.bias');
  });

  it('refuses widths that the heads cannot share, and data that is no text', () => {
    expect(() => gpt.layout(options({ heads: 3 }), shapeOf(8, 5))).toThrow(OptionError);
    expect(() => gpt.layout(options({ heads: 3 }), shapeOf(8, 5))).toThrow('multiple of 12');
    expect(() => gpt.layout(options(), { width: 784, classes: 10 })).toThrow('choose the data set text');
    expect(gpt.refuses?.({ width: 784, classes: 10 })).toContain('choose the data set text');
    expect(gpt.refuses?.(shapeOf(8, 5))).toBeNull();
    expect(gpt.refuses?.(shapeOf(8, 5), options())).toBeNull();
    expect(gpt.refuses?.(shapeOf(8, 5), options({ heads: 3 }))).toContain('multiple of 12');
    expect(MODELS).toContain(gpt);
  });
});

it('begins as GPT-2 does', () => {
  const layout = gpt.layout(options({ layers: 3 }), shapeOf(64, 97));
  const parameters = gpt.initialise(layout, 5);
  expect(gpt.initialise(layout, 5)).toEqual(parameters);
  expect(gpt.initialise(layout, 6)).not.toEqual(parameters);
  for (const { name, shape, offset, length } of layout.tensors) {
    const values = parameters.subarray(offset, offset + length);
    if (shape.length === 1) {
      expect(values.every((value) => value === (name.endsWith('gain') ? 1 : 0))).toBe(true);
      continue;
    }
    const residual = name.includes('projection') || name.includes('contraction');
    const deviation = residual ? 0.02 / Math.sqrt(6) : 0.02;
    const mean = values.reduce((sum, value) => sum + value, 0) / length;
    const square = values.reduce((sum, value) => sum + value * value, 0) / length;
    // Five standard errors of mean and deviation.
    expect(Math.abs(mean)).toBeLessThan((5 * deviation) / Math.sqrt(length));
    expect(Math.abs(Math.sqrt(square) / deviation - 1)).toBeLessThan(5 / Math.sqrt(2 * length));
  }
});

describe('gradient', () => {
  it.each([
    { layers: 1, heads: 1, width: 4, tied: false, context: 2 },
    { layers: 2, heads: 2, width: 8, tied: false, context: 5 },
    { layers: 2, heads: 2, width: 8, tied: true, context: 5 },
    { layers: 1, heads: 1, width: 20, tied: false, context: 3 },
  ])('agrees with central differences in double precision, every tensor: %j', ({ context, ...given }) => {
    const compute = createDoubleCompute();
    const data = compute.dataset(windows(4, context, 7));
    const layout = gpt.layout(options(given), shapeOf(context, 7));
    const program = gpt.program(compute, layout, options(given), 3);
    const stream = randomStream(3, 0, 0, 0);
    // Away from where it begins: larger weights, gains that differ, biases that are not 0.
    const start = gpt.initialise(layout, 1);
    const at = Float64Array.from(start, (value) => value + 0.3 * stream.normal());
    const parameters = compute.vector(layout.length);
    const gradient = compute.vector(layout.length);
    const losses = compute.vector(4);
    const rows = Uint32Array.of(3, 0, 2);
    const lossAt = (values: Float64Array) => {
      compute.uploadDouble(parameters, values);
      compute.uploadDouble(losses, new Float64Array(4));
      program.gradient(parameters, data, rows, gradient, losses, 1);
      return compute.readDouble(losses)[1] ?? Number.NaN;
    };
    lossAt(at);
    const exact = compute.readDouble(gradient);
    const step = 1e-5;
    for (const { name, offset, length } of layout.tensors) {
      const found = exact.subarray(offset, offset + length);
      const errors = found.map((value, k) => {
        const moved = (by: number) => lossAt(at.with(offset + k, (at[offset + k] ?? 0) + by));
        return value - (moved(step) - moved(-step)) / (2 * step);
      });
      const norm = Math.hypot(...found);
      // A context of 2 says little, but every tensor must have some say.
      expect(norm, name).toBeGreaterThan(1e-4);
      expect(Math.hypot(...errors), name).toBeLessThan(1e-6 * Math.max(norm, 0.01));
    }
  });

  it('adds the mean loss and the share of rows that are right, and overwrites the gradient', async () => {
    const { compute, program, parameters, data } = trainable();
    const gradient = compute.vector(program.layout.length);
    const losses = compute.vector(4);
    compute.upload(losses, Float32Array.of(1, 1, 1, 1));
    compute.upload(gradient, new Float32Array(program.layout.length).fill(5));
    program.gradient(parameters, data, rowsTo(4), gradient, losses, 2);
    const score = await program.evaluate(parameters, data, rowsTo(4));
    const [a, b, loss = Number.NaN, correct] = await compute.read(losses);
    expect([a, b]).toEqual([1, 1]);
    expect(loss - 1).toBeCloseTo(score.loss, 5);
    expect(correct).toBeCloseTo(1 + 4 * score.accuracy, 5);
    const first = await compute.read(gradient);
    program.gradient(parameters, data, rowsTo(4), gradient, losses, 0);
    expect(await compute.read(gradient)).toEqual(first);
  });

  it('is that of each window by itself, averaged; zero over none; refused over too many', async () => {
    const { compute, program, parameters, data } = trainable();
    const losses = compute.vector(2);
    const gradientOf = async (rows: Uint32Array) => {
      const gradient = compute.vector(program.layout.length);
      program.gradient(parameters, data, rows, gradient, losses, 0);
      return compute.read(gradient);
    };
    const whole = await gradientOf(Uint32Array.of(5, 1));
    const parts = [await gradientOf(Uint32Array.of(5)), await gradientOf(Uint32Array.of(1))];
    const error = whole.map((value, k) => value - ((parts[0]?.[k] ?? 0) + (parts[1]?.[k] ?? 0)) / 2);
    expect(Math.hypot(...error)).toBeLessThan(1e-6 * Math.hypot(...whole));
    expect((await gradientOf(rowsTo(0))).every((value) => value === 0)).toBe(true);
    await expect(gradientOf(rowsTo(5))).rejects.toThrow(RangeError);
  });
});

describe('evaluate', () => {
  it('over many windows equals the mean over each by itself', async () => {
    const { program, parameters, data } = trainable();
    const rows = rowsTo(200);
    const whole = await program.evaluate(parameters, data, rows);
    let loss = 0;
    let right = 0;
    for (const row of rows) {
      const one = await program.evaluate(parameters, data, Uint32Array.of(row));
      loss += one.loss / rows.length;
      right += one.accuracy / rows.length;
    }
    expect(whole.loss).toBeCloseTo(loss, 5);
    expect(whole.accuracy).toBeCloseTo(right, 6);
    // It knows nothing yet.
    expect(whole.loss).toBeCloseTo(Math.log(7), 1);
    await expect(program.evaluate(parameters, data, rowsTo(0))).rejects.toThrow(RangeError);
  });

  it('refuses windows of another length', async () => {
    const { compute, program, parameters } = trainable();
    const other = compute.dataset(windows(3, 4, 7));
    await expect(program.evaluate(parameters, other, rowsTo(1))).rejects.toThrow('Windows of 5 tokens');
  });
});

describe('learning', () => {
  const sentence = 'the quick brown fox jumps over the lazy dog; pack my box with five dozen jugs!\n';
  const alphabet = new Alphabet('');
  const tokens = alphabet.encode(sentence);
  const context = 16;

  /** Adam of Kingma and Ba 2015 on the same four windows of the sentence, over and over. */
  async function overfit(compute: Compute, steps: number) {
    const given = options({ layers: 2, heads: 2, width: 32 });
    const layout = gpt.layout(given, shapeOf(context, alphabet.size));
    const program = gpt.program(compute, layout, given, 4);
    const features = new Uint8Array(4 * (context + 1));
    for (let row = 0; row < 4; row++) {
      features.set(tokens.subarray(row * context, (row + 1) * context + 1), row * (context + 1));
    }
    const data = compute.dataset({
      rows: 4,
      width: context + 1,
      classes: alphabet.size,
      scale: 1,
      features,
      labels: new Uint8Array(4),
    });
    const x = gpt.initialise(layout, 1);
    const [m, v] = [new Float64Array(x.length), new Float64Array(x.length)];
    const [parameters, gradient, losses] = [
      compute.vector(x.length),
      compute.vector(x.length),
      compute.vector(2 * steps),
    ];
    for (let step = 1; step <= steps; step++) {
      compute.upload(parameters, x);
      program.gradient(parameters, data, rowsTo(4), gradient, losses, 2 * (step - 1));
      (await compute.read(gradient)).forEach((g, k) => {
        m[k] = 0.9 * (m[k] ?? 0) + 0.1 * g;
        v[k] = 0.99 * (v[k] ?? 0) + 0.01 * g * g;
        const [mean, square] = [(m[k] ?? 0) / (1 - 0.9 ** step), (v[k] ?? 0) / (1 - 0.99 ** step)];
        x[k] = (x[k] ?? 0) - (0.01 * mean) / (Math.sqrt(square) + 1e-8);
      });
    }
    compute.upload(parameters, x);
    return { program, parameters, data, x, losses: await compute.read(losses) };
  }

  it('overfits one batch to below 0.05 nats, and then recites it', async () => {
    const { program, parameters, data, losses } = await overfit(createCpuCompute(), 100);
    expect(losses[0]).toBeCloseTo(Math.log(97), 1);
    const score = await program.evaluate(parameters, data, rowsTo(4));
    expect(score.loss).toBeLessThan(0.05);
    expect(score.accuracy).toBe(1);
    const begin = tokens.subarray(0, 3);
    const written = await program.sample?.(parameters, begin, context - 2, 0, () => 0);
    expect(alphabet.decode(written ?? new Uint8Array(0))).toBe(sentence.slice(3, context + 1));
  });

  it('gives the same bits twice', async () => {
    const [first, second] = [await overfit(createCpuCompute(), 3), await overfit(createCpuCompute(), 3)];
    expect(second.x).toEqual(first.x);
    expect(second.losses).toEqual(first.losses);
  });
});

describe('sampling', () => {
  it('goes on past the context, and looks back on no more than that', async () => {
    const { program, parameters } = trainable();
    const draw = (prompt: readonly number[], count: number) =>
      program.sample?.(parameters, Uint8Array.from(prompt), count, 1, uniforms());
    const long = await draw([1, 2, 3, 4, 5, 6, 1, 2, 3], 20);
    expect(long).toHaveLength(20);
    expect(long?.every((token) => token < 7)).toBe(true);
    // The same last six tokens, so the same continuation.
    expect(await draw([4, 5, 6, 1, 2, 3], 20)).toEqual(long);
    expect(await draw([1], 0)).toHaveLength(0);
  });

  it('leaves the gradients of training alone', async () => {
    const { compute, program, parameters, data } = trainable();
    const [gradient, losses] = [compute.vector(program.layout.length), compute.vector(2)];
    program.gradient(parameters, data, rowsTo(4), gradient, losses, 0);
    const before = await compute.read(gradient);
    const writing = program.sample?.(parameters, Uint8Array.of(1, 2), 5, 1, uniforms());
    program.gradient(parameters, data, rowsTo(4), gradient, losses, 0);
    expect(await compute.read(gradient)).toEqual(before);
    const written = await writing;
    expect(await program.sample?.(parameters, Uint8Array.of(1, 2), 5, 1, uniforms())).toEqual(written);
  });

  it('refuses an empty prompt and a temperature below 0', async () => {
    const { program, parameters } = trainable();
    const sample = (prompt: Uint8Array, temperature: number) =>
      program.sample?.(parameters, prompt, 1, temperature, () => 0);
    await expect(sample(new Uint8Array(0), 1)).rejects.toThrow('prompt');
    await expect(sample(Uint8Array.of(1), -1)).rejects.toThrow('temperature');
    await expect(sample(Uint8Array.of(1), Number.NaN)).rejects.toThrow('temperature');
  });

  it('draws each token as often as the softmax says', () => {
    const logits = [0, Math.log(2), Math.log(5)];
    const counts = [0, 0, 0];
    for (let k = 0; k < 800; k++) {
      const token = chooseToken(logits, 1, k / 800);
      counts[token] = (counts[token] ?? 0) + 1;
    }
    expect(counts).toEqual([100, 200, 500]);
    // At half the temperature the odds are squared: 1 to 4 to 25.
    expect(chooseToken(logits, 0.5, 0.99 / 30)).toBe(0);
    expect(chooseToken(logits, 0.5, 1.01 / 30)).toBe(1);
    expect(chooseToken([1, 3, 3], 0, 0.9)).toBe(1);
    expect(chooseToken([1, 3, 3], 1e-9, 0)).toBe(1);
    expect(chooseToken([0, -Infinity], 1, 0.999_999)).toBe(0);
    expect(() => chooseToken([0, Number.NaN], 1, 0)).toThrow('NaN');
  });
});

it('frees its scratch memory', () => {
  const { program, parameters, data } = trainable();
  program.destroy();
  return expect(program.evaluate(parameters, data, rowsTo(1))).rejects.toThrow('freed');
});

function uniforms(): () => number {
  const stream = randomStream(9, 0, 0, 0);
  return () => stream.uniform();
}

/** A program for batches of 4 windows of 6 over 200 windows of 7 tokens, at its initial parameters. */
function trainable() {
  const compute: Compute = createCpuCompute();
  const given = options({ layers: 2, heads: 2, width: 16 });
  const layout = gpt.layout(given, shapeOf(6, 7));
  const parameters = compute.vector(layout.length);
  compute.upload(parameters, gpt.initialise(layout, 1));
  const program = gpt.program(compute, layout, given, 4);
  return { compute, program, parameters, data: compute.dataset(windows(200, 6, 7)) };
}
