/**
 * The BroadcastChannel transport: tabs of one browser on one origin find each other with no server at
 * all. Everyone shouts on the room's channel; each connection then has a channel of its own for either
 * direction, so that a model is not cloned into every tab. A BroadcastChannel never pushes back, so each
 * message is acknowledged and the sender counts what is not. It works in dedicated workers; a tab that
 * vanishes says nothing, which is the heartbeat's affair.
 *
 * Who connects: on an announcement, the smaller id of the two offers a link number and the larger takes
 * it (the smaller one's `offer`, the larger one's `accept` as first message of the link's channel).
 */
import * as v from 'valibot';
import { type Clock, realClock } from '../base/clock.ts';
import {
  type CountingTransport,
  DrainGate,
  eachLane,
  failAll,
  PeerBook,
  plainBytes,
  type Traffic,
} from './book.ts';
import { type RandomFill, randomPeerId } from './identity.ts';
import {
  LANES,
  type Lane,
  largestMessage,
  type PeerId,
  TransportError,
  type TransportEvents,
} from './transport.ts';

/** Everyone announces themselves again and again, so that dropped or late peers meet. */
const ANNOUNCE_MILLISECONDS = 2_000;
const MAX_PEERS = 64;

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
const lane = v.picklist(LANES);

/** On the room's channel. `knock` is an announcement to one peer. */
const shout = v.variant('kind', [
  v.object({ kind: v.literal('announce'), from: id }),
  v.object({ kind: v.literal('knock'), from: id, to: id }),
  v.object({ kind: v.literal('offer'), from: id, to: id, link: id }),
]);
type Shout = v.InferOutput<typeof shout>;

/** On a link's channel. `taken`: the receiver has dealt with so many bytes of a lane. */
const whisper = v.variant('kind', [
  v.object({ kind: v.literal('accept') }),
  v.object({ kind: v.literal('data'), lane, bytes: v.instance(Uint8Array) }),
  v.object({ kind: v.literal('taken'), lane, bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) }),
  v.object({ kind: v.literal('bye'), reason: v.pipe(v.string(), v.maxLength(200)) }),
]);
type Whisper = v.InferOutput<typeof whisper>;

export interface BroadcastOptions {
  readonly room: string;
  readonly self: PeerId;
  readonly clock?: Clock;
  readonly fill?: RandomFill;
}

export function broadcastTransport(options: BroadcastOptions): CountingTransport {
  return new Broadcast(options);
}

class Link {
  readonly id: string;
  readonly peer: PeerId;
  readonly incoming: BroadcastChannel;
  readonly outgoing: BroadcastChannel;
  readonly gates = eachLane((each) => new DrainGate(each));
  /** Bytes that the other end has not yet taken. */
  readonly waiting: Record<Lane, number> = eachLane(() => 0);

  constructor(link: string, self: PeerId, peer: PeerId) {
    this.id = link;
    this.peer = peer;
    this.incoming = new BroadcastChannel(`murmuration:${link}:${peer}>${self}`);
    this.outgoing = new BroadcastChannel(`murmuration:${link}:${self}>${peer}`);
  }

  tell(message: Whisper): void {
    this.outgoing.postMessage(message);
  }

  close(reason: string): void {
    this.incoming.onmessage = null;
    this.incoming.close();
    this.outgoing.close();
    failAll(this.gates, `Peer ${this.peer} has left: ${reason}.`);
  }
}

class Broadcast implements CountingTransport {
  readonly kind = 'broadcast';
  readonly self: PeerId;
  readonly #room: string;
  readonly #clock: Clock;
  readonly #fill: RandomFill;
  readonly #book = new PeerBook<Link>();
  /** Offers that wait for `accept`, one per peer. */
  readonly #offered = new Map<PeerId, Link>();
  /** Links that are over, the latest first: an offer of one of them comes too late. */
  readonly #ended: string[] = [];
  #channel: BroadcastChannel | null = null;
  #cancel = () => {};
  #state: 'new' | 'open' | 'closed' = 'new';

  constructor({ room, self, clock, fill }: BroadcastOptions) {
    this.self = self;
    this.#room = room;
    this.#clock = clock ?? realClock;
    this.#fill = fill ?? ((bytes) => crypto.getRandomValues(bytes));
  }

