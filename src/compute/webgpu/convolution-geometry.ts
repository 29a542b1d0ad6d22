/**
 * How pictures are packed for a convolution's products on the device, and how the products walk over them:
 * pure arithmetic of shapes. The words are those of `shaders/conv-pack.wgsl` and `conv-products.wgsl`.
 */
import { type ConvolutionShape, convolutionSizes } from '../convolution.ts';

export interface Geometry {
  /** The picture as it comes. */
  readonly channels: number;
  readonly sourceHeight: number;
  readonly sourceWidth: number;
  /** As it is packed: rows, columns, and vec4f of channels. */
  readonly packedHeight: number;
  readonly packedWidth: number;
  readonly quads: number;
  /** Zeros above and to the left. */
  readonly top: number;
  readonly left: number;
  /** Columns of the source from one packed column to the next. */
  readonly step: number;
  /** Taps of a kernel's row that are channels of their own. */
  readonly fold: number;
  readonly tapRows: number;
  readonly tapColumns: number;
  /** Packed rows and columns from one position to the next. */
  readonly rowStep: number;
  readonly columnStep: number;
  /** Each way: positions of one phase meet the same taps. */
  readonly phases: number;
  readonly shift: number;
}

/** Folding pays where it leaves at most this share of the vec4f to multiply. */
const FOLD_SHARE = 0.75;

/** The input as forward and weight gradient read it: with zeros around, folded where channels are few. */
export function inputGeometry(shape: ConvolutionShape): Geometry {
  const { channels, height, width, kernel, stride, padding } = shape;
  const { outHeight, outWidth } = convolutionSizes(shape);
  const common = {
    channels,
    sourceHeight: height,
    sourceWidth: width,
    packedHeight: (outHeight - 1) * stride + kernel,
    top: padding,
    left: padding,
    tapRows: kernel,
    rowStep: stride,
    phases: 1,
    shift: 0,
  };
  const quads = Math.ceil(channels / 4);
  const folded = Math.ceil((channels * kernel) / 4);
  if (folded <= FOLD_SHARE * quads * kernel) {
    const columns = { packedWidth: outWidth, step: stride, fold: kernel, tapColumns: 1, columnStep: 1 };
    return { ...common, ...columns, quads: folded };
  }
  const packedWidth = (outWidth - 1) * stride + kernel;
  return { ...common, packedWidth, step: 1, fold: 1, tapColumns: kernel, columnStep: stride, quads };
}

/**
 * dy as the input gradient reads it. Inputs `stride` apart meet the same taps: a phase each way. Of these
 * there are at most kernel / stride, rounded up, and so many less one zeros go around.
 */
export function gradientGeometry(shape: ConvolutionShape): Geometry {
  const { filters, height, width, kernel, stride, padding } = shape;
  const { outHeight, outWidth } = convolutionSizes(shape);
  const taps = Math.ceil(kernel / stride);
  // The last position of the last phase, and its taps.
  const packed = (size: number) =>
    Math.ceil(size / stride) - 1 + Math.floor((stride - 1 + padding) / stride) + taps;
  return {
    ...plainGeometry(filters, outHeight, outWidth),
    packedHeight: packed(height),
    packedWidth: packed(width),
    top: taps - 1,
    left: taps - 1,
    tapRows: taps,
    tapColumns: taps,
    phases: stride,
    shift: padding,
  };
}

/** A picture as it is, but for its channels' place. */
export function plainGeometry(channels: number, height: number, width: number): Geometry {
  return {
    channels,
    sourceHeight: height,
    sourceWidth: width,
    packedHeight: height,
    packedWidth: width,
    quads: Math.ceil(channels / 4),
    top: 0,
    left: 0,
    step: 1,
    fold: 1,
    tapRows: 1,
    tapColumns: 1,
    rowStep: 1,
    columnStep: 1,
    phases: 1,
    shift: 0,
  };
}
