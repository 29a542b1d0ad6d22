/**
 * Bytes a second on every edge, from running totals that arrive now and then: what has passed between the
 * first and the last observation of some seconds, and nothing at all once nothing passes. How long a silence
 * means that depends on how often there is news of an edge: those of other tabs are told of less often.
 */

/** Time over which a rate is taken, in ms, or the time between two observations if that is longer. */
const WINDOW_MS = 4000;
/** Observations nearer to each other than this are one, in ms. */
const APART_MS = 400;
/** No edge is taken for idle before this has passed without news, in ms, nor before 1.5 times its interval. */
const PATIENCE_MS = 1500;
const PATIENCE = 1.5;
/** Then its rate falls to zero within this time, in ms. */
const FALL_MS = 1500;

interface Observation {
  readonly total: number;
  /** When it was first seen, and when it was last seen unchanged. */
  readonly at: number;
  until: number;
}

export class Traffic {
  /** Of each edge, the totals that differed, oldest first; the first may be older than the window. */
  readonly #flows = new Map<string, Observation[]>();

  /** `total` algorithm bytes have gone from one seat to another until `now` (ms). */
  observe(from: number, to: number, total: number, now: number): void {
    const key = `${from} ${to}`;
    const flow = this.#flows.get(key);
    const last = flow?.at(-1);
    // A total that has fallen is another worker's, or another run's.
    if (flow === undefined || last === undefined || total < last.total) {
      this.#flows.set(key, [{ total, at: now, until: now }]);
      return;
    }
    if (total === last.total) {
      last.until = now;
      return;
    }
    // After a rest traffic begins when it is seen to, not when the last before it was seen.
    if (last.until - last.at >= PATIENCE_MS || flow.length === 1) {
      this.#flows.set(key, [
        { ...last, at: last.until },
        { total, at: now, until: now },
      ]);
      return;
    }
    const before = flow.at(-2);
    if (before !== undefined && last.at - before.at < APART_MS) flow.pop();
    flow.push({ total, at: now, until: now });
    for (let [first, second] = flow; flow.length > 2; [first, second] = flow) {
      if (first === undefined || second === undefined) break;
      if (now - second.at < WINDOW_MS && second.at - first.at < WINDOW_MS) break;
      flow.shift();
    }
  }

  /** Bytes a second between two seats, both ways. `running`: false if no round is under way any more. */
  rate(a: number, b: number, now: number, running = true): number {
    const sum = this.#oneWay(`${a} ${b}`, now, running) + this.#oneWay(`${b} ${a}`, now, running);
    return sum < 1 ? 0 : sum;
  }

  clear(): void {
    this.#flows.clear();
  }

  #oneWay(key: string, now: number, running: boolean): number {
    const flow = this.#flows.get(key);
    const [first] = flow ?? [];
    const last = flow?.at(-1);
    const before = flow?.at(-2);
    if (first === undefined || last === undefined || before === undefined || last.at <= first.at) return 0;
    const patience = running ? Math.max(PATIENCE_MS, PATIENCE * (last.at - before.at)) : 0;
    const silence = Math.max(0, now - last.at - patience);
    const left = Math.max(0, 1 - silence / FALL_MS);
    return (left * (last.total - first.total) * 1000) / (last.at - first.at);
  }
}
