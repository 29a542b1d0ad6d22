/**
 * Orthonormal columns by modified Gram–Schmidt, every projection done twice.
 *
 * For the factors of low-rank methods (a few columns of some thousands of rows), on the host and in double
 * precision: peers that hold the same bytes get the same bits, which a device would not promise. "Twice
 * is enough" (Giraud, Langou, Rozložník, van den Eshof, Numerische Mathematik 101, 2005): columns that
 * single precision calls independent come out orthogonal to double precision. Only + − × ÷ and roots.
 */

/** A column whose remainder is at most this part of its length depends on those before it. */
const DEPENDENT = 1e-8;

/**
 * Makes the columns of `matrix` orthonormal, in place and from left to right; the span of the first c
 * columns stays what it was for every c.
 *
 * A column that depends on those before it (a zero one, too) has no direction of its own: it becomes the
 * unit vector e_i that sticks out of their span furthest (ties: smallest i), made orthogonal to them. So
 * no column stays dead in methods that start from their last factor. Columns past the number of rows
 * become zero. A column that holds NaN or infinity becomes NaN, and so do those after it.
 *
 * @param matrix rows x columns, row-major.
 * @throws {RangeError} if the sizes do not fit.
 */
export function orthonormalise(matrix: Float64Array, rows: number, columns: number): void {
  if (matrix.length !== rows * columns) {
    throw new RangeError(`A matrix of ${rows} x ${columns} does not have ${matrix.length} entries.`);
  }
  const q: Float64Array[] = [];
  for (let c = 0; c < columns; c++) {
    const column = Float64Array.from({ length: rows }, (_, i) => matrix[i * columns + c] as number);
    const before = norm(column);
    if (c >= rows) column.fill(0);
    else if (!Number.isFinite(before)) column.fill(Number.NaN);
    else {
      const after = remove(column, q);
      // Not `after <= ...`: a NaN among the columns before must not look for a unit vector.
      if (before === 0 || after <= DEPENDENT * before) outermost(column, q);
      scale(column, 1 / norm(column));
    }
    q.push(column);
    for (let i = 0; i < rows; i++) matrix[i * columns + c] = column[i] as number;
  }
}

/** Takes the parts along all `q` out of the column, twice; its norm afterwards. */
function remove(column: Float64Array, q: readonly Float64Array[]): number {
  for (let pass = 0; pass < 2; pass++) {
    for (const unit of q) {
      let part = 0;
      for (let i = 0; i < column.length; i++) part += (unit[i] as number) * (column[i] as number);
      for (let i = 0; i < column.length; i++) column[i] = (column[i] as number) - part * (unit[i] as number);
    }
  }
  return norm(column);
}

/** Overwrites the column with the part of a unit vector that lies outside the span of `q`. */
function outermost(column: Float64Array, q: readonly Float64Array[]): void {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < column.length; i++) {
    // ‖projection of e_i onto the span‖²
    let inside = 0;
    for (const unit of q) inside += (unit[i] as number) ** 2;
    if (inside < least) {
      least = inside;
      best = i;
    }
  }
  column.fill(0);
  column[best] = 1;
  remove(column, q);
}

/** Euclidean norm; entries are first scaled, so that it neither overflows nor vanishes before they do. */
function norm(column: Float64Array): number {
  let largest = 0;
  for (const value of column) {
    if (!Number.isFinite(value)) return Number.NaN;
    largest = Math.max(largest, Math.abs(value));
  }
  if (largest === 0) return 0;
  let sum = 0;
  for (const value of column) sum += (value / largest) ** 2;
  return largest * Math.sqrt(sum);
}

function scale(column: Float64Array, factor: number): void {
  for (let i = 0; i < column.length; i++) column[i] = (column[i] as number) * factor;
}
