/**
 * The time in which a worker does nothing but wait: for others' messages, while no gradient of its own is
 * being computed. Waits that overlap count once.
 */
import type { Clock } from '../base/clock.ts';

export class Idle {
  readonly #clock: Clock;
  readonly #add: (milliseconds: number) => void;
  #waits = 0;
  #computes = 0;
  #since = 0;

  constructor(clock: Clock, add: (milliseconds: number) => void) {
    this.#clock = clock;
    this.#add = add;
  }

  waiting<Value>(work: () => Promise<Value>): Promise<Value> {
    return this.#during(1, 0, work);
  }

  computing<Value>(work: () => Promise<Value>): Promise<Value> {
    return this.#during(0, 1, work);
  }

  /** Within `computing`: it has stopped for this. */
  pausing<Value>(work: () => Promise<Value>): Promise<Value> {
    return this.#during(0, -1, work);
  }

  async #during<Value>(waits: number, computes: number, work: () => Promise<Value>): Promise<Value> {
    this.#change(waits, computes);
    try {
      return await work();
    } finally {
      this.#change(-waits, -computes);
    }
  }

  #change(waits: number, computes: number): void {
    const now = this.#clock.now();
    if (this.#waits > 0 && this.#computes === 0) this.#add(now - this.#since);
    this.#since = now;
    this.#waits += waits;
    this.#computes += computes;
  }
}
