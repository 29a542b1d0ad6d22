/**
 * Emulated links between workers: delivery is put off by latency, by the time that bytes take on a link of
 * limited bandwidth, and by what is lost and sent again. It stands between an algorithm and the network,
 * and knows seats, not peers, so that it makes no difference who shares a tab with whom. Under a virtual
 * clock it is the network; under the real one it comes on top of it.
 *
 *   a message of s bits waits until the link is free, takes s / bandwidth, then latency ± jitter
 *
 * The cost model is α + βs of a message (section 12.1), bytes of one direction of a link (or, `per=worker`,
 * of all that a worker sends) one after another; what a worker receives does not compete. Messages of a
 * link arrive in order. On a reliable lane a lost packet is a delay: its sender hears of it after a round
 * trip and sends it again. On an unreliable one a message is lost with any of its packets.
 */
import type { Clock } from '../base/clock.ts';
import { ln } from '../math/portable.ts';
import { PURPOSE, type RandomStream, randomStream } from '../math/random.ts';
import type { LinkQuality } from '../recipe/conditions.ts';

/** Bytes that are lost or arrive together. */
const PACKET_BYTES = 1200;

interface LinkState {
  /** Messages so far: each has random numbers of its own. */
  count: number;
  /** When the last of them arrives. */
  lastArrival: number;
  /** On their way, oldest first: timers of the real clock keep no order among themselves. */
  readonly queue: (() => void)[];
}

export class EmulatedLinks {
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #model: LinkQuality;
  readonly #links = new Map<string, LinkState>();
  /** When the sender's side is free again. */
  readonly #free = new Map<string, number>();

  constructor(clock: Clock, seed: number, model: LinkQuality) {
    this.#clock = clock;
    this.#seed = seed;
    this.#model = model;
  }

  /** Calls `deliver` when a message of so many bytes would arrive, if it does. */
  pass(from: number, to: number, bytes: number, reliable: boolean, deliver: () => void): void {
    const { bandwidth, latency, jitter, loss, per } = this.#model;
    const now = this.#clock.now();
    const key = `${from} ${to}`;
    const link = this.#links.get(key) ?? { count: 0, lastArrival: now, queue: [] };
    this.#links.set(key, link);
    const random = randomStream(this.#seed, PURPOSE.simulation, from * 0x10000 + to, link.count);
    link.count += 1;

    const occupied = per === 'link' ? key : `${from}`;
    const start = Math.max(now, this.#free.get(occupied) ?? now);
    const perPacket = (count: number) => (8 * Math.min(bytes, count * PACKET_BYTES) * 1000) / bandwidth;
    const packets = Math.max(1, Math.ceil(bytes / PACKET_BYTES));
    let free = start + perPacket(packets);
    const trip = Math.max(0, latency + jitter * (2 * random.uniform() - 1));
    let arrival = free + trip;
    let lost = binomial(random, packets, loss);
    if (lost > 0 && !reliable) {
      this.#free.set(occupied, free);
      return;
    }
    while (lost > 0) {
      free += perPacket(lost);
      arrival += 2 * latency + perPacket(lost);
      lost = binomial(random, lost, loss);
    }
    this.#free.set(occupied, free);
    link.lastArrival = Math.max(link.lastArrival, arrival);
    link.queue.push(deliver);
    this.#clock.after(link.lastArrival - now, () => link.queue.shift()?.());
  }
}

/** How many of `count` are lost: the gaps between losses are geometric, so only losses cost a draw. */
function binomial(random: RandomStream, count: number, probability: number): number {
  if (probability <= 0) return 0;
  const scale = 1 / ln(1 - probability);
  let lost = 0;
  for (let at = -1; ; lost += 1) {
    at += 1 + Math.floor(ln(1 - random.uniform()) * scale);
    if (at >= count) return lost;
  }
}