  open(events: TransportEvents): void {
    if (this.#state !== 'new') throw new TransportError(`This transport is already ${this.#state}.`);
    this.#state = 'open';
    this.#book.open(events);
    this.#channel = new BroadcastChannel(`murmuration:room:${this.#room}`);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const { success, output } = v.safeParse(shout, data);
      if (success) this.#heard(output);
    };
    this.#announce();
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
    const link = this.#book.linkFor(to, lane, bytes);
    const gate = link.gates[lane];
    if (!gate.admit(link.waiting[lane], bytes.byteLength)) return;
    // A message is cloned with the whole buffer it lies in: only its own part should be.
    const own = bytes.byteLength === bytes.buffer.byteLength ? plainBytes(bytes) : bytes.slice();
    link.waiting[lane] += own.byteLength;
    link.tell({ kind: 'data', lane, bytes: own });
    this.#book.sent(to, own.byteLength);
    await gate.wait(link.waiting[lane]);
  }

  drop(peer: PeerId, reason: string): void {
    const link = this.#book.get(peer);
    if (link === undefined) return;
    link.tell({ kind: 'bye', reason: reason.slice(0, 200) });
    this.#end(link, reason);
  }

  close(): void {
    if (this.#state === 'closed') return;
    for (const peer of this.#book.list()) this.drop(peer, 'closed');
    for (const link of this.#offered.values()) link.close('closed');
    this.#state = 'closed';
    this.#book.close();
    this.#offered.clear();
    this.#cancel();
    this.#channel?.close();
    this.#channel = null;
  }

  #shout(message: Shout): void {
    this.#channel?.postMessage(message);
  }

  #announce(): void {
    this.#shout({ kind: 'announce', from: this.self });
    this.#cancel = this.#clock.after(ANNOUNCE_MILLISECONDS, () => this.#announce());
  }

  #heard(message: Shout): void {
    const { from } = message;
    if (from === this.self || (message.kind !== 'announce' && message.to !== this.self)) return;
    const connected = this.#book.get(from) !== undefined;
    if (!connected && this.#book.list().length >= MAX_PEERS) return;
    if (message.kind === 'offer') {
      if (from < this.self) this.#take(from, message.link);
    } else if (message.kind === 'knock' || !connected) {
      if (this.self < from) this.#offer(from);
      else if (!connected) this.#shout({ kind: 'knock', from: this.self, to: from });
    }
  }

  /** Says the same offer again to a peer that has not yet taken it, or not yet heard that it has. */
  #offer(peer: PeerId): void {
    const link = this.#book.get(peer) ?? this.#offered.get(peer) ?? this.#newOffer(peer);
    this.#shout({ kind: 'offer', from: this.self, to: peer, link: link.id });
  }

  #newOffer(peer: PeerId): Link {
    const [oldest] = this.#offered;
    if (oldest !== undefined && this.#offered.size >= MAX_PEERS) {
      oldest[1].close('no answer');
      this.#offered.delete(oldest[0]);
    }
    const link = new Link(randomPeerId(this.#fill), this.self, peer);
    this.#offered.set(peer, link);
    this.#listen(link);
    return link;
  }

  #take(peer: PeerId, id: string): void {
    const old = this.#book.get(peer);
    if (old?.id === id || this.#ended.includes(id)) return;
    // The other end offers another link only when it has lost this one.
    if (old !== undefined) this.#end(old, 'reconnected');
    const link = new Link(id, this.self, peer);
    this.#listen(link);
    link.tell({ kind: 'accept' });
    this.#book.joined(peer, link);
  }

  #listen(link: Link): void {
    link.incoming.onmessage = ({ data }: MessageEvent<unknown>) => {
      const { success, output } = v.safeParse(whisper, data);
      if (success) this.#whispered(link, output);
      else if (this.#book.get(link.peer) === link) this.drop(link.peer, 'a message that makes no sense');
    };
  }

  #whispered(link: Link, message: Whisper): void {
    if (message.kind === 'accept') {
      if (this.#offered.get(link.peer) !== link) return;
      this.#offered.delete(link.peer);
      this.#book.joined(link.peer, link);
    } else if (this.#book.get(link.peer) !== link) {
      return;
    } else if (message.kind === 'bye') {
      this.#end(link, message.reason);
    } else if (message.kind === 'taken') {
      link.waiting[message.lane] = Math.max(0, link.waiting[message.lane] - message.bytes);
      link.gates[message.lane].drained(link.waiting[message.lane]);
    } else if (message.bytes.byteLength > largestMessage(message.lane)) {
      this.drop(link.peer, 'a message that is too large');
    } else {
      const { lane, bytes } = message;
      const { byteLength } = bytes;
      this.#book.received(link.peer, lane, bytes);
      if (this.#book.get(link.peer) === link) link.tell({ kind: 'taken', lane, bytes: byteLength });
    }
  }

  #end(link: Link, reason: string): void {
    link.close(reason);
    this.#ended.unshift(link.id);
    this.#ended.length = Math.min(this.#ended.length, MAX_PEERS);
    this.#book.left(link.peer, reason);
  }
}
