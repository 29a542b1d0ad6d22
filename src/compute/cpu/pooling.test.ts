/** Pooling and residual sums against their definitions, in both precisions. */
import { describe, expect, it } from 'vitest';
import { type PoolingShape, poolingSizes } from '../pooling.ts';
import { benches, load, normals } from './testing.ts';

function shapeOf(
  kind: 'max' | 'average',
  planes: number,
  height: number,
  width: number,
  windowHeight: number,
  windowWidth = windowHeight,
): PoolingShape {
  return { kind, planes, height, width, windowHeight, windowWidth };
}

const SHAPES = (['max', 'average'] as const).flatMap((kind) => [
  shapeOf(kind, 1, 1, 1, 1),
  shapeOf(kind, 3, 4, 6, 2),
  shapeOf(kind, 5, 7, 5, 2),
  shapeOf(kind, 2, 11, 13, 3, 5),
  shapeOf(kind, 4, 7, 3, 7, 3),
]);

/** Places in x of every window's entries, in order of the results. */
function windows(shape: PoolingShape): number[][] {
  const { planes, height, width, windowHeight, windowWidth } = shape;
  const { outHeight, outWidth } = poolingSizes(shape);
  const places: number[][] = [];
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        const window: number[] = [];
        for (let u = 0; u < windowHeight; u++) {
          for (let v = 0; v < windowWidth; v++) {
            window.push((plane * height + i * windowHeight + u) * width + j * windowWidth + v);
          }
        }
        places.push(window);
      }
    }
  }
  return places;
}

describe.each(benches())('$name precision', ({ compute, read, tolerance }) => {
  it.each(SHAPES)('pools, and shares gradients out: %j', async (shape) => {
    const sizes = poolingSizes(shape);
    // Few different values, so that maxima tie.
    const x = normals(sizes.input, 1).map((value) => Math.round(2 * value) / 2 + 0);
    const dy = normals(sizes.output, 2);
    const input = load(compute, x);
    const y = compute.vector(sizes.output + 1);
    const dx = load(compute, normals(sizes.input, 3));
    const through = compute.vector(sizes.input);
    compute.pooling.forward(shape, input, y);
    compute.pooling.gradient(shape, input, load(compute, dy), dx, false);
    compute.pooling.gradient(shape, input, load(compute, dy), through, true);
    const expected = new Array<number>(sizes.input).fill(0);
    const found = await read(y);
    windows(shape).forEach((places, result) => {
      const values = places.map((place) => x[place] ?? Number.NaN);
      const delta = dy[result] ?? Number.NaN;
      if (shape.kind === 'max') {
        expect(found[result]).toBe(Math.max(...values));
        expected[places[values.indexOf(Math.max(...values))] ?? -1] = delta;
        return;
      }
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.abs((found[result] ?? Number.NaN) - mean)).toBeLessThanOrEqual(4 * tolerance);
      for (const place of places) expected[place] = delta / places.length;
    });
    expect(found[sizes.output]).toBe(0);
    const gradient = await read(dx);
    expected.forEach((value, k) => {
      expect(Math.abs((gradient[k] ?? Number.NaN) - value)).toBeLessThanOrEqual(4 * tolerance);
    });
    expect(await read(through)).toEqual(gradient.map((value, k) => ((x[k] ?? 0) > 0 ? value : 0)));
  });

  it('adds the paths of a residual block, over as many entries as asked for', async () => {
    const [a, b] = [normals(7, 4), normals(7, 5)];
    const x = Float32Array.of(1, 0, 2, 0, 3, 4, 5);
    const [left, right] = [load(compute, a), load(compute, b)];
    const [y, plain, through] = [compute.vector(7), compute.vector(7), compute.vector(7)];
    compute.residual.addRelu(6, left, right, y);
    compute.residual.addGradients(6, left, right, null, plain);
    compute.residual.addGradients(6, left, right, load(compute, x), through);
    const sums = Array.from(a, (value, k) => (k < 6 ? value + (b[k] ?? Number.NaN) : 0));
    const found = await read(plain);
    sums.forEach((value, k) => {
      expect(Math.abs((found[k] ?? Number.NaN) - value)).toBeLessThanOrEqual(4 * tolerance);
    });
    expect(await read(y)).toEqual(found.map((value) => Math.max(0, value)));
    expect(await read(through)).toEqual(found.map((value, k) => (x[k] === 0 ? 0 : value)));
  });
});

it('refuses windows larger than the picture and sizes that make no sense', () => {
  expect(() => poolingSizes(shapeOf('max', 1, 3, 3, 4))).toThrow(/too small for a pooling window of 4/);
  expect(() => poolingSizes(shapeOf('max', 1, 3, 3, 0))).toThrow(RangeError);
  expect(() => poolingSizes(shapeOf('max', 1.5, 3, 3, 1))).toThrow(RangeError);
});
