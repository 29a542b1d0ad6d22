/**
 * Bytes a second on every edge, from running totals that arrive now and then: a rate that follows within
 * about two seconds and falls to zero when nothing passes.
 */
const MEMORY_MS = 2000;

interface Flow {
  total: number;
  at: number;
  rate: number;
}

export class Traffic {
  readonly #flows = new Map<string, Flow>();

  /** `total` algorithm bytes have gone from one seat to another until `now` (ms). */
  observe(from: number, to: number, total: number, now: number): void {
    const key = `${from} ${to}`;
    const flow = this.#flows.get(key);
    if (flow === undefined || total < flow.total) {
      this.#flows.set(key, { total, at: now, rate: 0 });
      return;
    }
    const elapsed = now - flow.at;
    if (elapsed < 200) return;
    const keep = Math.exp(-elapsed / MEMORY_MS);
    flow.rate = keep * flow.rate + (1 - keep) * (((total - flow.total) * 1000) / elapsed);
    flow.total = total;
    flow.at = now;
  }

  /** Bytes a second between two seats, both ways. */
  rate(a: number, b: number, now: number): number {
    let sum = 0;
    for (const key of [`${a} ${b}`, `${b} ${a}`]) {
      const flow = this.#flows.get(key);
      if (flow !== undefined) sum += flow.rate * Math.exp(-Math.max(0, now - flow.at - 1000) / MEMORY_MS);
    }
    return sum < 1 ? 0 : sum;
  }

  clear(): void {
    this.#flows.clear();
  }
}
