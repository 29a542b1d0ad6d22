/**
 * Eigenvalues of a small symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, section 8.5).
 *
 * Meant for mixing matrices of up to a few dozen workers, where it takes milliseconds; values only, no
 * vectors. Rotations are applied until nothing off the diagonal matters in double precision.
 */

/**
 * @param matrix n rows of n numbers, symmetric; not changed.
 * @returns n eigenvalues, largest first.
 */
export function symmetricEigenvalues(matrix: readonly Float64Array[]): Float64Array {
  const n = matrix.length;
  const a = new Float64Array(n * n);
  matrix.forEach((row, i) => {
    if (row.length !== n) throw new RangeError(`Row ${i} has ${row.length} numbers instead of ${n}.`);
    a.set(row, i * n);
  });
  const at = (i: number, j: number): number => a[i * n + j] ?? 0;

  for (let sweep = 0; sweep < 64; sweep++) {
    let off = 0;
    let all = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        all += at(i, j) ** 2;
        if (i !== j) off += at(i, j) ** 2;
      }
    }
    if (off <= 1e-30 * all) break;
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) rotate(a, n, p, q);
    }
  }
  const values = new Float64Array(n);
  for (let i = 0; i < n; i++) values[i] = at(i, i);
  return values.sort().reverse();
}

/** One rotation that makes a[p][q] zero. */
function rotate(a: Float64Array, n: number, p: number, q: number): void {
  const at = (i: number, j: number): number => a[i * n + j] ?? 0;
  const apq = at(p, q);
  if (apq === 0) return;
  const theta = (at(q, q) - at(p, p)) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const kp = at(k, p);
    const kq = at(k, q);
    a[k * n + p] = c * kp - s * kq;
    a[k * n + q] = s * kp + c * kq;
  }
  for (let k = 0; k < n; k++) {
    const pk = at(p, k);
    const qk = at(q, k);
    a[p * n + k] = c * pk - s * qk;
    a[q * n + k] = s * pk + c * qk;
  }
}
