/** Convolution against its formula, written as naively as possible, in both precisions. */
import { describe, expect, it } from 'vitest';
import type { Vector } from '../compute.ts';
import { type ConvolutionShape, convolutionSizes } from '../convolution.ts';
import { createCpuCompute } from './index.ts';
import { benches, load, normals } from './testing.ts';

function shapeOf(
  batch: number,
  [channels, height, width]: readonly [number, number, number],
  filters: number,
  kernel: number,
  stride = 1,
  padding = 0,
): ConvolutionShape {
  return { batch, channels, height, width, filters, kernel, stride, padding };
}

const SHAPES: readonly ConvolutionShape[] = [
  shapeOf(1, [1, 1, 1], 1, 1),
  shapeOf(2, [1, 5, 5], 1, 5),
  shapeOf(3, [2, 7, 6], 3, 3),
  shapeOf(2, [3, 6, 11], 5, 3, 1, 1),
  shapeOf(1, [2, 9, 10], 4, 5, 2, 2),
  shapeOf(2, [5, 4, 3], 7, 1, 2),
  shapeOf(1, [1, 8, 5], 2, 4, 3, 3),
];

/** Calls `visit` for every product of the convolution with the places of y, x and the weight. */
function everyProduct(s: ConvolutionShape, visit: (y: number, x: number, w: number) => void): void {
  const { outHeight, outWidth } = convolutionSizes(s);
  for (let y = 0; y < convolutionSizes(s).output; y++) {
    const j = y % outWidth;
    const i = Math.floor(y / outWidth) % outHeight;
    const f = Math.floor(y / (outWidth * outHeight)) % s.filters;
    const b = Math.floor(y / (outWidth * outHeight * s.filters));
    for (let w = 0; w < s.channels * s.kernel * s.kernel; w++) {
      const v = w % s.kernel;
      const u = Math.floor(w / s.kernel) % s.kernel;
      const c = Math.floor(w / (s.kernel * s.kernel));
      const row = i * s.stride + u - s.padding;
      const column = j * s.stride + v - s.padding;
      if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
      const x = ((b * s.channels + c) * s.height + row) * s.width + column;
      visit(y, x, f * s.channels * s.kernel * s.kernel + w);
    }
  }
}

/** Sums of terms and of their magnitudes: a result may be off by `tolerance` times the latter. */
class Sums {
  readonly values: Float64Array;
  readonly sizes: Float64Array;

  constructor(length: number) {
    this.values = new Float64Array(length);
    this.sizes = new Float64Array(length);
  }

  add(at: number, term: number): void {
    this.values[at] = (this.values[at] ?? 0) + term;
    this.sizes[at] = (this.sizes[at] ?? 0) + Math.abs(term);
  }

  expectAt(found: readonly number[], from: number, tolerance: number): void {
    this.values.forEach((value, k) => {
      const error = Math.abs((found[from + k] ?? Number.NaN) - value);
      expect(error).toBeLessThanOrEqual(tolerance * (this.sizes[k] ?? 0));
    });
  }
}

const at = (values: ArrayLike<number>, k: number) => values[k] ?? Number.NaN;
const slice = (vector: Vector, offset: number) => ({ vector, offset });

