/** Convolution, pooling, group normalisation and residual kernels against the TypeScript implementation. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Compute, Vector } from './compute.ts';
import { type ConvolutionShape, convolutionSizes } from './convolution.ts';
import { createCpuCompute } from './cpu/index.ts';
import { type GroupNormShape, groupNormStatistics } from './normalisation.ts';
import { type PoolingShape, poolingSizes } from './pooling.ts';
import { createWebGpuCompute, type WebGpuCompute } from './webgpu/index.ts';
import { distance, noise, vectorOf } from './webgpu/testing.ts';

const cpu = createCpuCompute();
let gpu: WebGpuCompute;
beforeAll(async () => {
  gpu = await createWebGpuCompute();
});
afterAll(() => gpu.destroy());

const slice = (vector: Vector, offset: number) => ({ vector, offset });

/** Runs the same operations on both; the largest distance between what they return. */
async function onBoth(operations: (compute: Compute) => readonly Vector[]): Promise<Float32Array[]> {
  const read = async (compute: Compute) =>
    await Promise.all(operations(compute).map((vector) => compute.read(vector)));
  const [ours, theirs] = [await read(gpu), await read(cpu)];
  ours.forEach((values, k) => {
    const expected = theirs[k] ?? new Float32Array(0);
    expect(expected.some((value) => value !== 0)).toBe(true);
    expect(distance(values, expected)).toBeLessThan(2e-5);
  });
  return ours;
}

describe.each<readonly [number, number, number, number, number, number, number, number]>([
  // batch, channels, height, width, filters, kernel, stride, padding
  [1, 1, 1, 1, 1, 1, 1, 0],
  [3, 2, 5, 7, 3, 3, 1, 0],
  [2, 3, 9, 8, 5, 5, 1, 2],
  [5, 1, 28, 28, 8, 5, 1, 0],
  [4, 8, 12, 12, 16, 5, 1, 0],
  [3, 16, 14, 14, 16, 3, 1, 1],
  [2, 5, 15, 13, 7, 3, 2, 1],
  [2, 6, 8, 9, 13, 1, 2, 0],
  [1, 2, 17, 19, 3, 7, 3, 4],
  [2, 3, 18, 21, 5, 11, 2, 5],
  [3, 2, 2, 1, 4, 5, 1, 3],
  [2, 1, 12, 11, 3, 10, 1, 0],
  [1, 2, 9, 10, 6, 2, 3, 1],
  [2, 4, 20, 23, 4, 6, 1, 3],
  [2, 3, 4, 31, 67, 2, 1, 1],
  [131, 1, 3, 3, 2, 3, 1, 1],
])('a convolution of %i × [%i, %i, %i] with %i filters of %i, stride %i, padding %i', (...numbers) => {
  const [batch, channels, height, width, filters, kernel, stride, padding] = numbers;
  const shape: ConvolutionShape = { batch, channels, height, width, filters, kernel, stride, padding };
  const sizes = convolutionSizes(shape);
  const x = noise(sizes.input, 1);
  const dy = noise(sizes.output, 2);
  const parameters = noise(3 + sizes.weight + filters + 2, 3);
  const biasAt = 3 + sizes.weight;

  it('runs forward, plain and with bias and ReLU', async () => {
    await onBoth((compute) => {
      const held = vectorOf(compute, parameters);
      const input = vectorOf(compute, x);
      const [plain, rectified] = [compute.vector(sizes.output), compute.vector(sizes.output)];
      compute.convolution.forward(shape, input, slice(held, 3), null, plain, 'none');
      // A bias of 2 leaves something to pass through the smallest picture's ReLU.
      const bias = slice(vectorOf(compute, new Float32Array(filters).fill(2)), 0);
      compute.convolution.forward(shape, input, slice(held, 3), bias, rectified, 'relu');
      return [plain, rectified];
    });
  });

  it('makes the gradient of weights and biases, and leaves the rest of the vector alone', async () => {
    const [gradient = new Float32Array(0)] = await onBoth((compute) => {
      const gradient = vectorOf(compute, parameters);
      const alone = vectorOf(compute, parameters);
      const [input, delta] = [vectorOf(compute, x), vectorOf(compute, dy)];
      compute.convolution.weightGradient(shape, input, delta, slice(gradient, 3), slice(gradient, biasAt));
      compute.convolution.weightGradient(shape, input, delta, slice(alone, 3), null);
      return [gradient, alone];
    });
    expect(gradient.subarray(0, 3)).toEqual(parameters.subarray(0, 3));
    expect(gradient.subarray(biasAt + filters)).toEqual(parameters.subarray(biasAt + filters));
  });

  it('makes the gradient of the input, with and without a ReLU to go through', async () => {
    const mask = x.map((value, k) => (k === 0 ? 1 : Math.max(0, value + 0.5)));
    const [, through = new Float32Array(0)] = await onBoth((compute) => {
      const weight = slice(vectorOf(compute, parameters), 3);
      const delta = vectorOf(compute, dy);
      const [dx, through] = [compute.vector(sizes.input), compute.vector(sizes.input)];
      compute.convolution.inputGradient(shape, delta, weight, null, dx);
      compute.convolution.inputGradient(shape, delta, weight, vectorOf(compute, mask), through);
      return [dx, through];
    });
    expect(through.every((value, k) => value === 0 || (mask[k] ?? 0) > 0)).toBe(true);
  });
});

