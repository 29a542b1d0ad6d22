/**
 * Layer operations of the TypeScript backend: dense forward, its two gradients, softmax cross-entropy.
 *
 * Plain loops, register-blocked so that a value loaded is used several times (2 rows × 4 outputs forward,
 * 4 rows a pass backward) and every array is walked in memory order. Sums run in double precision in
 * a fixed order and are rounded once. Arguments have been checked by the caller.
 */
import { exp, ln } from '../../math/portable.ts';
import type { DenseShape } from '../compute.ts';
import type { Numbers } from './handles.ts';

/** What the WebAssembly kernels can do in place of this file's functions. */
export interface DenseKernels {
  readonly dense: typeof dense;
  readonly denseWeightGradient: typeof denseWeightGradient;
  readonly denseInputGradient: typeof denseInputGradient;
}

/** y[b, o] = act(Σ_i x[b, i] · w[o, i] + bias[o]); w starts at `wAt`, the bias at `biasAt`. */
export function dense(
  { batch, inputs, outputs }: DenseShape,
  x: Numbers,
  w: Numbers,
  wAt: number,
  bias: Numbers,
  biasAt: number,
  y: Numbers,
  relu: boolean,
): void {
  const store = (b: number, o: number, sum: number) => {
    const value = sum + (bias[biasAt + o] as number);
    y[b * outputs + o] = relu && value <= 0 ? 0 : value;
  };
  let b = 0;
  for (; b + 1 < batch; b += 2) {
    let o = 0;
    for (; o + 3 < outputs; o += 4) {
      let xa = b * inputs;
      let xb = xa + inputs;
      let w0 = wAt + o * inputs;
      let w1 = w0 + inputs;
      let w2 = w1 + inputs;
      let w3 = w2 + inputs;
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let b0 = 0;
      let b1 = 0;
      let b2 = 0;
      let b3 = 0;
      for (const end = xa + inputs; xa < end; ) {
        const va = x[xa++] as number;
        const vb = x[xb++] as number;
        const u0 = w[w0++] as number;
        const u1 = w[w1++] as number;
        const u2 = w[w2++] as number;
        const u3 = w[w3++] as number;
        a0 += va * u0;
        a1 += va * u1;
        a2 += va * u2;
        a3 += va * u3;
        b0 += vb * u0;
        b1 += vb * u1;
        b2 += vb * u2;
        b3 += vb * u3;
      }
      store(b, o, a0);
      store(b, o + 1, a1);
      store(b, o + 2, a2);
      store(b, o + 3, a3);
      store(b + 1, o, b0);
      store(b + 1, o + 1, b1);
      store(b + 1, o + 2, b2);
      store(b + 1, o + 3, b3);
    }
    for (; o < outputs; o++) {
      store(b, o, dot(x, b * inputs, w, wAt + o * inputs, inputs));
      store(b + 1, o, dot(x, (b + 1) * inputs, w, wAt + o * inputs, inputs));
    }
  }
  for (; b < batch; b++) {
    for (let o = 0; o < outputs; o++) store(b, o, dot(x, b * inputs, w, wAt + o * inputs, inputs));
  }
}

/** In order, like the blocked loop above, so that a row's result does not depend on its place in a batch. */
function dot(a: Numbers, aAt: number, b: Numbers, bAt: number, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += (a[aAt + i] as number) * (b[bAt + i] as number);
  return sum;
}

/** dWeight[o, i] = Σ_b dy[b, o] · x[b, i] at `wAt`; dBias[o] = Σ_b dy[b, o] at `biasAt`. */
export function denseWeightGradient(
  { batch, inputs, outputs }: DenseShape,
  x: Numbers,
  dy: Numbers,
  dWeight: Numbers,
  wAt: number,
  dBias: Numbers,
  biasAt: number,
): void {
  const sum = new Float64Array(inputs);
  for (let o = 0; o < outputs; o++) {
    sum.fill(0);
    let bias = 0;
    for (let b = 0; b < batch; b++) bias += dy[b * outputs + o] as number;
    addScaledRows(sum, batch, inputs, x, 0, dy, o, outputs);
    for (let i = 0, at = wAt + o * inputs; i < inputs; i++, at++) dWeight[at] = sum[i] as number;
    dBias[biasAt + o] = bias;
  }
}

