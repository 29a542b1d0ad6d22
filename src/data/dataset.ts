/**
 * The data contracts: a data set (where rows come from) and a partitioner (who holds which rows).
 * Everything is deterministic from the seed, so every peer computes the whole partition and keeps its part.
 */
import type { OptionSchema, Options } from '../base/options.ts';
import type { HostDataset } from '../compute/compute.ts';
import type { DataShape } from '../models/model.ts';

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
