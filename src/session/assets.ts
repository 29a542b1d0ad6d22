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
import type { DataShape, Labels, Split } from '../data/dataset.ts';
import { BatchSampler, rowsOfSeat } from '../data/deal.ts';
import { DATASETS, PARTITIONS } from '../data/index.ts';
import { type Preparation, preparationOf } from '../data/preparation.ts';
import { isPrivate } from '../data/private.ts';
import { splitRows } from '../data/split.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { MODELS } from '../models/index.ts';
import type { Layout, Program } from '../models/model.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { spectrumOf as spectrumOn, supportOf as supportOn } from '../topology/graph.ts';
import { TOPOLOGIES } from '../topology/index.ts';
import type { Spectrum } from '../topology/spectrum.ts';
import type { Edge } from '../topology/topology.ts';
import { constantLoss } from './divergence.ts';

/** Standard deviation σ of what a worker that starts apart adds to every parameter. */
const SPREAD = 0.1;

/**
 * Spectra that are kept, the latest used last: eigenvalues of hundreds of workers take long, sizes of a flock
 * come back, and all sessions of a process ask for the same.
 */
const MAX_SPECTRA = 32;
const spectra = new Map<string, Spectrum>();

/** Rows a worker from which on no partition leaves anybody without. */
const PLENTY = 50;

