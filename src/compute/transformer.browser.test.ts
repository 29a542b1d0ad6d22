/** The kernels of a transformer's layers against the TypeScript implementation, on shapes that fit no tile. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute } from './compute.ts';
import { createDoubleCompute } from './cpu/index.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { distance, firstDifference, integers, noise, vectorOf, wordsOf } from './webgpu/testing.ts';

const cpu = createDoubleCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

/** Runs the same operations on both; what they read must be near. */
async function same(
  operations: (compute: Compute) => Promise<readonly Float32Array[]>,
  tolerance = 1e-5,
): Promise<void> {
  const [ours, theirs] = [await operations(gpu), await operations(cpu)];
  expect(ours.length).toBe(theirs.length);
  ours.forEach((values, at) => {
    expect(distance(values, theirs[at] ?? new Float32Array(0))).toBeLessThan(tolerance);
  });
}

describe.each([1, 3, 4, 63, 257, 5003])('%i activations', (count) => {
  it.each(['relu', 'tanh', 'gelu'] as const)('of %s, and their slopes', async (kind) => {
    const x = noise(count + 2, 1).map((value) => 6 * value);
    await same(async (compute) => {
      const [input, delta] = [vectorOf(compute, x), vectorOf(compute, noise(count + 2, 2))];
      const [y, dx] = [vectorOf(compute, noise(count + 2, 3)), vectorOf(compute, noise(count + 2, 4))];
      compute.activation.apply(kind, count, input, y);
      compute.activation.gradient(kind, count, input, delta, dx);
      return [await compute.read(y), await compute.read(dx)];
    });
  });
});

it('keeps activations of huge numbers finite', async () => {
  const x = Float32Array.of(0, 3e38, -3e38, 1e13, -1e13, 88, -88, 1e-30);
  for (const kind of ['relu', 'tanh', 'gelu'] as const) {
    const [y, dx] = [gpu.vector(8), gpu.vector(8)];
    gpu.activation.apply(kind, 8, vectorOf(gpu, x), y);
    gpu.activation.gradient(kind, 8, vectorOf(gpu, x), vectorOf(gpu, new Float32Array(8).fill(1)), dx);
    const [values, slopes] = [await gpu.read(y), await gpu.read(dx)];
    expect([...values, ...slopes].every(Number.isFinite)).toBe(true);
    const top = kind === 'tanh' ? 1 : 3e38;
    expect((values[1] ?? Number.NaN) / top).toBeCloseTo(1, 5);
    expect(values[2]).toBeCloseTo(kind === 'tanh' ? -1 : 0, 5);
  }
});

describe.each([
  { rows: 1, width: 1 },
  { rows: 3, width: 5 },
  { rows: 67, width: 13 },
  { rows: 512, width: 64 },
  { rows: 1031, width: 4 },
  { rows: 2, width: 300 },
])('layer norm over $rows rows of $width', ({ rows, width }) => {
  it.each(['set', 'add'] as const)('agrees, forward and backward, in mode %s', async (mode) => {
    const shape = { rows, width };
    await same(async (compute) => {
      const x = vectorOf(compute, noise(rows * width, 5));
      const held = vectorOf(compute, noise(2 * width + 5, 6));
      const dy = vectorOf(compute, noise(rows * width, 7));
      const [y, stats] = [compute.vector(rows * width), compute.vector(2 * rows)];
      const dx = vectorOf(compute, noise(rows * width, 8));
      const slopes = vectorOf(compute, noise(2 * width + 5, 9));
      const gain = { vector: held, offset: 1 };
      const dGain = { vector: slopes, offset: 3 };
      const dBias = { vector: slopes, offset: 3 + width };
      compute.layerNorm.forward(shape, x, gain, { vector: held, offset: 2 + width }, y, stats);
      compute.layerNorm.backward(shape, x, stats, gain, dy, dx, mode, dGain, dBias);
      return [await compute.read(y), await compute.read(dx), await compute.read(slopes)];
    }, 3e-5);
  });
});

