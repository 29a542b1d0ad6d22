/**
 * Weighted least squares in double precision: the w that minimises Σ weight (w · x − y)², by normal equations
 * and Gaussian elimination with pivoting on the diagonal. Directions that no row says anything about stay 0.
 */
export interface WeightedRow {
  readonly x: readonly number[];
  readonly y: number;
  readonly weight: number;
}

/** A pivot below this share of the largest is one of a direction that nothing is known about. */
const SINGULAR = 1e-12;

export function leastSquares(rows: readonly WeightedRow[]): readonly number[] {
  const d = rows[0]?.x.length ?? 0;
  const a = Array.from({ length: d }, () => new Float64Array(d + 1));
  for (const { x, y, weight } of rows) {
    for (const [i, line] of a.entries()) {
      const factor = weight * (x[i] ?? 0);
      for (let j = 0; j < d; j += 1) line[j] = (line[j] ?? 0) + factor * (x[j] ?? 0);
      line[d] = (line[d] ?? 0) + factor * y;
    }
  }
  const left = new Set(a.keys());
  const known: number[] = [];
  const largest = Math.max(...a.map((line, i) => line[i] ?? 0));
  while (left.size > 0) {
    const pivot = [...left].reduce((best, i) => ((a[i]?.[i] ?? 0) > (a[best]?.[best] ?? 0) ? i : best));
    const row = a[pivot];
    const size = row?.[pivot] ?? 0;
    if (row === undefined || !(size > SINGULAR * largest)) break;
    left.delete(pivot);
    known.push(pivot);
    for (const [i, line] of a.entries()) {
      const factor = i === pivot ? 0 : (line[pivot] ?? 0) / size;
      if (factor !== 0) for (let k = 0; k <= d; k += 1) line[k] = (line[k] ?? 0) - factor * (row[k] ?? 0);
    }
  }
  return a.map((line, i) => (known.includes(i) ? (line[d] ?? 0) / (line[i] ?? 1) : 0));
}
