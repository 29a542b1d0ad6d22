/** The few operations on small square matrices (rows of doubles) that spectra need. Nothing is optimised. */

type Matrix = readonly Float64Array[];

/** A B. Plain loops: at a few hundred workers this is where a spectrum spends its time. */
export function multiply(a: Matrix, b: Matrix): Float64Array[] {
  return a.map((row) => {
    const result = new Float64Array(row.length);
    for (let k = 0; k < row.length; k++) {
      const factor = row[k] ?? 0;
      const other = b[k];
      if (factor === 0 || other === undefined) continue;
      for (let j = 0; j < result.length; j++) result[j] = (result[j] ?? 0) + factor * (other[j] ?? 0);
    }
    return result;
  });
}

/** Aᵀ A, exactly symmetric. */
export function transposeTimes(a: Matrix): Float64Array[] {
  const n = a.length;
  const result = Array.from({ length: n }, () => new Float64Array(n));
  for (const row of a) {
    result.forEach((into, i) => {
      const factor = row[i] ?? 0;
      if (factor === 0) return;
      row.forEach((value, j) => {
        into[j] = (into[j] ?? 0) + factor * value;
      });
    });
  }
  return result;
}

/** A − B. */
export function difference(a: Matrix, b: Matrix): Float64Array[] {
  return a.map((row, i) => row.map((value, j) => value - (b[i]?.[j] ?? 0)));
}

export function scaled(a: Matrix, factor: number): Float64Array[] {
  return a.map((row) => row.map((value) => value * factor));
}

/** ‖A‖_F. */
export function norm(a: Matrix): number {
  let sum = 0;
  for (const row of a) for (const value of row) sum += value * value;
  return Math.sqrt(sum);
}
