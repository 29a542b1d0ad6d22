/**
 * Pooling over windows that do not overlap: the group of operations, its shapes and their checks.
 *
 * Windows lie side by side from the top left; rows and columns that fill no whole window are left out,
 * and get no gradient. A window as large as the picture is global pooling.
 */
import type { Vector } from './compute.ts';

export interface PoolingShape {
  readonly kind: 'max' | 'average';
  /** Pictures times channels: every plane is pooled by itself. */
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly windowHeight: number;
  readonly windowWidth: number;
}

export interface Pooling {
  /** y[plane, i, j] = maximum or mean of window (i, j) of x[plane, height, width]. */
  forward(shape: PoolingShape, x: Vector, y: Vector): void;
  /**
   * The gradient of x for dy shaped like y: of a maximum, all goes to the window's largest entry (ties:
   * the first in row-major order); of a mean, an equal share to each. With `rectified`, x is a ReLU's
   * output and the gradient is taken through that ReLU: 0 where x is not positive. Overwrites.
   */
  gradient(shape: PoolingShape, x: Vector, dy: Vector, dx: Vector, rectified: boolean): void;
}

export interface PoolingSizes {
  readonly input: number;
  readonly output: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** @throws {RangeError} unless the shape makes sense. */
export function poolingSizes(shape: PoolingShape): PoolingSizes {
  const { planes, height, width, windowHeight, windowWidth } = shape;
  for (const [name, size] of Object.entries({ height, width, windowHeight, windowWidth })) {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`Pooling has no ${name} of ${size}.`);
  }
  if (!Number.isInteger(planes) || planes < 0) throw new RangeError(`Pooling has no ${planes} planes.`);
  if (windowHeight > height || windowWidth > width) {
    throw new RangeError(
      `Pictures of ${height} × ${width} are too small for a pooling window of ${windowHeight} × ${windowWidth}.`,
    );
  }
  const outHeight = Math.floor(height / windowHeight);
  const outWidth = Math.floor(width / windowWidth);
  return { input: planes * height * width, output: planes * outHeight * outWidth, outHeight, outWidth };
}
