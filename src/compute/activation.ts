/**
 * Activation functions by themselves, entry by entry: a part of the Compute contract. (ReLU also comes
 * fused with `dense`; here it is for compositions that keep the value before the activation.)
 *
 * `gelu` is the tanh form of Hendrycks and Gimpel, "Gaussian error linear units", 2016 (arXiv 1606.08415),
 * section 2, which GPT-2 uses: x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).
 */
import type { Vector } from './compute.ts';

export type ActivationKind = 'relu' | 'tanh' | 'gelu';

export interface Activation {
  /** y_k = f(x_k) for k in [0, count). `y` must be another vector than `x`. @throws {RangeError} */
  apply(kind: ActivationKind, count: number, x: Vector, y: Vector): void;
  /**
   * dx_k = f'(x_k) · dy_k for k in [0, count), x being the value before the activation; the slope of ReLU
   * at 0 is 0. `dx` must be another vector than `x` and `dy`. @throws {RangeError}
   */
  gradient(kind: ActivationKind, count: number, x: Vector, dy: Vector, dx: Vector): void;
}
