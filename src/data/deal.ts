/**
 * Who trains on what, and when: the rows of a seat, and its batch in a round.
 *
 * The number of seats that the data is dealt over is fixed when a run starts. A worker that comes later
 * and finds no free seat gets a fresh one with an independent draw by the same rule (so its rows overlap
 * with others'); nobody else's data moves.
 */
import type { Options } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import type { Labels, PartitionEntry } from './dataset.ts';

/**
 * Rows of one seat. `train` is the training split, labels[row] a row's label, `dealt` the number of seats
 * dealt over at the start. Seats from `dealt` on belong to further, independent deals; a partitioner that
 * draws nothing deals them the same parts again.
 */
export function rowsOfSeat(
  entry: PartitionEntry,
  train: Uint32Array,
  labels: Labels,
  dealt: number,
  seat: number,
  seed: number,
  options: Options,
): Uint32Array {
  if (!Number.isInteger(dealt) || dealt < 1 || !Number.isInteger(seat) || seat < 0) {
    throw new RangeError(`There is no seat ${seat} in a deal over ${dealt} seats.`);
  }
  const draw = Math.floor(seat / dealt);
  // Partitioners use worker 0 of this purpose; the seed of draw k comes from worker k.
  const drawSeed = draw === 0 ? seed : randomStream(seed, PURPOSE.partition, draw, 0).u32();
  const parts = entry.deal(train, labels, dealt, drawSeed, options);
  return parts[seat % dealt] ?? new Uint32Array(0);
}

/**
 * Batches of one seat: every epoch its rows in a new order, without replacement; a batch may run over
 * from one epoch into the next. A batch of 0 means all rows every round, in the order they were dealt,
 * which is what deterministic proofs of algorithms use. Where a round is so many epochs, each is cut into batches
 * by itself (`ofEpoch`), and the last of them is smaller. The batch of a round depends on (rows, batch, seed, seat, round) alone,
 * so rounds may be asked for again after a roll-back, or skipped; asking in order is cheap.
 */
export class BatchSampler {
  readonly #rows: Uint32Array;
  readonly #batch: number;
  readonly #seed: number;
  readonly #seat: number;
  #epoch = -1;
  #order: Uint32Array;

  /** @throws {RangeError} without rows, or for a batch that is no whole number from 0 on. */
  constructor(rows: Uint32Array, batch: number, seed: number, seat: number) {
    if (rows.length === 0) {
      throw new RangeError(`Seat ${seat} holds no rows to train on; use fewer workers or more data.`);
    }
    if (!Number.isInteger(batch) || batch < 0)
      throw new RangeError(`A batch of ${batch} rows makes no sense.`);
    this.#rows = rows;
    this.#batch = batch;
    this.#seed = seed;
    this.#seat = seat;
    this.#order = rows;
  }

  /** Rows of every batch. */
  get size(): number {
    return this.#batch === 0 ? this.#rows.length : this.#batch;
  }

  /** Exactly `size` row numbers for this round (0, 1, …). */
  at(round: number): Uint32Array {
    if (this.#batch === 0) return this.#rows;
    const batch = new Uint32Array(this.#batch);
    const start = round * this.#batch;
    for (let filled = 0; filled < batch.length; ) {
      const epoch = Math.floor((start + filled) / this.#rows.length);
      const from = (start + filled) % this.#rows.length;
      const piece = this.#orderOf(epoch).subarray(from, from + batch.length - filled);
      batch.set(piece, filled);
      filled += piece.length;
    }
    return batch;
  }

  /** Batches that an epoch is cut into, where each ends with it: ⌈rows / batch⌉. */
  get batches(): number {
    return this.#batch === 0 ? 1 : Math.ceil(this.#rows.length / this.#batch);
  }

  /** Batch 0, 1, … of an epoch that is cut up by itself: the last one has what is left. */
  ofEpoch(epoch: number, index: number): Uint32Array {
    if (this.#batch === 0) return this.#rows;
    return this.#orderOf(epoch).slice(index * this.#batch, (index + 1) * this.#batch);
  }

  #orderOf(epoch: number): Uint32Array {
    if (epoch !== this.#epoch) {
      this.#order = randomStream(this.#seed, PURPOSE.batch, this.#seat, epoch).shuffle(this.#rows.slice());
      this.#epoch = epoch;
    }
    return this.#order;
  }
}
