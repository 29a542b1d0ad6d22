/**
 * Layer normalisation: a part of the Compute contract. Ba, Kiros and Hinton, "Layer normalization", 2016
 * (arXiv 1607.06450), equation 4, over the last axis, with the biased variance.
 *
 *     n = (x - mean(x)) / √(var(x) + 1e-5),  y = gain · n + bias,  for each row by itself
 */
import type { Slice, Vector, WriteMode } from './compute.ts';

/** Added to the variance. */
export const NORM_EPSILON = 1e-5;

/** x, y and their gradients are [rows, width]; gain, bias and their gradients [width]. */
export interface NormShape {
  readonly rows: number;
  readonly width: number;
}

export interface LayerNorm {
  /**
   * Writes y, and into `stats` [rows, 2] each row's mean and 1 / √(variance + 1e-5), which `backward`
   * wants. `y` and `stats` must be other vectors than the operands and each other. @throws {RangeError}
   */
  forward(shape: NormShape, x: Vector, gain: Slice, bias: Slice, y: Vector, stats: Vector): void;
  /**
   * With g = dy · gain:
   *
   *     dx = (or +=, in mode `add`) (g - mean(g) - n · mean(g · n)) / √(var + 1e-5)
   *     dGain = Σ_rows dy · n,  dBias = Σ_rows dy    (overwritten)
   *
   * `dx` must be another vector than the operands, and so must the one that holds dGain and dBias.
   * @throws {RangeError}
   */
  backward(
    shape: NormShape,
    x: Vector,
    stats: Vector,
    gain: Slice,
    dy: Vector,
    dx: Vector,
    mode: WriteMode,
    dGain: Slice,
    dBias: Slice,
  ): void;
}
