/**
 * What a worker's training loss is: at round r the mean of all batch losses that it computed in the rounds
 * r − 19 to r, fewer at the start; null if it computed none in them (a client that was not drawn for so long, or
 * an algorithm that learns nothing). It depends on the rounds alone, not on when or how often losses are read.
 */

/** Rounds that a training loss is the mean of. */
export const LOSS_WINDOW = 20;

/** A batch's mean loss (nats, or half the squared error), and the round that its gradient was for, from 1. */
export interface BatchLoss {
  readonly round: number;
  readonly loss: number;
}

/** The losses of one round. */
interface Round {
  readonly round: number;
  readonly sum: number;
  readonly count: number;
}

/** What a window knows, to go on from later. */
export interface LossRecord {
  /** At most the last 20 rounds with a gradient. */
  readonly rounds: readonly Round[];
  readonly suffered: number;
  readonly batches: number;
  /** The very first loss: where the worker started. */
  readonly first: number | null;
}

export class LossWindow {
  /** Rounds with a gradient, ascending: as many as any window may still reach. */
  #rounds: Round[] = [];
  #suffered: number;
  #batches: number;
  #first: number | null;

  constructor(before: LossRecord = { rounds: [], suffered: 0, batches: 0, first: null }) {
    this.#rounds = [...before.rounds];
    this.#suffered = before.suffered;
    this.#batches = before.batches;
    this.#first = before.first;
  }

  record(): LossRecord {
    return {
      rounds: this.#rounds,
      suffered: this.#suffered,
      batches: this.#batches,
      first: this.#first,
    };
  }

  /** Of all batches so far: the sum of their losses. */
  get suffered(): number {
    return this.#suffered;
  }

  get batches(): number {
    return this.#batches;
  }

  /** Takes a loss; rounds never go back. */
  add({ round, loss }: BatchLoss): void {
    const last = this.#rounds.at(-1);
    const same = last?.round === round ? last : { sum: 0, count: 0 };
    this.#rounds = [
      ...this.#rounds.filter((each) => each.round !== round && each.round > round - LOSS_WINDOW),
      { round, sum: same.sum + loss, count: same.count + 1 },
    ];
    this.#first ??= loss;
    this.#suffered += loss;
    this.#batches += 1;
  }

  /** The very first loss, or null before there was any. */
  get first(): number | null {
    return this.#first;
  }

  /** The training loss at a round, which is no earlier than the last that was added. */
  at(round: number): number | null {
    let [sum, count] = [0, 0];
    for (const each of this.#within(round)) {
      sum += each.sum;
      count += each.count;
    }
    return count === 0 ? null : sum / count;
  }

  /** Mean losses of the rounds of the window at a round, in order: of those with a gradient. */
  means(round: number): readonly number[] {
    return this.#within(round).map(({ sum, count }) => sum / count);
  }

  #within(round: number): readonly Round[] {
    return this.#rounds.filter((each) => each.round > round - LOSS_WINDOW);
  }
}
