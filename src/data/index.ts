/** The data sets and partitioners there are, one line each, in the order of the form. */
import { contiguous } from './contiguous.ts';
import { csv } from './csv.ts';
import type { DatasetEntry, PartitionEntry } from './dataset.ts';
import { digits } from './digits.ts';
import { dirichlet } from './dirichlet.ts';
import { dirichletEqual } from './dirichlet-equal.ts';
import { idx } from './idx.ts';
import { iid } from './iid.ts';
import { images } from './images.ts';
import { blobs, circles, moons, spirals } from './planar.ts';
import { quantity } from './quantity.ts';
import { regression } from './regression.ts';
import { shards } from './shards.ts';
import { sorted } from './sorted.ts';
import { text } from './text.ts';

export const DATASETS: readonly DatasetEntry[] = [
  digits,
  moons,
  spirals,
  circles,
  blobs,
  regression,
  csv,
  idx,
  images,
  text,
];

export const PARTITIONS: readonly PartitionEntry[] = [
  iid,
  contiguous,
  sorted,
  shards,
  dirichlet,
  dirichletEqual,
  quantity,
];
