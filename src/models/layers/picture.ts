/** What a model of convolutions needs of its data: that a row is a picture of one channel, in classes. */
import type { DataShape } from '../model.ts';
import type { Shape } from './layer.ts';

/**
 * Why rows of this shape cannot be looked at as pictures of at least `least` × `least`; null if they can.
 */
export function refusesPicture(data: DataShape, least: number): string | null {
  const { height, width, channels } = sidesOf(data);
  if (data.classes < 1) {
    return 'It tells classes apart, and this data set has numbers to predict; choose another model or data set.';
  }
  if (!Number.isInteger(height) || height * width * channels !== data.width) {
    return `It looks at pictures, and rows of ${data.width} features are none; choose the MLP, or a data set of pictures.`;
  }
  if (channels !== 1) {
    return `It looks at grey pictures, and these have ${channels} channels; choose the MLP, or a data set of grey pictures.`;
  }
  if (height < least || width < least) {
    return `Its pictures are at least ${least} × ${least} pixels, and these are ${height} × ${width}; choose the MLP.`;
  }
  return null;
}

/** The shape of a row. @throws {RangeError} with the sentence of `refusesPicture`. */
export function pictureShape(data: DataShape, least: number): Shape {
  const refusal = refusesPicture(data, least);
  if (refusal !== null) throw new RangeError(refusal);
  const { height, width, channels } = sidesOf(data);
  return [channels, height, width];
}

/** As the data set says; otherwise the width of a row may be a square. */
function sidesOf({ image, width }: DataShape) {
  const side = Math.sqrt(width);
  return image ?? { height: side, width: side, channels: 1 };
}
