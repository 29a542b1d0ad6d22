/**
 * From what a person has (a picture's pixels, the cells of a table) to the features that a model sees: the
 * training set's own shift and scale, for who takes a model elsewhere.
 */
import type { Options } from '../base/options.ts';
import type { DataShape, HostDataset } from './dataset.ts';
import { readNameList } from './name-list.ts';

/** feature = (raw - shift) · scale, number by number of a row. */
export interface Preparation {
  /** One number a feature; null: nothing is shifted. */
  readonly shift: Float32Array | null;
  /** One number a feature, or one for all. */
  readonly scale: Float32Array | number;
  /** What the raw numbers of a row are, in a sentence. */
  readonly about: string;
}

/** @param options the data set's. */
export function preparationOf(host: HostDataset, shape: DataShape, options: Options): Preparation {
  const { standard, scale } = host;
  return {
    shift: standard?.mean ?? null,
    scale: standard?.scale ?? scale,
    about: about(host, shape, options),
  };
}

function about({ features, width }: HostDataset, { image }: DataShape, options: Options): string {
  if (image !== undefined) {
    const range = features instanceof Uint8Array ? ' from 0 to 255' : '';
    return (
      `The pixels of a picture${range}, row by row from the top left: ` +
      `${image.height} × ${image.width} × ${image.channels}, prepared as those of the training set were.`
    );
  }
  const names = typeof options.columns === 'string' ? readNameList(options.columns).names : null;
  if (names?.length === width) {
    return `Numbers of a row of the table: ${names.join(', ')} (name=value: 1 if the cell is that value, else 0).`;
  }
  return `The ${width} features of a row, as the data set has them.`;
}
