/** The data sets and partitioners there are, one line each, in the order of the form. */
import type { DatasetEntry, PartitionEntry } from './dataset.ts';
import { digits } from './digits.ts';
import { dirichlet } from './dirichlet.ts';
import { iid } from './iid.ts';
import { shards } from './shards.ts';

export const DATASETS: readonly DatasetEntry[] = [digits];

export const PARTITIONS: readonly PartitionEntry[] = [iid, shards, dirichlet];
