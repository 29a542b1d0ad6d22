/** Attention against its formula with the whole matrix written out, and its gradient against differences. */
import { describe, expect, it } from 'vitest';
import { type AttentionShape, headSize } from '../attention.ts';
import { benches, load, normals } from './testing.ts';

const SHAPES: readonly AttentionShape[] = [
  { windows: 1, context: 1, heads: 1, width: 4 },
  { windows: 1, context: 2, heads: 1, width: 4 },
  { windows: 2, context: 5, heads: 2, width: 8 },
  { windows: 3, context: 4, heads: 3, width: 12 },
  { windows: 1, context: 3, heads: 1, width: 20 },
];
const at = (values: ArrayLike<number>, i: number) => values[i] ?? Number.NaN;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function naive(shape: AttentionShape, qkv: ArrayLike<number>): number[] {
  const { windows, context, heads, width } = shape;
  const size = headSize(shape);
  const out = new Array<number>(windows * context * width).fill(0);
  for (const w of range(windows)) {
    for (const h of range(heads)) {
      const vector = (kind: number, t: number) =>
        range(size).map((c) => at(qkv, ((w * context + t) * 3 + kind) * width + h * size + c));
      for (const t of range(context)) {
        const exponentials = range(t + 1).map((s) => {
          const key = vector(1, s);
          return Math.exp(sum(vector(0, t).map((q, c) => q * at(key, c))) / Math.sqrt(size));
        });
        for (const c of range(size)) {
          const weighted = exponentials.map((e, s) => e * at(vector(2, s), c));
          out[(w * context + t) * width + h * size + c] = sum(weighted) / sum(exponentials);
        }
      }
    }
  }
  return out;
}

describe.each(benches())('$name precision', ({ compute, read, tolerance }) => {
  it.each(SHAPES)('is its formula: %j', async (shape) => {
    const places = shape.windows * shape.context;
    const qkv = normals(3 * places * shape.width, 1);
    const out = load(compute, new Float32Array(places * shape.width + 1).fill(7));
    compute.attention.forward(shape, load(compute, qkv), out, compute.vector(2 * places * shape.heads));
    const found = await read(out);
    naive(shape, qkv).forEach((value, k) => {
      expect(Math.abs(at(found, k) - value)).toBeLessThan(20 * tolerance);
    });
    expect(found.at(-1)).toBe(7);
  });

  it.each(SHAPES)('has its gradient: %j', async (shape) => {
    const places = shape.windows * shape.context;
    const qkv = normals(3 * places * shape.width, 2);
    const dOut = normals(places * shape.width, 3);
    const input = load(compute, qkv);
    const out = compute.vector(places * shape.width);
    const stats = compute.vector(2 * places * shape.heads);
    const dQkv = load(compute, normals(3 * places * shape.width, 4));
    compute.attention.forward(shape, input, out, stats);
    compute.attention.backward(shape, input, out, stats, load(compute, dOut), dQkv);
    const found = await read(dQkv);
    const step = 1e-5;
    qkv.forEach((_, k) => {
      const moved = (by: number) =>
        naive(
          shape,
          Array.from(qkv, (value, j) => (j === k ? value + by : value)),
        );
      const [above, below] = [moved(step), moved(-step)];
      const slope = sum(above.map((value, j) => ((value - at(below, j)) / (2 * step)) * at(dOut, j)));
      expect(Math.abs(at(found, k) - slope)).toBeLessThan(3e-6);
    });
  });

  it('is finite for scores of thousands', async () => {
    const shape = { windows: 1, context: 3, heads: 1, width: 4 };
    const qkv = load(
      compute,
      normals(36, 5).map((value) => 100 * value),
    );
    const [out, stats, dQkv] = [compute.vector(12), compute.vector(6), compute.vector(36)];
    compute.attention.forward(shape, qkv, out, stats);
    compute.attention.backward(shape, qkv, out, stats, load(compute, normals(12, 6)), dQkv);
    for (const vector of [out, dQkv]) {
      expect((await read(vector)).every((value) => Number.isFinite(value))).toBe(true);
    }
  });

  it('refuses odd widths, short vectors, and overwriting what it reads', () => {
    const shape = { windows: 1, context: 2, heads: 2, width: 8 };
    const [qkv, out, stats] = [compute.vector(48), compute.vector(16), compute.vector(8)];
    const { attention } = compute;
    expect(() => attention.forward({ ...shape, width: 12 }, compute.vector(99), qkv, stats)).toThrow(
      'multiple of 8, not 12',
    );
    expect(() => attention.forward(shape, qkv, out, compute.vector(7))).toThrow(RangeError);
    expect(() => attention.forward(shape, qkv, qkv, stats)).toThrow(RangeError);
    expect(() => attention.backward(shape, qkv, out, stats, out, qkv)).toThrow(RangeError);
  });
});
