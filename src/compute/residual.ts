/**
 * The sum at the end of a residual block (He et al. 2015, arXiv 1512.03385, section 3.1), with the ReLU
 * behind it, and the sum of gradients at its beginning. Over the first `count` entries of each vector.
 */
import type { Vector } from './compute.ts';

export interface Residual {
  /** y = max(0, a + b). */
  addRelu(count: number, a: Vector, b: Vector, y: Vector): void;
  /**
   * dx = da + db; where x is a ReLU's output, give it as `rectified`: dx is then 0 where x is not
   * positive. Overwrites.
   */
  addGradients(count: number, da: Vector, db: Vector, rectified: Vector | null, dx: Vector): void;
}
