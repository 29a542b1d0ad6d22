/** Orthonormal columns: orthogonality, the span, and what happens to columns that have no direction. */
import { describe, expect, it } from 'vitest';
import { orthonormalise } from './orthonormal.ts';
import { randomStream } from './random.ts';

function normals(length: number, seed: number): Float64Array {
  const stream = randomStream(seed, 0, 0, 0);
  return Float64Array.from({ length }, () => stream.normal());
}

function column(matrix: Float64Array, columns: number, c: number): number[] {
  return [...matrix].filter((_, at) => at % columns === c);
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0);

/** Largest entry of |QᵀQ − I| over the first `count` columns. */
function defect(matrix: Float64Array, columns: number, count = columns): number {
  let worst = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const product = dot(column(matrix, columns, i), column(matrix, columns, j));
      worst = Math.max(worst, Math.abs(product - (i === j ? 1 : 0)));
    }
  }
  return worst;
}

/** How far `vector` lies outside the span of the first `count` columns, relative to its length. */
function outside(vector: readonly number[], matrix: Float64Array, columns: number, count: number): number {
  let rest = [...vector];
  for (let c = 0; c < count; c++) {
    const unit = column(matrix, columns, c);
    const part = dot(unit, vector);
    rest = rest.map((value, i) => value - part * (unit[i] ?? Number.NaN));
  }
  return Math.sqrt(dot(rest, rest) / dot(vector, vector));
}

describe.each([
  [1, 1],
  [2, 1],
  [2, 2],
  [7, 3],
  [8, 8],
  [131, 5],
  [1009, 8],
])('%i x %i', (rows, columns) => {
  it('becomes orthonormal and keeps the span of every prefix', () => {
    const before = normals(rows * columns, rows);
    const after = before.slice();
    orthonormalise(after, rows, columns);
    expect(defect(after, columns)).toBeLessThan(1e-14);
    for (let c = 0; c < columns; c++) {
      const vector = column(before, columns, c);
      expect(outside(vector, after, columns, c + 1)).toBeLessThan(1e-12);
      // The direction of a column is kept, not turned around.
      expect(dot(vector, column(after, columns, c))).toBeGreaterThan(0);
    }
  });

  it('does so with nearly parallel columns and at the ends of single precision', () => {
    const base = normals(rows, 1);
    const noise = normals(rows * columns, 2);
    for (const scale of [1, 1e-38, 1e38]) {
      const matrix = noise.map((value, at) => scale * ((base[Math.floor(at / columns)] ?? 0) + 1e-6 * value));
      orthonormalise(matrix, rows, columns);
      expect(defect(matrix, columns)).toBeLessThan(1e-9);
    }
  });
});

it('gives columns without a direction of their own the outermost unit vectors', () => {
  // Column 1 is twice column 0, column 2 is zero; column 3 is independent.
  const matrix = Float64Array.of(0, 0, 0, 1, 3, 6, 0, 1, 4, 8, 0, 1, 0, 0, 0, 5);
  orthonormalise(matrix, 4, 4);
  expect(defect(matrix, 4)).toBeLessThan(1e-15);
  expect(column(matrix, 4, 0)).toEqual([0, 0.6000000000000001, 0.8, 0]);
  expect(column(matrix, 4, 1)).toEqual([1, 0, 0, 0]);
  expect(column(matrix, 4, 2)).toEqual([0, 0, 0, 1]);
});

it('turns a zero matrix into the first unit vectors', () => {
  const matrix = new Float64Array(5 * 2);
  orthonormalise(matrix, 5, 2);
  expect([...matrix]).toEqual([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
});

it('leaves nothing to columns past the number of rows', () => {
  const matrix = normals(3 * 5, 9);
  orthonormalise(matrix, 3, 5);
  expect(defect(matrix, 5, 3)).toBeLessThan(1e-14);
  expect(column(matrix, 5, 3)).toEqual([0, 0, 0]);
  expect(column(matrix, 5, 4)).toEqual([0, 0, 0]);
});

it('lets NaN and infinity show, and keeps the columns before them', () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const matrix = normals(6 * 3, 4);
    matrix[2 * 3 + 1] = bad;
    orthonormalise(matrix, 6, 3);
    expect(defect(matrix, 3, 1)).toBeLessThan(1e-14);
    expect([...column(matrix, 3, 1), ...column(matrix, 3, 2)].every(Number.isNaN)).toBe(true);
  }
});

it('refuses sizes that do not fit', () => {
  expect(() => orthonormalise(new Float64Array(5), 2, 3)).toThrow(RangeError);
});
