/**
 * The three products of a convolution on plain typed arrays: forward, weight gradient, input gradient.
 *
 * Each picture is unfolded into patches (one for every output position), so that all three become
 * products of rows with rows, done by one register-blocked loop. Everything between loading and storing
 * is double precision in a fixed order: sums are rounded once. Arguments have been checked by the caller.
 */
import { type ConvolutionShape, convolutionSizes } from '../convolution.ts';
import type { Numbers } from './handles.ts';

/** y = act(bias + weight ⋆ x); the weights start at `wAt`, the biases (if any) at `biasAt`. */
export function convolve(
  shape: ConvolutionShape,
  x: Numbers,
  w: Numbers,
  wAt: number,
  bias: Numbers | null,
  biasAt: number,
  y: Numbers,
  relu: boolean,
): void {
  const { batch, filters } = shape;
  const { positions, taps, plane } = measure(shape);
  const patches = new Float64Array(positions * taps);
  const weights = Float64Array.from(w.subarray(wAt, wAt + filters * taps));
  const sums = new Float64Array(filters * positions);
  for (let b = 0; b < batch; b++) {
    unfold(shape, x, b * plane, patches, taps, 1);
    for (let f = 0; f < filters; f++) {
      sums.fill(bias === null ? 0 : (bias[biasAt + f] as number), f * positions, (f + 1) * positions);
    }
    addRowProducts(sums, weights, patches, filters, positions, taps);
    const at = b * filters * positions;
    if (relu) for (let k = 0; k < sums.length; k++) y[at + k] = Math.max(0, sums[k] as number);
    else y.set(sums, at);
  }
}

/** dWeight[f, tap] = Σ_b Σ_position dy · patch at `wAt`; dBias[f] = Σ dy at `biasAt`, if wanted. */
export function convolveWeightGradient(
  shape: ConvolutionShape,
  x: Numbers,
  dy: Numbers,
  dWeight: Numbers,
  wAt: number,
  dBias: Numbers | null,
  biasAt: number,
): void {
  const { batch, filters } = shape;
  const { positions, taps, plane } = measure(shape);
  const patches = new Float64Array(taps * positions);
  const delta = new Float64Array(filters * positions);
  const sums = new Float64Array(filters * taps);
  const biases = new Float64Array(filters);
  for (let b = 0; b < batch; b++) {
    unfold(shape, x, b * plane, patches, 1, positions);
    delta.set(dy.subarray(b * delta.length, (b + 1) * delta.length));
    addRowProducts(sums, delta, patches, filters, taps, positions);
    for (let f = 0, k = 0; f < filters; f++) {
      let sum = 0;
      for (const end = k + positions; k < end; k++) sum += delta[k] as number;
      biases[f] = (biases[f] as number) + sum;
    }
  }
  dWeight.set(sums, wAt);
  dBias?.set(biases, biasAt);
}

/** dx = [rectified > 0] · (weight transposed ⋆ dy); the weights start at `wAt`. */
export function convolveInputGradient(
  shape: ConvolutionShape,
  dy: Numbers,
  w: Numbers,
  wAt: number,
  rectified: Numbers | null,
  dx: Numbers,
): void {
  const { batch, filters } = shape;
  const { positions, taps, plane } = measure(shape);
  const weights = transposed(w, wAt, filters, taps);
  const patches = new Float64Array(taps * positions);
  const sums = new Float64Array(plane);
  for (let b = 0; b < batch; b++) {
    patches.fill(0);
    const delta = transposed(dy, b * filters * positions, filters, positions);
    addRowProducts(patches, weights, delta, taps, positions, filters);
    sums.fill(0);
    foldAdd(shape, patches, sums);
    const at = b * plane;
    if (rectified === null) dx.set(sums, at);
    else {
      for (let k = 0; k < plane; k++) {
        dx[at + k] = (rectified[at + k] as number) > 0 ? (sums[k] as number) : 0;
      }
    }
  }
}

/** Output positions of a picture, weights of a filter, and numbers of an input picture. */
function measure(shape: ConvolutionShape) {
  const { outHeight, outWidth } = convolutionSizes({ ...shape, batch: 1 });
  const { channels, height, width, kernel } = shape;
  return {
    positions: outHeight * outWidth,
    taps: channels * kernel * kernel,
    plane: channels * height * width,
  };
}

/**
 * Calls `visit` for every tap and every output row that it reaches inside the picture: `count` entries
 * from column `first` of the output on, which lie `stride` apart in the picture from `from` on.
 */