describe.each(benches())('$name precision', ({ compute, read, tolerance }) => {
  it.each(SHAPES)('forward, with bias, ReLU, at any offset: %j', async (shape) => {
    const sizes = convolutionSizes(shape);
    const x = normals(sizes.input, 1);
    const p = normals(3 + sizes.weight + shape.filters, 2);
    const biasAt = 3 + sizes.weight;
    const [input, held] = [load(compute, x), load(compute, p)];
    const [plain, biased, rectified] = [1, 2, 3].map(() => compute.vector(sizes.output + 1));
    if (plain === undefined || biased === undefined || rectified === undefined) throw new Error('three');
    compute.convolution.forward(shape, input, slice(held, 3), null, plain, 'none');
    compute.convolution.forward(shape, input, slice(held, 3), slice(held, biasAt), biased, 'none');
    compute.convolution.forward(shape, input, slice(held, 3), slice(held, biasAt), rectified, 'relu');
    const expected = new Sums(sizes.output);
    everyProduct(shape, (y, i, w) => expected.add(y, at(x, i) * at(p, 3 + w)));
    expected.expectAt(await read(plain), 0, tolerance);
    const positions = sizes.outHeight * sizes.outWidth;
    for (let y = 0; y < sizes.output; y++) {
      expected.add(y, at(p, biasAt + (Math.floor(y / positions) % shape.filters)));
    }
    const linear = await read(biased);
    expected.expectAt(linear, 0, tolerance);
    expect(linear[sizes.output]).toBe(0);
    expect(await read(rectified)).toEqual(linear.map((value) => Math.max(0, value)));
  });

  it.each(SHAPES)('weight gradient, overwriting no more than its slices: %j', async (shape) => {
    const sizes = convolutionSizes(shape);
    const x = normals(sizes.input, 3);
    const dy = normals(sizes.output, 4);
    const before = normals(2 + sizes.weight + shape.filters + 1, 5);
    const gradient = load(compute, before);
    const biasAt = 2 + sizes.weight;
    const [input, delta] = [load(compute, x), load(compute, dy)];
    compute.convolution.weightGradient(shape, input, delta, slice(gradient, 2), slice(gradient, biasAt));
    const weights = new Sums(sizes.weight);
    everyProduct(shape, (y, i, w) => weights.add(w, at(dy, y) * at(x, i)));
    const biases = new Sums(shape.filters);
    const positions = sizes.outHeight * sizes.outWidth;
    dy.forEach((value, y) => {
      biases.add(Math.floor(y / positions) % shape.filters, value);
    });
    const found = await read(gradient);
    weights.expectAt(found, 2, tolerance);
    biases.expectAt(found, biasAt, tolerance);
    expect(found.slice(0, 2)).toEqual([...before.subarray(0, 2)]);
    expect(found.at(-1)).toBe(before.at(-1));
    const alone = load(compute, before);
    compute.convolution.weightGradient(shape, input, delta, slice(alone, 2), null);
    expect(await read(alone)).toEqual([...found.slice(0, biasAt), ...before.subarray(biasAt)]);
  });

  it.each(SHAPES)('input gradient, with and without a ReLU to go through: %j', async (shape) => {
    const sizes = convolutionSizes(shape);
    const x = normals(sizes.input, 6);
    const dy = normals(sizes.output, 7);
    const w = normals(sizes.weight + 1, 8);
    const delta = load(compute, dy);
    const weight = slice(load(compute, w), 1);
    const [dx, through] = [load(compute, normals(sizes.input, 9)), compute.vector(sizes.input)];
    compute.convolution.inputGradient(shape, delta, weight, null, dx);
    compute.convolution.inputGradient(shape, delta, weight, load(compute, x), through);
    const expected = new Sums(sizes.input);
    everyProduct(shape, (y, i, k) => expected.add(i, at(dy, y) * at(w, 1 + k)));
    const found = await read(dx);
    expected.expectAt(found, 0, tolerance);
    expect(await read(through)).toEqual(found.map((value, k) => (at(x, k) > 0 ? value : 0)));
  });
});

it('does nothing over no pictures but write zero gradients', async () => {
  const compute = createCpuCompute();
  const shape = shapeOf(0, [1, 3, 3], 2, 3);
  const gradient = load(compute, normals(20, 1));
  const empty = compute.vector(0);
  compute.convolution.weightGradient(shape, empty, empty, slice(gradient, 0), slice(gradient, 18));
  expect([...(await compute.read(gradient))]).toEqual(new Array(20).fill(0));
});

it('refuses shapes that make no sense, and vectors that are too short', () => {
  const compute = createCpuCompute();
  const weight = slice(compute.vector(9), 0);
  expect(() => convolutionSizes(shapeOf(1, [1, 4, 4], 1, 5))).toThrow(/too small for a kernel of 5/);
  expect(() => convolutionSizes(shapeOf(1, [1, 4, 4], 1, 3, 1, 3))).toThrow(/padding .* 0 to 2/);
  expect(() => convolutionSizes(shapeOf(1, [0, 4, 4], 1, 3))).toThrow(/number of channels/);
  expect(() => convolutionSizes(shapeOf(1, [1, 4, 4], 1, 3, 0.5))).toThrow(/number of stride/);
  const shape = shapeOf(1, [1, 4, 4], 1, 3);
  const run = (x: number, y: number) => () =>
    compute.convolution.forward(shape, compute.vector(x), weight, null, compute.vector(y), 'none');
  expect(run(15, 4)).toThrow(RangeError);
  expect(run(16, 3)).toThrow(RangeError);
  expect(run(16, 4)).not.toThrow();
});
