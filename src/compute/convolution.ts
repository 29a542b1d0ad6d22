/**
 * Two-dimensional convolution: the group of operations, its shapes and their checks. No arithmetic.
 *
 * As everywhere in deep learning it is a correlation (the filter is not flipped), with zeros around the
 * picture. Pictures are [batch, channels, height, width] row-major, so that a row of a data set is a
 * picture as it stands, flattening is free, and a group of channels is one contiguous run.
 */
import type { Slice, Vector } from './compute.ts';

/** All sizes are whole numbers; kernels are square. */
export interface ConvolutionShape {
  readonly batch: number;
  /** Channels, height and width of the input. */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Channels of the output. */
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  /** Rows and columns of zeros on every side; less than `kernel`. */
  readonly padding: number;
}

export interface Convolution {
  /**
   * y[b, f, i, j] = act(bias[f] + Σ_{c,u,v} weight[f, c, u, v] · x[b, c, i·stride + u - padding, j·stride + v - padding]).
   * x[batch, channels, height, width], weight[filters, channels, kernel, kernel], bias[filters] or none,
   * y[batch, filters, convolvedSize(height), convolvedSize(width)].
   */
  forward(
    shape: ConvolutionShape,
    x: Vector,
    weight: Slice,
    bias: Slice | null,
    y: Vector,
    activation: 'none' | 'relu',
  ): void;
  /** The gradients of `weight` and, if there is one, of `bias`, for dy shaped like y. Overwrites. */
  weightGradient(shape: ConvolutionShape, x: Vector, dy: Vector, dWeight: Slice, dBias: Slice | null): void;
  /**
   * The gradient of x for dy shaped like y. Where x is a ReLU's output, give it as `rectified`: the
   * gradient is then taken through the ReLU, that is 0 where x is not positive. Overwrites.
   */
  inputGradient(
    shape: ConvolutionShape,
    dy: Vector,
    weight: Slice,
    rectified: Vector | null,
    dx: Vector,
  ): void;
}

/** Rows (or columns) of the output for `size` rows (or columns) of input. */
export function convolvedSize(
  size: number,
  { kernel, stride, padding }: Pick<ConvolutionShape, 'kernel' | 'stride' | 'padding'>,
): number {
  return Math.floor((size + 2 * padding - kernel) / stride) + 1;
}

/** Numbers behind the operands of a convolution. */
export interface ConvolutionSizes {
  readonly input: number;
  readonly output: number;
  readonly weight: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** @throws {RangeError} unless the shape makes sense. */
export function convolutionSizes(shape: ConvolutionShape): ConvolutionSizes {
  const { batch, channels, height, width, filters, kernel, stride, padding } = shape;
  for (const [name, size] of Object.entries({ channels, height, width, filters, kernel, stride })) {
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError(`A convolution needs a whole, positive number of ${name}, not ${size}.`);
    }
  }
  if (!Number.isInteger(batch) || batch < 0) throw new RangeError(`A batch has no ${batch} pictures.`);
  if (!Number.isInteger(padding) || padding < 0 || padding >= kernel) {
    throw new RangeError(`The padding of a convolution must be 0 to ${kernel - 1}, not ${padding}.`);
  }
  const outHeight = convolvedSize(height, shape);
  const outWidth = convolvedSize(width, shape);
  if (outHeight < 1 || outWidth < 1) {
    throw new RangeError(
      `Pictures of ${height} × ${width} are too small for a kernel of ${kernel} × ${kernel}; pad them or take a smaller kernel.`,
    );
  }
  return {
    input: batch * channels * height * width,
    output: batch * filters * outHeight * outWidth,
    weight: filters * channels * kernel * kernel,
    outHeight,
    outWidth,
  };
}
