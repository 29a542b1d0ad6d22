/** Layer normalisation against its formula, and its gradients against differences of that formula. */
import { describe, expect, it } from 'vitest';
import { benches, load, normals } from './testing.ts';

const SHAPES = [1, 2, 5].flatMap((rows) => [1, 2, 3, 8, 13].map((width) => ({ rows, width })));
const at = (values: ArrayLike<number>, i: number) => values[i] ?? Number.NaN;

function naive(width: number, x: ArrayLike<number>, gain: ArrayLike<number>, bias: ArrayLike<number>) {
  return Array.from(x, (value, k) => {
    const row = Array.from(x).slice(k - (k % width), k - (k % width) + width);
    const mean = row.reduce((sum, other) => sum + other, 0) / width;
    const variance = row.reduce((sum, other) => sum + (other - mean) ** 2, 0) / width;
    return ((value - mean) / Math.sqrt(variance + 1e-5)) * at(gain, k % width) + at(bias, k % width);
  });
}

/** Central differences of Σ dy · naive with respect to one of the arguments. */
function differences(of: (values: number[]) => number[], where: ArrayLike<number>, dy: ArrayLike<number>) {
  const step = 1e-4;
  return Array.from(where, (_, k) => {
    const moved = (by: number) => of(Array.from(where, (value, j) => (j === k ? value + by : value)));
    const [above, below] = [moved(step), moved(-step)];
    return above.reduce((sum, y, j) => sum + ((y - at(below, j)) / (2 * step)) * at(dy, j), 0);
  });
}

describe.each(benches())('$name precision', ({ compute, read, tolerance }) => {
  const slice = (vector: ReturnType<typeof load>, offset: number) => ({ vector, offset });

  it.each(SHAPES)('is its formula over $rows rows of $width', async ({ rows, width }) => {
    const [x, p] = [normals(rows * width, 1), normals(2 * width + 3, 2)];
    const y = load(compute, new Float32Array(rows * width + 1).fill(7));
    const stats = compute.vector(2 * rows);
    const held = load(compute, p);
    const shape = { rows, width };
    compute.layerNorm.forward(shape, load(compute, x), slice(held, 3), slice(held, 3 + width), y, stats);
    const expected = naive(width, x, p.subarray(3), p.subarray(3 + width));
    const found = await read(y);
    expected.forEach((value, k) => {
      expect(Math.abs(at(found, k) - value)).toBeLessThan(100 * tolerance);
    });
    expect(found[rows * width]).toBe(7);
  });

  it.each(SHAPES)('has its gradients over $rows rows of $width', async ({ rows, width }) => {
    // Apart from each other, so that two numbers make no near-constant row with a huge slope.
    const x = normals(rows * width, 1).map((value, k) => value + 2 * (k % 2));
    const [p, dy, old] = [normals(2 * width + 3, 2), normals(rows * width, 3), normals(rows * width, 4)];
    const [gain, bias] = [p.slice(3, 3 + width), p.slice(3 + width)];
    const [input, held, delta] = [load(compute, x), load(compute, p), load(compute, dy)];
    const stats = compute.vector(2 * rows);
    const slopes = load(compute, new Float32Array(2 * width + 3).fill(7));
    const [set, add] = [load(compute, old), load(compute, old)];
    const shape = { rows, width };
    const [at3, atBias] = [slice(held, 3), slice(held, 3 + width)];
    const [dGain, dBias] = [slice(slopes, 3), slice(slopes, 3 + width)];
    compute.layerNorm.forward(shape, input, at3, atBias, compute.vector(rows * width), stats);
    compute.layerNorm.backward(shape, input, stats, at3, delta, set, 'set', dGain, dBias);
    compute.layerNorm.backward(shape, input, stats, at3, delta, add, 'add', dGain, dBias);
    const dx = differences((values) => naive(width, values, gain, bias), x, dy);
    const forGain = differences((values) => naive(width, x, values, bias), gain, dy);
    const forBias = differences((values) => naive(width, x, gain, values), bias, dy);
    const near = (found: readonly number[], expected: readonly number[]) => {
      expect(found.length).toBe(expected.length);
      expected.forEach((value, k) => {
        expect(Math.abs(at(found, k) - value)).toBeLessThan(1e-5);
      });
    };
    near(await read(set), dx);
    near(
      await read(add),
      dx.map((value, k) => value + at(old, k)),
    );
    near(await read(slopes), [7, 7, 7, ...forGain, ...forBias]);
  });

  it('refuses to overwrite what it reads', () => {
    const v = () => compute.vector(8);
    const [x, p, y, stats] = [v(), v(), v(), v()];
    const [gain, bias] = [slice(p, 0), slice(p, 4)];
    const shape = { rows: 2, width: 4 };
    expect(() => compute.layerNorm.forward(shape, x, gain, bias, x, stats)).toThrow(RangeError);
    expect(() => compute.layerNorm.forward(shape, x, gain, bias, y, y)).toThrow(RangeError);
    expect(() => compute.layerNorm.forward({ rows: 3, width: 4 }, x, gain, bias, y, stats)).toThrow(
      RangeError,
    );
    expect(() => compute.layerNorm.backward(shape, x, stats, gain, y, y, 'set', bias, gain)).toThrow(
      RangeError,
    );
  });
});