function everyRun(
  shape: ConvolutionShape,
  visit: (tap: number, first: number, count: number, from: number) => void,
): void {
  const { channels, height, width, kernel, stride, padding } = shape;
  const { outHeight, outWidth } = convolutionSizes({ ...shape, batch: 1 });
  for (let c = 0, tap = 0; c < channels; c++) {
    for (let u = 0; u < kernel; u++) {
      for (let v = 0; v < kernel; v++, tap++) {
        const left = Math.max(0, Math.ceil((padding - v) / stride));
        const right = Math.min(outWidth, Math.floor((width - 1 + padding - v) / stride) + 1);
        if (right <= left) continue;
        for (let i = 0; i < outHeight; i++) {
          const row = i * stride + u - padding;
          if (row < 0 || row >= height) continue;
          const from = (c * height + row) * width + left * stride + v - padding;
          visit(tap, i * outWidth + left, right - left, from);
        }
      }
    }
  }
}

/**
 * patches[position · positionStep + tap · tapStep] = the picture's number under the tap. Places whose tap
 * lies outside are left alone: the same ones for every picture, so they keep the zeros they came with.
 */
function unfold(
  shape: ConvolutionShape,
  x: Numbers,
  at: number,
  patches: Float64Array<ArrayBuffer>,
  positionStep: number,
  tapStep: number,
): void {
  const { stride } = shape;
  everyRun(shape, (tap, first, count, from) => {
    let to = first * positionStep + tap * tapStep;
    let k = at + from;
    for (let j = 0; j < count; j++) {
      patches[to] = x[k] as number;
      to += positionStep;
      k += stride;
    }
  });
}

/** The other way round: sums[place in the picture] += patches[tap, position]. */
function foldAdd(
  shape: ConvolutionShape,
  patches: Float64Array<ArrayBuffer>,
  sums: Float64Array<ArrayBuffer>,
): void {
  const { stride } = shape;
  const { positions } = measure(shape);
  everyRun(shape, (tap, first, count, from) => {
    let k = from;
    const end = tap * positions + first + count;
    for (let p = end - count; p < end; p++) {
      sums[k] = (sums[k] as number) + (patches[p] as number);
      k += stride;
    }
  });
}

/** [columns, rows] from a run of [rows, columns], in double precision. */
function transposed(values: Numbers, at: number, rows: number, columns: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(rows * columns);
  for (let r = 0, k = at; r < rows; r++) {
    for (let c = 0; c < columns; c++, k++) out[c * rows + r] = values[k] as number;
  }
  return out;
}

/** out[i, j] += Σ_k a[i, k] · b[j, k]; a has `rows` rows, b `columns` rows, both `depth` long. */
function addRowProducts(
  out: Float64Array<ArrayBuffer>,
  a: Float64Array<ArrayBuffer>,
  b: Float64Array<ArrayBuffer>,
  rows: number,
  columns: number,
  depth: number,
): void {
  let i = 0;
  for (; i + 1 < rows; i += 2) {
    let j = 0;
    for (; j + 3 < columns; j += 4) {
      let pa = i * depth;
      let pb = pa + depth;
      let p0 = j * depth;
      let p1 = p0 + depth;
      let p2 = p1 + depth;
      let p3 = p2 + depth;
      let at = i * columns + j;
      let below = at + columns;
      let a0 = out[at] as number;
      let a1 = out[at + 1] as number;
      let a2 = out[at + 2] as number;
      let a3 = out[at + 3] as number;
      let b0 = out[below] as number;
      let b1 = out[below + 1] as number;
      let b2 = out[below + 2] as number;
      let b3 = out[below + 3] as number;
      for (const end = pa + depth; pa < end; ) {
        const va = a[pa++] as number;
        const vb = a[pb++] as number;
        const u0 = b[p0++] as number;
        const u1 = b[p1++] as number;
        const u2 = b[p2++] as number;
        const u3 = b[p3++] as number;
        a0 += va * u0;
        a1 += va * u1;
        a2 += va * u2;
        a3 += va * u3;
        b0 += vb * u0;
        b1 += vb * u1;
        b2 += vb * u2;
        b3 += vb * u3;
      }
      out[at++] = a0;
      out[at++] = a1;
      out[at++] = a2;
      out[at] = a3;
      out[below++] = b0;
      out[below++] = b1;
      out[below++] = b2;
      out[below] = b3;
    }
    for (; j < columns; j++) {
      addDot(out, i * columns + j, a, i * depth, b, j * depth, depth);
      addDot(out, (i + 1) * columns + j, a, (i + 1) * depth, b, j * depth, depth);
    }
  }
  for (; i < rows; i++) {
    for (let j = 0; j < columns; j++) addDot(out, i * columns + j, a, i * depth, b, j * depth, depth);
  }
}

/** In order from the first entry on, like the blocked loop, so that results do not depend on the blocks. */
function addDot(
  out: Float64Array<ArrayBuffer>,
  at: number,
  a: Float64Array<ArrayBuffer>,
  aAt: number,
  b: Float64Array<ArrayBuffer>,
  bAt: number,
  depth: number,
): void {
  let sum = out[at] as number;
  for (let k = 0; k < depth; k++) sum += (a[aAt + k] as number) * (b[bAt + k] as number);
  out[at] = sum;
}
