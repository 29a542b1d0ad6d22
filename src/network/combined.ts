/**
 * One transport over several carriers that reach the same peers under the same ids: WebRTC first, with
 * BroadcastChannel opened late when there is no signalling. A peer is bound to the first carrier that
 * joined it: this end sends on that one alone, so order within a lane holds, while messages are taken
 * from any carrier that has joined (the other end may be bound to another). When the bound carrier loses
 * a peer, the connection ends on all of them: both ends then see one leave, and one join afterwards.
 */
import { type CountingTransport, PeerBook, type Traffic } from './book.ts';
import { type Lane, type PeerId, type Transport, TransportError, type TransportEvents } from './transport.ts';

export interface CombinedTransport extends CountingTransport {
  /** Adds a carrier to a running transport; `self` must be the same id. No effect after `close`. */
  openLate(carrier: Transport): void;
}

/** @throws {TransportError} if the carriers do not share one id. */
export function combine(carriers: readonly [Transport, ...Transport[]]): CombinedTransport {
  return new Combined(carriers);
}

class Combined implements CombinedTransport {
  readonly kind = 'combined';
  readonly self: PeerId;
  readonly #carriers: Transport[];
  readonly #book = new PeerBook<Transport>();
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor(carriers: readonly [Transport, ...Transport[]]) {
    this.self = carriers[0].self;
    this.#carriers = [...carriers];
    for (const carrier of carriers) this.#checkId(carrier);
  }

  open(events: TransportEvents): void {
    if (this.#state !== 'new') throw new TransportError(`This transport is already ${this.#state}.`);
    this.#state = 'open';
    this.#book.open(events);
    for (const carrier of this.#carriers) this.#start(carrier);
  }

  openLate(carrier: Transport): void {
    this.#checkId(carrier);
    if (this.#state === 'closed' || this.#carriers.includes(carrier)) return;
    this.#carriers.push(carrier);
    if (this.#state === 'open') this.#start(carrier);
  }

  peers(): readonly PeerId[] {
    return this.#book.list();
  }

  carrier(peer: PeerId): string | null {
    return this.#book.get(peer)?.carrier(peer) ?? null;
  }

  traffic(peer: PeerId): Traffic | null {
    return this.#book.traffic(peer);
  }

  async send(to: PeerId, lane: Lane, bytes: Uint8Array): Promise<void> {
    const carrier = this.#book.linkFor(to, lane, bytes);
    // The carrier may transfer the bytes away: their length is read first.
    const byteLength = bytes.byteLength;
    const done = carrier.send(to, lane, bytes);
    this.#book.sent(to, byteLength);
    await done;
  }

  drop(peer: PeerId, reason: string): void {
    if (this.#book.get(peer) === undefined) return;
    this.#end(peer, reason);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#book.close();
    for (const carrier of this.#carriers) carrier.close();
  }

  #checkId(carrier: Transport): void {
    if (carrier.self === this.self) return;
    throw new TransportError(`Carriers of one peer must share its id: ${carrier.self} is not ${this.self}.`);
  }

  #start(carrier: Transport): void {
    carrier.open({
      onJoin: (peer) => {
        if (this.#book.get(peer) === undefined) this.#book.joined(peer, carrier);
      },
      onLeave: (peer, reason) => {
        if (this.#book.get(peer) === carrier) this.#end(peer, reason);
      },
      onMessage: (peer, lane, bytes) => this.#book.received(peer, lane, bytes),
    });
  }

  #end(peer: PeerId, reason: string): void {
    this.#book.left(peer, reason);
    for (const carrier of this.#carriers) carrier.drop(peer, reason);
  }
}
