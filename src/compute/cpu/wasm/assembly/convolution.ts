/**
 * The three products of a convolution, picture by picture, as matrix products over patches (Chellapilla,
 * Puri and Simard 2006). Forward and weight gradient pack their panels straight from the picture (implicit
 * GEMM); the input gradient makes the gradients of one picture's patches and folds them back.
 *
 * Sums are f32, in an order that depends on the shape alone. The address 0 stands for a bias, or the
 * gradient of one, that is not wanted.
 */
import { maskPositive } from './elementwise';
import { BLOCK_COLUMNS, BLOCK_ROWS, block, DEPTH, gemm, PACKED_A, PACKED_B } from './gemm';
import { pack } from './pack';
import { cropPicture, foldPatches, packPatches, padPicture, positionTable, tapTable } from './patches';
import { ROWS } from './tile';

/** The shape at hand; there is one call at a time. */
let channels: i32 = 0;
let height: i32 = 0;
let width: i32 = 0;
let filters: i32 = 0;
let stride: i32 = 0;
let padding: i32 = 0;
let outHeight: i32 = 0;
let outWidth: i32 = 0;
let taps: i32 = 0;
let positions: i32 = 0;
let paddedBytes: usize = 0;
/** Addresses within the host's scratch: a padded picture, the two tables, gradients of patches. */
let padded: usize = 0;
let tapOffsets: usize = 0;
let positionOffsets: usize = 0;
let patches: usize = 0;

/**
 * The shape of the next call. `work` is scratch for a padded picture, `taps` + `positions` words of tables
 * and, for the input gradient, `taps` × `positions` numbers.
 */
export function shapeConvolution(
  channelsIn: i32,
  heightIn: i32,
  widthIn: i32,
  channelsOut: i32,
  kernel: i32,
  step: i32,
  border: i32,
  work: usize,
): void {
  channels = channelsIn;
  height = heightIn;
  width = widthIn;
  filters = channelsOut;
  stride = step;
  padding = border;
  const paddedHeight = height + 2 * padding;
  const paddedWidth = width + 2 * padding;
  outHeight = (paddedHeight - kernel) / stride + 1;
  outWidth = (paddedWidth - kernel) / stride + 1;
  taps = channels * kernel * kernel;
  positions = outHeight * outWidth;
  paddedBytes = (<usize>(channels * paddedHeight * paddedWidth)) << 2;
  padded = work;
  tapOffsets = padded + paddedBytes;
  positionOffsets = tapOffsets + ((<usize>taps) << 2);
  patches = positionOffsets + ((<usize>positions) << 2);
  memory.fill(padded, 0, paddedBytes);
  tapTable(channels, paddedHeight, paddedWidth, kernel, tapOffsets);
  positionTable(outHeight, outWidth, paddedWidth, stride, positionOffsets);
}

/** Where the picture can be read with its border of zeros. */
function withBorder(picture: usize): usize {
  if (padding === 0) return picture;
  padPicture(channels, height, width, padding, picture, padded);
  return padded;
}

/** y[b, f, position] = act(Σ_tap w[f, tap] · patch[tap, position] + bias[f]). */
export function convolve(batch: i32, x: usize, w: usize, bias: usize, y: usize, relu: bool): void {
  const tapRow = (<usize>taps) << 2;
  const positionRow = (<usize>positions) << 2;
  for (let b = 0; b < batch; b++) {
    const picture = withBorder(x);
    for (let j = 0; j < positions; j += BLOCK_COLUMNS) {
      const columns = min(BLOCK_COLUMNS, positions - j);
      const at = positionOffsets + ((<usize>j) << 2);
      for (let p = 0; p < taps; p += DEPTH) {
        const depth = min(DEPTH, taps - p);
        packPatches(columns, depth, picture, at, tapOffsets + ((<usize>p) << 2), PACKED_B);
        const keep: f32 = p === 0 ? 0 : 1;
        for (let i = 0; i < filters; i += BLOCK_ROWS) {
          const rows = min(BLOCK_ROWS, filters - i);
          const from = w + <usize>i * tapRow + ((<usize>p) << 2);
          pack(ROWS, rows, depth, from, tapRow, 4, PACKED_A);
          block(rows, columns, depth, 1, keep, y + <usize>i * positionRow + ((<usize>j) << 2), positionRow);
        }
      }
    }
    activate(bias, y, relu);
    x += (<usize>(channels * height * width)) << 2;
    y += <usize>filters * positionRow;
  }
}

