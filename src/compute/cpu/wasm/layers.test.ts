/**
 * Layers whose shapes cross the blocks of the WebAssembly kernels, against double precision; the naive
 * formulas themselves are checked on smaller shapes beside the TypeScript path.
 */
import { describe, expect, it } from 'vitest';
import type { Compute, Vector } from '../../compute.ts';
import { convolutionSizes } from '../../convolution.ts';
import { createCpuCompute, createDoubleCompute, createTypeScriptCompute } from '../index.ts';
import { load, normals } from '../testing.ts';

/** Runs on SIMD and on double precision and compares, relative to the largest result. */
async function compare(tolerance: number, run: (compute: Compute) => readonly Vector[]): Promise<void> {
  const simd = createCpuCompute();
  const double = createDoubleCompute();
  const exact = run(double).map((vector) => double.readDouble(vector));
  const found = await Promise.all(run(simd).map((vector) => simd.read(vector)));
  found.forEach((values, v) => {
    const expected = exact[v] ?? new Float64Array();
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = values.reduce((most, value, k) => Math.max(most, Math.abs(value - (expected[k] ?? 0))), 0);
    expect(values.length).toBe(expected.length);
    expect(values.some(Number.isNaN)).toBe(false);
    expect(error).toBeLessThanOrEqual(tolerance * largest);
  });
}

describe('dense layers', () => {
  it.each([
    { batch: 32, inputs: 784, outputs: 128 },
    { batch: 67, inputs: 515, outputs: 259 },
    { batch: 1, inputs: 1031, outputs: 10 },
    { batch: 300, inputs: 3, outputs: 1 },
  ])('and their gradients: %j', async (shape) => {
    const { batch, inputs, outputs } = shape;
    await compare(3e-6, (compute) => {
      const x = load(
        compute,
        normals(batch * inputs, 1).map((value) => Math.max(0, value)),
      );
      const p = load(compute, normals(outputs * (inputs + 1), 2));
      const dy = load(compute, normals(batch * outputs, 3));
      const [y, gradient, dx] = [batch * outputs, outputs * (inputs + 1), batch * inputs].map((length) =>
        compute.vector(length),
      );
      if (y === undefined || gradient === undefined || dx === undefined) throw new Error('three vectors');
      const biasOf = (vector: Vector) => ({ vector, offset: inputs * outputs });
      const weightOf = (vector: Vector) => ({ vector, offset: 0 });
      compute.dense(shape, x, weightOf(p), biasOf(p), y, 'relu');
      compute.denseWeightGradient(shape, x, dy, weightOf(gradient), biasOf(gradient));
      compute.denseInputGradient(shape, dy, weightOf(p), x, dx);
      return [y, gradient, dx];
    });
  });

  it('lets NaN through a ReLU, and nothing else below zero', async () => {
    const compute = createCpuCompute();
    const x = load(compute, Float32Array.of(Number.NaN, 1, -1, Number.NEGATIVE_INFINITY, 2));
    const p = load(compute, Float32Array.of(1, 0));
    const [weight, bias] = [
      { vector: p, offset: 0 },
      { vector: p, offset: 1 },
    ];
    const y = compute.vector(5);
    compute.dense({ batch: 5, inputs: 1, outputs: 1 }, x, weight, bias, y, 'relu');
    expect([...(await compute.read(y))]).toEqual([Number.NaN, 1, 0, 0, 2]);
  });
});

describe('convolutions', () => {
  it.each([
    { batch: 2, channels: 1, height: 28, width: 28, filters: 8, kernel: 5, stride: 1, padding: 2 },
    { batch: 3, channels: 11, height: 10, width: 13, filters: 66, kernel: 5, stride: 1, padding: 0 },
    { batch: 2, channels: 31, height: 17, width: 9, filters: 5, kernel: 3, stride: 2, padding: 1 },
    { batch: 1, channels: 3, height: 19, width: 41, filters: 2, kernel: 2, stride: 3, padding: 1 },
  ])('and their gradients: %j', async (shape) => {
    const sizes = convolutionSizes(shape);
    await compare(3e-6, (compute) => {
      const x = load(compute, normals(sizes.input, 4));
      const p = load(compute, normals(sizes.weight + shape.filters, 5));
      const dy = load(compute, normals(sizes.output, 6));
      const [y, gradient, dx] = [sizes.output, sizes.weight + shape.filters, sizes.input].map((length) =>
        compute.vector(length),
      );
      if (y === undefined || gradient === undefined || dx === undefined) throw new Error('three vectors');
      const at = (vector: Vector, offset: number) => ({ vector, offset });
      compute.convolution.forward(shape, x, at(p, 0), at(p, sizes.weight), y, 'relu');
      compute.convolution.weightGradient(shape, x, dy, at(gradient, 0), at(gradient, sizes.weight));
      compute.convolution.inputGradient(shape, dy, at(p, 0), x, dx);
      return [y, gradient, dx];
    });
  });
});

describe('a sum of two vectors', () => {
  it.each([0, 1, 3, 4, 7, 1001])('of %d entries has the bits of the TypeScript path', async (length) => {
    const run = async (compute: Compute) => {
      const [u, v] = [load(compute, normals(length, 7)), load(compute, normals(length, 8))];
      compute.linear(u, [
        [1, u],
        [-0.01, v],
      ]);
      compute.linear(v, [
        [Number.POSITIVE_INFINITY, u],
        [3e38, v],
      ]);
      return [await compute.read(u), await compute.read(v)];
    };
    expect(await run(createCpuCompute())).toEqual(await run(createTypeScriptCompute()));
  });
});
