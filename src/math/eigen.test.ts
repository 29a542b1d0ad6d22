import { describe, expect, it } from 'vitest';
import { symmetricEigenvalues } from './eigen.ts';
import { PURPOSE, randomStream } from './random.ts';

const rows = (values: readonly (readonly number[])[]) => values.map((row) => Float64Array.from(row));

describe('symmetricEigenvalues', () => {
  it('knows the textbook cases', () => {
    expect([...symmetricEigenvalues([])]).toEqual([]);
    expect([...symmetricEigenvalues(rows([[3]]))]).toEqual([3]);
    expect([
      ...symmetricEigenvalues(
        rows([
          [1, 0],
          [0, 2],
        ]),
      ),
    ]).toEqual([2, 1]);
    const [a, b] = symmetricEigenvalues(
      rows([
        [2, 1],
        [1, 2],
      ]),
    );
    expect(a).toBeCloseTo(3, 14);
    expect(b).toBeCloseTo(1, 14);
  });

  it('keeps trace and Frobenius norm of random matrices, largest first', () => {
    for (const n of [2, 3, 7, 16, 33, 64]) {
      const stream = randomStream(11, PURPOSE.simulation, n, 0);
      const matrix = Array.from({ length: n }, () => new Float64Array(n));
      for (let i = 0; i < n; i++) {
        for (let j = 0; j <= i; j++) {
          const value = stream.normal();
          (matrix[i] ?? [])[j] = value;
          (matrix[j] ?? [])[i] = value;
        }
      }
      const values = symmetricEigenvalues(matrix);
      let trace = 0;
      let squares = 0;
      matrix.forEach((row, i) => {
        trace += row[i] ?? 0;
        for (const value of row) squares += value * value;
      });
      expect(values.reduce((x, y) => x + y, 0)).toBeCloseTo(trace, 10);
      expect(values.reduce((x, y) => x + y * y, 0) / squares).toBeCloseTo(1, 12);
      for (let k = 1; k < n; k++) expect(values[k - 1]).toBeGreaterThanOrEqual(values[k] ?? Number.NaN);
    }
  });

  it('refuses a matrix that is not square', () => {
    expect(() => symmetricEigenvalues(rows([[1, 2]]))).toThrow(RangeError);
  });
});