describe.each([
  { windows: 1, context: 1, heads: 1, width: 4 },
  { windows: 3, context: 7, heads: 3, width: 12 },
  { windows: 2, context: 33, heads: 2, width: 16 },
  { windows: 8, context: 64, heads: 4, width: 64 },
  { windows: 1, context: 65, heads: 1, width: 20 },
  { windows: 2, context: 19, heads: 2, width: 104 },
  { windows: 1, context: 256, heads: 1, width: 64 },
])('attention of $windows windows of $context, $heads heads, width $width', (shape) => {
  it('agrees, forward and backward', async () => {
    const { windows, context, heads, width } = shape;
    const places = windows * context;
    await same(async (compute) => {
      const qkv = vectorOf(
        compute,
        noise(3 * places * width, 10).map((value) => 3 * value),
      );
      const out = vectorOf(compute, noise(places * width + 3, 11));
      const stats = compute.vector(2 * places * heads);
      const dOut = vectorOf(compute, noise(places * width, 12));
      const dQkv = vectorOf(compute, noise(3 * places * width + 3, 13));
      compute.attention.forward(shape, qkv, out, stats);
      compute.attention.backward(shape, qkv, out, stats, dOut, dQkv);
      return [await compute.read(out), await compute.read(dQkv)];
    });
  });
});

describe.each([
  { windows: 1, context: 1, vocabulary: 1, width: 1 },
  { windows: 5, context: 7, vocabulary: 11, width: 6 },
  { windows: 8, context: 64, vocabulary: 97, width: 64 },
  { windows: 3, context: 129, vocabulary: 256, width: 3 },
])('embedding of $windows windows of $context, vocabulary $vocabulary, width $width', (shape) => {
  const { windows, context, vocabulary, width } = shape;
  const places = windows * context;

  it.each(['set', 'add'] as const)('agrees, forward and backward, in mode %s', async (mode) => {
    await same(async (compute) => {
      // One past the vocabulary is among them.
      const tokens = wordsOf(compute, integers(places, vocabulary + 1, 14));
      const held = vectorOf(compute, noise(3 + (vocabulary + context) * width, 15));
      const slopes = vectorOf(compute, noise(3 + (vocabulary + context) * width, 16));
      const out = vectorOf(compute, noise(places * width + 1, 17));
      const at = 1 + vocabulary * width;
      const dOut = vectorOf(compute, noise(places * width, 18));
      const slice = (vector: typeof held, offset: number) => ({ vector, offset });
      compute.embedding.embed(shape, tokens, slice(held, 1), slice(held, at), out);
      compute.embedding.embedGradient(shape, tokens, dOut, slice(slopes, 1), mode, slice(slopes, at));
      return [await compute.read(out), await compute.read(slopes)];
    });
  });

  it('has the same token windows', async () => {
    const rows = 23;
    const features = Uint8Array.from(integers(rows * (context + 1), 256, 19));
    const data = { rows, width: context + 1, classes: 256, scale: 1, features, labels: new Uint8Array(rows) };
    const wanted = integers(windows, rows, 20);
    const results = [];
    for (const compute of [gpu, cpu]) {
      const [inputs, targets] = [compute.words(places), compute.words(places)];
      compute.embedding.gatherTokens(compute.dataset(data), wanted, vocabulary, inputs, targets);
      results.push(await compute.readWords(inputs), await compute.readWords(targets));
    }
    const [ourInputs, ourTargets, inputs, targets] = results as [
      Uint32Array,
      Uint32Array,
      Uint32Array,
      Uint32Array,
    ];
    expect(firstDifference(ourInputs, inputs)).toBe(-1);
    expect(firstDifference(ourTargets, targets)).toBe(-1);
  });
});

it('gathers more windows than one list holds', async () => {
  const data = {
    rows: 5,
    width: 3,
    classes: 9,
    scale: 1,
    features: Uint8Array.from(integers(15, 9, 21)),
    labels: new Uint8Array(5),
  };
  const wanted = integers(16_400, 5, 22);
  const [ours, theirs] = await Promise.all(
    [gpu, cpu].map((compute) => {
      const [inputs, targets] = [compute.words(32_800), compute.words(32_800)];
      compute.embedding.gatherTokens(compute.dataset(data), wanted, 9, inputs, targets);
      return compute.readWords(targets);
    }),
  );
  expect(firstDifference(ours ?? new Uint32Array(0), theirs ?? new Uint32Array(1))).toBe(-1);
});

it('refuses numbers for tokens, and a window that does not exist', () => {
  const common = { rows: 1, width: 3, classes: 9, scale: 1, labels: new Uint8Array(1) };
  const bytes = gpu.dataset({ ...common, features: new Uint8Array(3) });
  const numbers = gpu.dataset({ ...common, features: new Float32Array(3) });
  const [inputs, targets] = [gpu.words(2), gpu.words(2)];
  const gather = (data: typeof bytes, row: number) =>
    gpu.embedding.gatherTokens(data, Uint32Array.of(row), 9, inputs, targets);
  expect(() => gather(numbers, 0)).toThrow('bytes');
  expect(() => gather(bytes, 1)).toThrow('no row 1');
});