/** The parameter layout a recipe implies, without any device. */
export function layoutOf(recipe: Recipe): Layout {
  const data = findEntry('dataset', DATASETS, recipe.dataset.id);
  const model = findEntry('model', MODELS, recipe.model.id);
  return model.layout(recipe.model.options, data.shape(recipe.dataset.options));
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
  readonly data: DeviceDataset;
  readonly split: Split;
  /** x_0: made on the host from the seed, the same bits everywhere; what workers spread around, if they do. */
  readonly initial: Float32Array;
  /** What scores are over: the test rows, or all rows where none are held out. */
  readonly scored: Uint32Array;
  readonly #host: HostDataset;
  #constantLoss: number | null = null;
  #program: Program;
  /** Rows of a batch that the program has room for. */
  #capacity: number;

  constructor(compute: Compute, recipe: Recipe, host: HostDataset) {
    const dataset = findEntry('dataset', DATASETS, recipe.dataset.id);
    this.recipe = recipe;
    this.compute = compute;
    this.#host = host;
    this.algorithm = findEntry('algorithm', ALGORITHMS, recipe.algorithm.id);
    this.compressor = findEntry('compressor', COMPRESSORS, recipe.compressor.id);
    this.layout = layoutOf(recipe);
    this.initial =
      recipe.init === 'zeros'
        ? new Float32Array(this.layout.length)
        : findEntry('model', MODELS, recipe.model.id).initialise(this.layout, recipe.seed);
    this.#capacity = Math.max(1, recipe.batch);
    this.#program = this.makeProgram();
    this.data = compute.dataset(host);
    const testRows = host.testRows ?? dataset.testRows(host.rows, recipe.dataset.options);
    const testLast = host.testRows !== undefined || dataset.testLast === true;
    this.split = splitRows(host.rows, testRows, recipe.seed, testLast);
    this.scored = this.split.test.length > 0 ? this.split.test : this.split.train;
  }

  /**
   * Where the worker of this seat starts, given the common start: there, or, if the recipe spreads them,
   * x_0 + σ N(0, 1) in every coordinate, drawn from the seed and the seat. The same bits on every peer.
   */
  startOf(seat: number, common: Float32Array = this.initial): Float32Array {
    if (this.recipe.init !== 'spread') return common;
    const random = randomStream(this.recipe.seed, PURPOSE.start, seat, 0);
    return common.map((value) => value + SPREAD * random.normal());
  }

  /**
   * Why these rows cannot be dealt over so many workers, in a sentence that says what to do; null if they can.
   * `dealt`: the number of seats that they have been dealt over, whoever came later.
   */
  refuses(workers: number, dealt: number | null = null): string | null {
    const { dataset, partition, seats, seed } = this.recipe;
    const { train } = this.split;
    const over = dealt ?? Math.max(workers, seats);
    if (isPrivate(dataset.options) || train.length >= PLENTY * over) return null;
    const entry = findEntry('partition', PARTITIONS, partition.id);
    const parts = entry.deal(train, this.#host.labels, over, seed, partition.options);
    if (parts.every(({ length }) => length > 0)) return null;
    return `The data has ${train.length} rows to train on, which leave a worker of ${over} without any. Use fewer workers, or more data.`;
  }

  /** Row numbers that a seat trains on; `dealt` is the number of seats the data was dealt over. */
  rows(seat: number, dealt: number): Uint32Array {
    // Private data is dealt to nobody: what a tab has, its workers train on.
    if (isPrivate(this.recipe.dataset.options)) return this.split.train;
    const { id, options } = this.recipe.partition;
    const partition = findEntry('partition', PARTITIONS, id);
    return rowsOfSeat(partition, this.split.train, this.#host.labels, dealt, seat, this.recipe.seed, options);
  }

  /** One label a row of all the data. */
  get labels(): Labels {
    return this.#host.labels;
  }

  get classes(): number {
    return this.#host.classes;
  }

  /** Training loss of a predictor that does not look: what a model that has learnt anything is below. */
  get constantLoss(): number {
    const { classes, labels } = this.#host;
    this.#constantLoss ??= constantLoss(classes, labels, this.split.train);
    return this.#constantLoss;
  }

  get shape(): DataShape {
    const { id, options } = this.recipe.dataset;
    return findEntry('dataset', DATASETS, id).shape(options);
  }

  /** How the raw numbers of a row become what the model sees. */
  get preparation(): Preparation {
    return preparationOf(this.#host, this.shape, this.recipe.dataset.options);
  }

  /** A row as the model sees it (without features if nobody wants them), and its label. */
  row(row: number, features = true): { readonly features: Float32Array; readonly label: number } {
    const { width, scale, labels } = this.#host;
    const raw = features ? this.#host.features.subarray(row * width, (row + 1) * width) : [];
    return { features: Float32Array.from(raw, (value) => value * scale), label: labels[row] ?? 0 };
  }

  /** The model at work; ask for it anew in every round, as `sampler` may replace it by a larger one. */
  get program(): Program {
    return this.#program;
  }

  /** Another of the same, with scratch memory of its own; whoever asks for it destroys it. */
  makeProgram(): Program {
    const { id, options } = this.recipe.model;
    return findEntry('model', MODELS, id).program(this.compute, this.layout, options, this.#capacity);
  }

  /** Rows of a batch that the program takes, now and later. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Batches of a seat's rows, for which the program has room from now on. */
  sampler(rows: Uint32Array, seat: number): BatchSampler {
    const sampler = new BatchSampler(rows, this.recipe.batch, this.recipe.seed, seat);
    if (sampler.size > this.#capacity) {
      this.#capacity = sampler.size;
      this.#program.destroy();
      this.#program = this.makeProgram();
    }
    return sampler;
  }

  destroy(): void {
    this.#program.destroy();
    this.compute.free(this.data);
  }
}

/** The graph of one round over the occupied seats, with its weights. */
export { graphOf } from '../recipe/legality.ts';

/** How fast gossip alone agrees on the recipe's topology. */
export function spectrumOf(recipe: Recipe, n: number): Spectrum {
  const { entry, options } = topologyOf(recipe);
  const key = JSON.stringify([recipe.topology, recipe.seed, n]);
  const spectrum = spectra.get(key) ?? spectrumOn(entry, options, n, recipe.seed);
  spectra.delete(key);
  spectra.set(key, spectrum);
  for (const oldest of spectra.keys()) {
    if (spectra.size <= MAX_SPECTRA) break;
    spectra.delete(oldest);
  }
  return spectrum;
}

/** Every edge that any round can use: the links of the picture. */
export function supportOf(recipe: Recipe, n: number): readonly Edge[] {
  const { entry, options } = topologyOf(recipe);
  return supportOn(entry, options, n, recipe.seed);
}

function topologyOf({ topology: { id, options } }: Recipe) {
  return { entry: findEntry('topology', TOPOLOGIES, id), options };
}
