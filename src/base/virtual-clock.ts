/**
 * A clock whose time moves only when nothing else can: whole flocks run under it in one process, as fast
 * as the machine allows, and the same seed gives the same run.
 *
 * The idea is that of discrete-event simulation: all that is runnable runs first, then time jumps to the
 * earliest sleeper. Sleepers with equal deadlines wake in the order in which they lay down, one at a time,
 * so that what one sets in motion is done before the next wakes. It is no scheduler: code under it awaits
 * only promises and this clock.
 */
import { type Clock, sleepWith } from './clock.ts';

interface Sleeper {
  readonly deadline: number;
  readonly action: () => void;
}

/** One turn of the event loop, after which every pending microtask has run. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

export class VirtualClock implements Clock {
  readonly virtual = true;
  readonly work: Clock;
  /** Sleepers on `work`, and when the last of them went. */
  #working = 0;
  #workedAt: number;
  #now: number;
  /** Ascending by deadline; equal ones in order of arrival. */
  readonly #sleepers: Sleeper[] = [];
  readonly #turns: number;

  /**
   * @param start milliseconds that the clock shows at first.
   * @param turns event loop turns that count as "nothing else can run"; more than one where messages
   *   cross something slower than a microtask.
   */
  constructor(start = 0, turns = 1) {
    this.#now = start;
    this.#workedAt = start;
    this.#turns = turns;
    const after: Clock['after'] = (milliseconds, action) => this.#afterWork(milliseconds, action);
    this.work = {
      virtual: true,
      now: () => this.#now,
      after,
      sleep: (milliseconds, signal) => sleepWith(after, milliseconds, signal),
    };
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, action: () => void): () => void {
    const deadline = this.#now + Math.max(0, milliseconds);
    const sleeper: Sleeper = { deadline, action };
    let low = 0;
    let high = this.#sleepers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sleepers[middle]?.deadline ?? 0) <= deadline) low = middle + 1;
      else high = middle;
    }
    this.#sleepers.splice(low, 0, sleeper);
    return () => {
      const index = this.#sleepers.indexOf(sleeper);
      if (index >= 0) this.#sleepers.splice(index, 1);
    };
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return sleepWith((delay, action) => this.after(delay, action), milliseconds, signal);
  }

  #afterWork(milliseconds: number, action: () => void): () => void {
    this.#working += 1;
    let open = true;
    const end = () => {
      if (!open) return;
      open = false;
      this.#working -= 1;
      this.#workedAt = this.#now;
    };
    const cancel = this.after(milliseconds, () => {
      end();
      action();
    });
    return () => {
      cancel();
      end();
    };
  }

  /** Since when nobody sleeps on `work`, in ms of this clock; null while somebody does. */
  get idleSince(): number | null {
    return this.#working > 0 ? null : this.#workedAt;
  }

  /** Sleepers still waiting. */
  get waiting(): number {
    return this.#sleepers.length;
  }

  /**
   * Lets everything run and time pass until `until()` holds, for at most `limitMs` of virtual time.
   * Resolves to whether it came to hold; false also when nothing is left that could change anything.
   */
  async run(until: () => boolean, limitMs: number): Promise<boolean> {
    const end = this.#now + limitMs;
    for (;;) {
      for (let count = 0; count < this.#turns; count++) await turn();
      if (until()) return true;
      const next = this.#sleepers[0];
      if (next === undefined) return false;
      if (next.deadline > end) {
        this.#now = end;
        return false;
      }
      this.#sleepers.shift();
      this.#now = next.deadline;
      next.action();
    }
  }

  /** Lets exactly `milliseconds` of virtual time pass. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await this.run(() => false, milliseconds);
    this.#now = end;
  }
}
