/**
 * What all workers of a session share for one recipe: the data set on the device, its split, the model
 * bound to the device, the initial parameters. Built when the recipe or the device changes.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { AlgorithmEntry } from '../algorithms/algorithm.ts';
import { ALGORITHMS } from '../algorithms/index.ts';
import { findEntry } from '../base/registry.ts';
import type { CompressorEntry } from '../compressors/compressor.ts';
import { COMPRESSORS } from '../compressors/index.ts';
import type { Compute, DeviceDataset, HostDataset } from '../compute/compute.ts';
import type { Split } from '../data/dataset.ts';
import { BatchSampler, rowsOfSeat } from '../data/deal.ts';
import { DATASETS, PARTITIONS } from '../data/index.ts';
import { splitRows } from '../data/split.ts';
import { MODELS } from '../models/index.ts';
import type { Layout, Program } from '../models/model.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { TOPOLOGIES } from '../topology/index.ts';
import { metropolis, type Spectrum, spectrum } from '../topology/mixing.ts';
import type { Edge } from '../topology/topology.ts';

/** The parameter layout a recipe implies, without any device. */
export function layoutOf(recipe: Recipe): Layout {
  const data = findEntry('dataset', DATASETS, recipe.dataset.id);
  const model = findEntry('model', MODELS, recipe.model.id);
  return model.layout(recipe.model.options, data.shape);
}

/** What two peers of one recipe must agree on: names, shapes and offsets, as a hash. */
export function layoutHash(recipe: Recipe): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(layoutOf(recipe)))));
}

export class Assets {
  readonly recipe: Recipe;
  readonly compute: Compute;
  readonly algorithm: AlgorithmEntry;
  readonly compressor: CompressorEntry;
  readonly layout: Layout;
  readonly program: Program;
  readonly data: DeviceDataset;
  readonly split: Split;
  /** x_0: made on the host from the seed, the same bits everywhere. */
  readonly initial: Float32Array;
  readonly #host: HostDataset;

  constructor(compute: Compute, recipe: Recipe, host: HostDataset) {
    const dataset = findEntry('dataset', DATASETS, recipe.dataset.id);
    const model = findEntry('model', MODELS, recipe.model.id);
    this.recipe = recipe;
    this.compute = compute;
    this.#host = host;
    this.algorithm = findEntry('algorithm', ALGORITHMS, recipe.algorithm.id);
    this.compressor = findEntry('compressor', COMPRESSORS, recipe.compressor.id);
    this.layout = layoutOf(recipe);
    this.initial = model.initialise(this.layout, recipe.seed);
    this.program = model.program(compute, this.layout, recipe.model.options, recipe.batch);
    this.data = compute.dataset(host);
    this.split = splitRows(host.rows, dataset.testRows, recipe.seed);
  }

  /** Row numbers that a seat trains on; `dealt` is the number of seats the data was dealt over. */
  rows(seat: number, dealt: number): Uint32Array {
    const { id, options } = this.recipe.partition;
    const partition = findEntry('partition', PARTITIONS, id);
    return rowsOfSeat(partition, this.split.train, this.#host.labels, dealt, seat, this.recipe.seed, options);
  }

  /** Batches of a seat's rows. */
  sampler(rows: Uint32Array, seat: number): BatchSampler {
    return new BatchSampler(rows, this.recipe.batch, this.recipe.seed, seat);
  }

  destroy(): void {
    this.program.destroy();
    this.compute.free(this.data);
  }
}

/** The graph of one round over the occupied seats, with Metropolis weights. */
export interface Graph {
  readonly edges: readonly Edge[];
  /** Mixing matrix W, rows by position. */
  readonly weights: readonly Float64Array[];
}

export function graphOf(recipe: Recipe, n: number, round: number): Graph {
  const topology = findEntry('topology', TOPOLOGIES, recipe.topology.id);
  const edges = topology.edges(n, round, recipe.seed, recipe.topology.options);
  return { edges, weights: metropolis(n, edges) };
}

export function spectrumOf(recipe: Recipe, n: number): Spectrum {
  return spectrum(graphOf(recipe, n, 0).weights);
}
