/**
 * The in-process transport: peers of one hub (virtual workers, tests, the simulator) reach each other
 * through microtasks. Delivery is asynchronous, in order, and the same in every run. It is not a link
 * model: delay and loss are the simulator's, through `schedule`; partitions and crashes are the hub's
 * fault hooks. Messages are copied, as a real network would, so that no two peers share bytes.
 */
import { type CountingTransport, PeerBook, type Traffic } from './book.ts';
import type { Lane, PeerId, TransportEvents } from './transport.ts';
import { TransportError } from './transport.ts';

/** Runs `deliver` later. Must keep the order of calls with equal `from`, `to` and `lane`. */
export type Schedule = (
  deliver: () => void,
  about: { from: PeerId; to: PeerId; lane: Lane | null; bytes: number },
) => void;

export interface MemoryHubOptions {
  /** How deliveries, joins and leaves are put off; the default is the microtask queue. */
  readonly schedule?: Schedule;
}

export class MemoryHub {
  readonly #peers = new Map<PeerId, MemoryTransport>();
  readonly #cuts = new Set<string>();
  readonly #known = new Set<PeerId>();
  readonly #schedule: Schedule;

  constructor(options: MemoryHubOptions = {}) {
    this.#schedule = options.schedule ?? ((deliver) => queueMicrotask(deliver));
  }

  /**
   * A new endpoint; it joins the others when it is opened.
   * @throws {TransportError} if the id was ever used on this hub (ids are never reused).
   */
  connect(id: PeerId): CountingTransport {
    if (this.#known.has(id)) throw new TransportError(`Peer id ${id} was already used on this hub.`);
    this.#known.add(id);
    return new MemoryTransport(id, this);
  }

  /** Silently cuts the link: messages vanish both ways, and nobody is told. */
  cut(a: PeerId, b: PeerId): void {
    this.#cuts.add(pair(a, b));
  }

  /** Mends the link, cut or dropped; if either end has given the other up, both leave and join afresh. */
  heal(a: PeerId, b: PeerId): void {
    this.#cuts.delete(pair(a, b));
    const left = this.#peers.get(a);
    const right = this.#peers.get(b);
    if (left !== undefined && right !== undefined) this.#rejoin(left, right);
  }

  /** Kills an endpoint without a word: no `onLeave` anywhere, and what it goes on to send vanishes. */
  crash(id: PeerId): void {
    this.#peers.get(id)?.silence('crashed');
    this.#peers.delete(id);
  }

  /** @internal */
  enter(peer: MemoryTransport): void {
    const others = [...this.#peers.values()];
    this.#peers.set(peer.self, peer);
    for (const other of others) this.#rejoin(peer, other);
  }

  /** @internal */
  exit(peer: MemoryTransport): void {
    this.#peers.delete(peer.self);
  }

  /** @internal Runs `action` at the other end, unless the link is cut or either end is gone by then. */
  deliver(
    from: MemoryTransport,
    to: PeerId,
    lane: Lane | null,
    bytes: number,
    action: (end: MemoryTransport) => void,
  ): void {
    if (this.#cuts.has(pair(from.self, to))) return;
    this.#schedule(
      () => {
        const end = this.#peers.get(to);
        if (end !== undefined && !this.#cuts.has(pair(from.self, to))) action(end);
      },
      { from: from.self, to, lane, bytes },
    );
  }

  /** Joins two endpoints that are not both joined to each other already. */
  #rejoin(a: MemoryTransport, b: MemoryTransport): void {
    if (this.#cuts.has(pair(a.self, b.self)) || (a.holds(b.self) && b.holds(a.self))) return;
    const link = {};
    this.#schedule(
      () => {
        const alive = this.#peers.get(a.self) === a && this.#peers.get(b.self) === b;
        if (!alive || this.#cuts.has(pair(a.self, b.self))) return;
        a.join(b.self, link);
        b.join(a.self, link);
      },
      { from: a.self, to: b.self, lane: null, bytes: 0 },
    );
  }
}

const pair = (a: PeerId, b: PeerId): string => (a < b ? JSON.stringify([a, b]) : JSON.stringify([b, a]));

class MemoryTransport implements CountingTransport {
  readonly kind = 'memory';
  readonly self: PeerId;
  readonly #hub: MemoryHub;
  /** The link object is shared by both ends and tells one connection from the next. */
  readonly #book = new PeerBook<object>();
  #state: 'new' | 'open' | 'closed' | 'crashed' = 'new';

  constructor(self: PeerId, hub: MemoryHub) {
    this.self = self;
    this.#hub = hub;
  }

  open(events: TransportEvents): void {
    if (this.#state !== 'new') throw new TransportError(`This transport is already ${this.#state}.`);
    this.#book.open(events);
    this.#state = 'open';
    this.#hub.enter(this);
  }

  peers(): readonly PeerId[] {
    return this.#book.list();
  }

  carrier(peer: PeerId): string | null {
    return this.#book.get(peer) === undefined ? null : this.kind;
  }

  traffic(peer: PeerId): Traffic | null {
    return this.#book.traffic(peer);
  }

  async send(to: PeerId, lane: Lane, bytes: Uint8Array): Promise<void> {
    if (this.#state === 'crashed') return;
    const link = this.#book.linkFor(to, lane, bytes);
    const copy = bytes.slice();
    this.#book.sent(to, copy.byteLength);
    this.#hub.deliver(this, to, lane, copy.byteLength, (end) => end.accept(this.self, link, lane, copy));
  }

  drop(peer: PeerId, reason: string): void {
    const link = this.#book.get(peer);
    if (link === undefined) return;
    this.#book.left(peer, reason);
    this.#hub.deliver(this, peer, null, 0, (end) => end.lost(this.self, link, reason));
  }

  close(): void {
    if (this.#state !== 'open') return;
    for (const peer of this.#book.list()) this.drop(peer, 'closed');
    this.silence('closed');
    this.#hub.exit(this);
  }

  /** @internal */
  silence(state: 'closed' | 'crashed'): void {
    this.#state = state;
    this.#book.close();
  }

  /** @internal */
  holds(peer: PeerId): boolean {
    return this.#book.get(peer) !== undefined;
  }

  /** @internal */
  join(peer: PeerId, link: object): void {
    this.#book.joined(peer, link);
  }

  /** @internal */
  accept(from: PeerId, link: object, lane: Lane, bytes: Uint8Array): void {
    if (this.#book.get(from) === link) this.#book.received(from, lane, bytes);
  }

  /** @internal */
  lost(from: PeerId, link: object, reason: string): void {
    if (this.#book.get(from) === link) this.#book.left(from, reason);
  }
}
