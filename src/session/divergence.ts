/**
 * When training has diverged, though every number is still finite. Judged by a worker's own training losses,
 * round by round, each against its reference: the larger of the loss that it started from (its first batch's)
 * and of that of a constant predictor (ln C for C classes, half the variance of numbers to predict).
 *
 *   high        once 20 rounds are done: of the rounds among the last 20 in which it computed a gradient, two or
 *               more, and more than half, have a mean loss over 3 times the reference;
 *               or at any time: its last two such rounds are both over 100 times the reference
 *   diverged    high for 50 rounds on end, or high when the run ends
 *
 * So a loss below that of the start is never divergence, nor is a spike: large steps often overshoot for some
 * rounds and come back. A loss that is no longer finite is divergence at once; that is not judged here.
 */
import { type BatchLoss, LOSS_WINDOW, LossWindow } from './loss-window.ts';

const HIGH = 3;
const FAR = 100;
const PATIENCE = 50;

/** What divergence is told with. */
export interface Divergence {
  readonly seat: number;
  /** Mean loss of the last round. */
  readonly loss: number;
  readonly reference: number;
}

export class DivergenceJudge {
  readonly #constant: number;
  readonly #window: LossWindow;
  /** The last round that was judged. */
  #round = 0;
  /** The round from which on it has been high, or null. */
  #since: number | null = null;

  /** `constant`: loss of a constant predictor; `window`: the worker's losses, to which this one adds. */
  constructor(constant: number, window = new LossWindow()) {
    this.#constant = constant;
    this.#window = window;
  }

  get reference(): number {
    return Math.max(this.#window.first ?? 0, this.#constant);
  }

  /** Mean loss of the last round. */
  get loss(): number {
    return this.#window.means(this.#round).at(-1) ?? Number.NaN;
  }

  /** Takes the losses of whole rounds, ascending; true if the worker has diverged by now. */
  add(losses: readonly BatchLoss[]): boolean {
    let diverged = false;
    for (const [index, loss] of losses.entries()) {
      const { round } = loss;
      this.#window.add(loss);
      this.#round = round;
      if (losses[index + 1]?.round === round) continue;
      if (!this.isHigh(round)) this.#since = null;
      else this.#since ??= round;
      if (this.#since !== null && round - this.#since >= PATIENCE) {
        diverged = true;
        // Who goes on all the same is told again in as many rounds.
        this.#since = round;
      }
    }
    return diverged;
  }

  /** Whether the losses of the last rounds are high, after so many rounds. */
  isHigh(round: number): boolean {
    const limit = this.reference;
    const recent = this.#window.means(round).map((loss) => loss / limit);
    const high = recent.filter((ratio) => ratio > HIGH).length;
    const lasting = round >= LOSS_WINDOW && high >= 2 && 2 * high > recent.length;
    return lasting || (recent.length >= 2 && recent.slice(-2).every((ratio) => ratio > FAR));
  }
}

/** Loss of the best that can be said without looking: all classes alike, or the mean of the numbers. */
export function constantLoss(classes: number, labels: ArrayLike<number>, rows: ArrayLike<number>): number {
  if (classes > 0) return Math.log(classes);
  let [mean, squares] = [0, 0];
  for (let k = 0; k < rows.length; k += 1) {
    const value = labels[rows[k] ?? 0] ?? 0;
    const difference = value - mean;
    mean += difference / (k + 1);
    squares += difference * (value - mean);
  }
  return rows.length === 0 ? 0 : squares / rows.length / 2;
}