describe.each<PoolingShape>([
  { kind: 'max', planes: 1, height: 1, width: 1, windowHeight: 1, windowWidth: 1 },
  { kind: 'max', planes: 37, height: 24, width: 24, windowHeight: 2, windowWidth: 2 },
  { kind: 'max', planes: 5, height: 7, width: 9, windowHeight: 2, windowWidth: 4 },
  { kind: 'average', planes: 37, height: 8, width: 8, windowHeight: 2, windowWidth: 2 },
  { kind: 'average', planes: 67, height: 7, width: 5, windowHeight: 7, windowWidth: 5 },
  { kind: 'average', planes: 3, height: 11, width: 13, windowHeight: 3, windowWidth: 2 },
])('pooling %j', (shape) => {
  it('runs both ways, with ties and a ReLU to go through', async () => {
    const sizes = poolingSizes(shape);
    // A grid of values, so that maxima tie.
    const x = noise(sizes.input, 4).map((value) => Math.max(0, Math.round(4 * value) + 2));
    const dy = noise(sizes.output, 5);
    await onBoth((compute) => {
      const [input, delta] = [vectorOf(compute, x), vectorOf(compute, dy)];
      const y = compute.vector(sizes.output);
      const [dx, through] = [vectorOf(compute, noise(sizes.input, 6)), compute.vector(sizes.input)];
      compute.pooling.forward(shape, input, y);
      compute.pooling.gradient(shape, input, delta, dx, false);
      compute.pooling.gradient(shape, input, delta, through, true);
      return [y, dx, through];
    });
  });
});

describe.each<GroupNormShape>([
  { batch: 1, channels: 1, positions: 3, groups: 1 },
  { batch: 3, channels: 6, positions: 35, groups: 2 },
  { batch: 32, channels: 16, positions: 196, groups: 4 },
  { batch: 7, channels: 5, positions: 1, groups: 1 },
  { batch: 2, channels: 67, positions: 13, groups: 67 },
])('group normalisation %j', (shape) => {
  const size = shape.batch * shape.channels * shape.positions;
  const x = noise(size, 7).map((value) => value + 3);
  const p = noise(5 + 2 * shape.channels, 8);
  const gainAt = 2;
  const biasAt = 4 + shape.channels;

  it('runs forward and makes its gradients', async () => {
    const [, , , gradient = new Float32Array(0)] = await onBoth((compute) => {
      const held = vectorOf(compute, p);
      const gradient = vectorOf(compute, p);
      const [input, delta] = [vectorOf(compute, x), vectorOf(compute, noise(size, 9))];
      const statistics = compute.vector(groupNormStatistics(shape));
      const [plain, rectified, dx] = [compute.vector(size), compute.vector(size), compute.vector(size)];
      const { normalisation } = compute;
      const gain = slice(held, gainAt);
      const bias = slice(held, biasAt);
      normalisation.groupNorm(shape, input, gain, bias, statistics, plain, 'none');
      const up = slice(vectorOf(compute, new Float32Array(shape.channels).fill(2)), 0);
      normalisation.groupNorm(shape, input, gain, up, statistics, rectified, 'relu');
      normalisation.groupNormGradient(
        shape,
        input,
        gain,
        statistics,
        delta,
        slice(gradient, gainAt),
        slice(gradient, biasAt),
        dx,
        true,
      );
      return [plain, rectified, dx, gradient];
    });
    expect(gradient.subarray(0, gainAt)).toEqual(p.subarray(0, gainAt));
    expect(gradient.subarray(biasAt + shape.channels)).toEqual(p.subarray(biasAt + shape.channels));
  });
});

it('adds the paths of a residual block', async () => {
  await onBoth((compute) => {
    const [a, b] = [vectorOf(compute, noise(1021, 1)), vectorOf(compute, noise(1021, 2))];
    const [y, dx, through] = [compute.vector(1021), compute.vector(1021), compute.vector(1021)];
    compute.residual.addRelu(1019, a, b, y);
    compute.residual.addGradients(1019, a, b, null, dx);
    compute.residual.addGradients(1019, a, b, y, through);
    return [y, dx, through];
  });
});

it('refuses to overwrite what it reads', () => {
  const shape = { batch: 1, channels: 1, height: 3, width: 3, filters: 1, kernel: 3, stride: 1, padding: 1 };
  const [x, w] = [gpu.vector(9), gpu.vector(9)];
  expect(() => gpu.convolution.forward(shape, x, slice(w, 0), null, x, 'none')).toThrow(/another vector/);
  expect(() => gpu.residual.addRelu(9, x, w, w)).toThrow(/another vector/);
});