/** dx[b, i] = [x[b, i] > 0] · Σ_o dy[b, o] · w[o, i]; w starts at `wAt`. */
export function denseInputGradient(
  { batch, inputs, outputs }: DenseShape,
  dy: Numbers,
  w: Numbers,
  wAt: number,
  x: Numbers,
  dx: Numbers,
): void {
  const sum = new Float64Array(inputs);
  for (let b = 0; b < batch; b++) {
    sum.fill(0);
    addScaledRows(sum, outputs, inputs, w, wAt, dy, b * outputs, 1);
    for (let i = 0, at = b * inputs; i < inputs; i++, at++) {
      dx[at] = (x[at] as number) > 0 ? (sum[i] as number) : 0;
    }
  }
}

/** sum += Σ_r factor[factorAt + r·step] · row r of `matrix` [rows, width], four rows a pass. */
function addScaledRows(
  sum: Float64Array<ArrayBuffer>,
  rows: number,
  width: number,
  matrix: Numbers,
  matrixAt: number,
  factor: Numbers,
  factorAt: number,
  step: number,
): void {
  let r = 0;
  for (; r + 3 < rows; r += 4) {
    const f = factorAt + r * step;
    const f0 = factor[f] as number;
    const f1 = factor[f + step] as number;
    const f2 = factor[f + 2 * step] as number;
    const f3 = factor[f + 3 * step] as number;
    let p0 = matrixAt + r * width;
    let p1 = p0 + width;
    let p2 = p1 + width;
    let p3 = p2 + width;
    for (let i = 0; i < width; i++) {
      sum[i] =
        (sum[i] as number) +
        f0 * (matrix[p0++] as number) +
        f1 * (matrix[p1++] as number) +
        f2 * (matrix[p2++] as number) +
        f3 * (matrix[p3++] as number);
    }
  }
  for (; r < rows; r++) {
    const f0 = factor[factorAt + r * step] as number;
    const at = matrixAt + r * width;
    for (let i = 0; i < width; i++) sum[i] = (sum[i] as number) + f0 * (matrix[at + i] as number);
  }
}

/**
 * Softmax cross-entropy of `batch` rows of logits, stable by subtracting the row's maximum; exponentials
 * and logarithms with the same bits in every engine.
 * dLogits, if given, = (softmax - one-hot) · scale. Returns Σ loss and the number of rows whose arg-max
 * (ties: lower class) is the label.
 */
export function softmaxCrossEntropy(
  batch: number,
  classes: number,
  logits: Numbers,
  labels: Uint32Array<ArrayBuffer>,
  scale: number,
  dLogits: Numbers | null,
): { loss: number; correct: number } {
  let loss = 0;
  let correct = 0;
  const exponentials = new Float64Array(classes);
  for (let b = 0; b < batch; b++) {
    const at = b * classes;
    const label = labels[b] as number;
    let best = 0;
    for (let c = 1; c < classes; c++)
      if ((logits[at + c] as number) > (logits[at + best] as number)) best = c;
    const max = logits[at + best] as number;
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const e = exp((logits[at + c] as number) - max);
      exponentials[c] = e;
      sum += e;
    }
    loss += ln(sum) + max - (logits[at + label] as number);
    if (best === label) correct++;
    if (dLogits === null) continue;
    for (let c = 0; c < classes; c++) {
      dLogits[at + c] = ((exponentials[c] as number) / sum - (c === label ? 1 : 0)) * scale;
    }
  }
  return { loss, correct };
}
