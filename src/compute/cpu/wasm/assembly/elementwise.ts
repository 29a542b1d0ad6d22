/**
 * What goes with a matrix product in a dense layer: bias and ReLU, the bias's gradient, the ReLU's mask;
 * and linear combinations of vectors. Matrices are row-major f32, addresses bytes in linear memory.
 */

/** y[r, j] += bias[j], and with `relu` what is then not above zero becomes 0 (NaN stays NaN). */
export function biasActivation(rows: i32, columns: i32, bias: usize, y: usize, relu: bool): void {
  const zero = f32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    let from = bias;
    let j = 0;
    for (; j + 4 <= columns; j += 4) {
      let value = f32x4.add(v128.load(y), v128.load(from));
      if (relu) value = v128.andnot(value, f32x4.le(value, zero));
      v128.store(y, value);
      y += 16;
      from += 16;
    }
    for (; j < columns; j++) {
      const value = load<f32>(y) + load<f32>(from);
      store<f32>(y, relu && value <= 0 ? 0 : value);
      y += 4;
      from += 4;
    }
  }
}

/** sums[j] = Σ_r matrix[r, j], in order. */
export function columnSums(rows: i32, columns: i32, matrix: usize, sums: usize): void {
  const stride = (<usize>columns) << 2;
  let j = 0;
  for (; j + 4 <= columns; j += 4) {
    let sum = f32x4.splat(0);
    let from = matrix + ((<usize>j) << 2);
    for (let r = 0; r < rows; r++) {
      sum = f32x4.add(sum, v128.load(from));
      from += stride;
    }
    v128.store(sums + ((<usize>j) << 2), sum);
  }
  for (; j < columns; j++) {
    let sum: f32 = 0;
    let from = matrix + ((<usize>j) << 2);
    for (let r = 0; r < rows; r++) {
      sum += load<f32>(from);
      from += stride;
    }
    store<f32>(sums + ((<usize>j) << 2), sum);
  }
}

/** dx[i] = 0 unless x[i] > 0. */
export function maskPositive(length: i32, x: usize, dx: usize): void {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    v128.store(dx, v128.and(v128.load(dx), f32x4.gt(v128.load(x), zero)));
    x += 16;
    dx += 16;
  }
  for (; i < length; i++) {
    if (!(load<f32>(x) > 0)) store<f32>(dx, 0);
    x += 4;
    dx += 4;
  }
}

/**
 * dest = a · u + b · v, in double precision and rounded once: the bits of the TypeScript backend.
 * `dest` may be u or v.
 */
export function combine(length: i32, a: f64, u: usize, b: f64, v: usize, dest: usize): void {
  const a2 = f64x2.splat(a);
  const b2 = f64x2.splat(b);
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const left = v128.load(u);
    const right = v128.load(v);
    const low = f64x2.add(
      f64x2.mul(a2, f64x2.promote_low_f32x4(left)),
      f64x2.mul(b2, f64x2.promote_low_f32x4(right)),
    );
    const high = f64x2.add(
      f64x2.mul(a2, f64x2.promote_low_f32x4(upper(left))),
      f64x2.mul(b2, f64x2.promote_low_f32x4(upper(right))),
    );
    v128.store(dest, v128.shuffle<f64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2));
    u += 16;
    v += 16;
    dest += 16;
  }
  for (; i < length; i++) {
    store<f32>(dest, <f32>(a * <f64>load<f32>(u) + b * <f64>load<f32>(v)));
    u += 4;
    v += 4;
    dest += 4;
  }
}

function upper(value: v128): v128 {
  return v128.shuffle<f64>(value, value, 1, 1);
}
