/**
 * What a worker's time in a round goes to. Several things may be under way at once, as messages overlap with
 * a gradient and with one another: a moment counts once, for the first of them in the order below.
 */
import type { Clock } from '../base/clock.ts';

const ORDER = ['applying', 'computing', 'compressing', 'waiting'] as const;

export type Occupation = (typeof ORDER)[number];

export class Timesheet {
  readonly #clock: Clock;
  readonly #add: (occupation: Occupation, milliseconds: number) => void;
  readonly #underWay: Record<Occupation, number> = { applying: 0, computing: 0, compressing: 0, waiting: 0 };
  #since = 0;

  constructor(clock: Clock, add: (occupation: Occupation, milliseconds: number) => void) {
    this.#clock = clock;
    this.#add = add;
  }

  during<Value>(occupation: Occupation, work: () => Promise<Value>): Promise<Value> {
    return this.#counted(occupation, 1, work);
  }

  /** Within `computing`: the computation has stopped for this. */
  pausing<Value>(work: () => Promise<Value>): Promise<Value> {
    return this.#counted('computing', -1, work);
  }

  /** The same as `during`, of what does not wait. */
  now<Value>(occupation: Occupation, work: () => Value): Value {
    this.#change(occupation, 1);
    try {
      return work();
    } finally {
      this.#change(occupation, -1);
    }
  }

  async #counted<Value>(occupation: Occupation, by: number, work: () => Promise<Value>): Promise<Value> {
    this.#change(occupation, by);
    try {
      return await work();
    } finally {
      this.#change(occupation, -by);
    }
  }

  #change(occupation: Occupation, by: number): void {
    const now = this.#clock.now();
    const doing = ORDER.find((each) => this.#underWay[each] > 0);
    if (doing !== undefined) this.#add(doing, now - this.#since);
    this.#since = now;
    this.#underWay[occupation] += by;
  }
}