/** Bias and ReLU of one picture's output. */
function activate(bias: usize, y: usize, relu: bool): void {
  const zero = f32x4.splat(0);
  for (let f = 0; f < filters; f++) {
    // The identity of addition, -0 included.
    const shift: f32 = bias === 0 ? -0.0 : load<f32>(bias + ((<usize>f) << 2));
    const shifts = f32x4.splat(shift);
    let k = 0;
    for (; k + 4 <= positions; k += 4) {
      let value = f32x4.add(v128.load(y), shifts);
      if (relu) value = v128.andnot(value, f32x4.le(value, zero));
      v128.store(y, value);
      y += 16;
    }
    for (; k < positions; k++) {
      const value = load<f32>(y) + shift;
      store<f32>(y, relu && value <= 0 ? 0 : value);
      y += 4;
    }
  }
}

/** dWeight[f, tap] = Σ_b Σ_position dy[b, f, position] · patch[tap, position]; dBias[f] = Σ dy. */
export function convolveWeightGradient(batch: i32, x: usize, dy: usize, dWeight: usize, dBias: usize): void {
  const tapRow = (<usize>taps) << 2;
  const positionRow = (<usize>positions) << 2;
  if (batch === 0) memory.fill(dWeight, 0, <usize>filters * tapRow);
  if (dBias !== 0) biasGradient(batch, dy, dBias);
  for (let b = 0; b < batch; b++) {
    const picture = withBorder(x);
    for (let p = 0; p < positions; p += DEPTH) {
      const depth = min(DEPTH, positions - p);
      const keep: f32 = b + p === 0 ? 0 : 1;
      for (let j = 0; j < taps; j += BLOCK_COLUMNS) {
        const columns = min(BLOCK_COLUMNS, taps - j);
        const at = positionOffsets + ((<usize>p) << 2);
        packPatches(columns, depth, picture, tapOffsets + ((<usize>j) << 2), at, PACKED_B);
        for (let i = 0; i < filters; i += BLOCK_ROWS) {
          const rows = min(BLOCK_ROWS, filters - i);
          const from = dy + <usize>i * positionRow + ((<usize>p) << 2);
          pack(ROWS, rows, depth, from, positionRow, 4, PACKED_A);
          block(rows, columns, depth, 1, keep, dWeight + <usize>i * tapRow + ((<usize>j) << 2), tapRow);
        }
      }
    }
    x += (<usize>(channels * height * width)) << 2;
    dy += <usize>filters * positionRow;
  }
}

/** In double precision: there may be a great many of them. */
function biasGradient(batch: i32, dy: usize, dBias: usize): void {
  const positionRow = (<usize>positions) << 2;
  for (let f = 0; f < filters; f++) {
    let pairs = f64x2.splat(0);
    let rest: f64 = 0;
    for (let b = 0; b < batch; b++) {
      let from = dy + <usize>(b * filters + f) * positionRow;
      let k = 0;
      for (; k + 2 <= positions; k += 2) {
        pairs = f64x2.add(pairs, f64x2.promote_low_f32x4(v128.load_zero<f64>(from)));
        from += 8;
      }
      if (k < positions) rest += <f64>load<f32>(from);
    }
    const sum = f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1) + rest;
    store<f32>(dBias + ((<usize>f) << 2), <f32>sum);
  }
}

/** dx = [rectified > 0] · (w transposed, by dy, folded back); no mask with `rectified` 0. */
export function convolveInputGradient(batch: i32, dy: usize, w: usize, rectified: usize, dx: usize): void {
  const numbers = channels * height * width;
  const result = dx;
  for (let b = 0; b < batch; b++) {
    gemm(true, false, taps, positions, filters, 1, w, taps, dy, positions, 0, patches, positions);
    memory.fill(padded, 0, paddedBytes);
    foldPatches(taps, outHeight, outWidth, width + 2 * padding, stride, tapOffsets, patches, padded);
    cropPicture(channels, height, width, padding, padded, dx);
    dx += (<usize>numbers) << 2;
    dy += (<usize>(filters * positions)) << 2;
  }
  if (rectified !== 0) maskPositive(batch * numbers, rectified, result);
}
