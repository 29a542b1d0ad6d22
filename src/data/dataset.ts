/**
 * The data contracts: a data set (where rows come from) and a partitioner (who holds which rows).
 * Everything is deterministic from the seed, so every peer computes the whole partition and keeps its part.
 *
 * What peers must agree on without having the rows (width, classes) follows from a data set's options
 * alone, because the layout of the parameters follows from it; how many rows there are is each peer's own.
 */
import type { OptionSchema, Options } from '../base/options.ts';
import type { PictureDecoder } from './images-picture.ts';

/**
 * One label a row: class numbers (0 to 255), or the numbers to predict where a data set has 0 classes.
 */
export type Labels = Uint8Array | Float32Array;

/** A data set on the host: bytes with `feature = byte * scale`, or features as they are with scale 1. */
export interface HostDataset {
  readonly rows: number;
  readonly width: number;
  /** Number of classes, or 0: the labels are numbers to predict (regression). */
  readonly classes: number;
  readonly scale: number;
  /** rows × width features, row-major. */
  readonly features: Uint8Array | Float32Array;
  readonly labels: Labels;
  /** So many of the last rows came as test data; without it `DatasetEntry.testRows` decides. */
  readonly testRows?: number;
  /** What the columns were shifted and scaled by: feature = (cell - mean) · scale. */
  readonly standard?: { readonly mean: Float32Array; readonly scale: Float32Array };
}

/** What a model must know of its data. */
export interface DataShape {
  /** Features a row. */
  readonly width: number;
  /** Number of classes, or 0 for regression: one number a row is predicted. */
  readonly classes: number;
  /** How the features of a row form a picture: height × width × channels, row-major. */
  readonly image?: { readonly height: number; readonly width: number; readonly channels: number };
  /** A row is a window of `width` tokens, numbers below `classes`; each but the first is to be predicted. */
  readonly tokens?: true;
}

/**
 * Reads a file: a public path of the lab (`data/digits.bin`), or `file:NAME`, a person's own file, which
 * is a path for Node runs and a remembered file in a tab.
 */
export type FetchBytes = (path: string) => Promise<Uint8Array>;

export interface DatasetEntry {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly options: OptionSchema;
  /** Public paths of the lab that `load` may read: worth fetching before somebody chooses this entry. */
  readonly serves?: readonly string[];
  shape(options: Options): DataShape;
  /** Rows in the test split of a data set of `rows` rows; 0: scores are over the training rows. */
  testRows(rows: number, options: Options): number;
  /** The test rows are the last ones, as they are, not drawn: neighbouring rows belong together. */
  readonly testLast?: true;
  /** Why no run is possible with these options, in a sentence; null if one is. */
  refuses?(options: Options): string | null;
  /** Fills in, from the file itself, what peers must agree on. @throws {DataError} */
  complete?(options: Options, fetchBytes: FetchBytes): Promise<Options>;
  /**
   * The seed is the recipe's: for generated rows, and for what is fitted on the training rows. `decoder`
   * reads pictures in formats that are not read here.
   */
  load(
    options: Options,
    fetchBytes: FetchBytes,
    seed: number,
    decoder?: PictureDecoder,
  ): Promise<HostDataset>;
}

/** The data file is damaged, cut short, or does not hold what the run needs; one sentence says what. */
export class DataError extends Error {
  override readonly name = 'DataError';
}

/** Row numbers of the two splits: in the seed's order, or all for training in the file's order. */
export interface Split {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

export interface PartitionEntry {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly options: OptionSchema;
  /** It draws nothing: every seed deals the same parts. */
  readonly fixed?: true;
  /** Why this data cannot be dealt so, in a sentence; null if it can. */
  refuses?(data: DataShape): string | null;
  /**
   * Deals `rows` (of the training split) over `seats`; labels[row] is a row's label. Every row goes to
   * exactly one seat.
   */
  deal(
    rows: Uint32Array,
    labels: Labels,
    seats: number,
    seed: number,
    options: Options,
  ): readonly Uint32Array[];
}

/** `PartitionEntry.refuses` of what deals by class. */
export function needsClasses(partition: string): (data: DataShape) => string | null {
  return ({ classes }) =>
    classes > 0
      ? null
      : `The partition ${partition} deals by class, and this data has numbers to predict instead. ` +
        'Choose iid, contiguous, sorted or quantity.';
}
