/**
 * The data contracts: a data set (where rows come from) and a partitioner (who holds which rows).
 * Everything is deterministic from the seed, so every peer computes the whole partition and keeps its part.
 */
import type { OptionSchema, Options } from '../base/options.ts';

/** A data set on the host: features are bytes, `feature = byte * scale`; labels are class numbers. */
export interface HostDataset {
  readonly rows: number;
  readonly width: number;
  readonly classes: number;
  readonly scale: number;
  /** rows × width bytes, row-major. */
  readonly features: Uint8Array;
  /** One class number a row. */
  readonly labels: Uint8Array;
}

/** What a model must know of its data: features a row, and classes. */
export interface DataShape {
  readonly width: number;
  readonly classes: number;
}

export interface DatasetEntry {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly options: OptionSchema;
  readonly shape: DataShape;
  /** Rows in the test split. */
  readonly testRows: number;
  /** `fetchBytes` reads a file that the lab serves (or a Node run finds on disk) by its public path. */
  load(options: Options, fetchBytes: (path: string) => Promise<Uint8Array>): Promise<HostDataset>;
}

/** Row numbers of the two splits, each in the seed's order. */
export interface Split {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

export interface PartitionEntry {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly options: OptionSchema;
  /**
   * Deals `rows` (of the training split) over `seats`; labels[row] is a row's class. Every row goes to
   * exactly one seat.
   */
  deal(
    rows: Uint32Array,
    labels: Uint8Array,
    seats: number,
    seed: number,
    options: Options,
  ): readonly Uint32Array[];
}
