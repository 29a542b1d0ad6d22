/**
 * The book every transport keeps: which peers are connected, through what link, and what has crossed it.
 * It owns the rules that all transports share (a message only between join and leave, `onLeave` once and
 * never from inside the call that caused it), so that they cannot differ between carriers.
 */
import {
  HIGH_WATER_BYTES,
  LANES,
  type Lane,
  LOW_WATER_BYTES,
  largestMessage,
  type PeerId,
  type Transport,
  TransportError,
  type TransportEvents,
} from './transport.ts';

/** What has crossed one connection since the peer joined: whole messages, and their bytes. */
export interface Traffic {
  readonly messagesSent: number;
  readonly bytesSent: number;
  readonly messagesReceived: number;
  readonly bytesReceived: number;
}

/** A transport that counts; all of ours do. */
export interface CountingTransport extends Transport {
  /** Counters of a connected peer, or null. */
  traffic(peer: PeerId): Traffic | null;
}

/**
 * Most bytes that may wait on one lane when a caller does not wait for `send`; beyond it `send` rejects, or on
 * the lossy lane drops the message.
 */
export const QUEUE_LIMIT_BYTES = 8 * HIGH_WATER_BYTES;

interface Entry<L> {
  readonly link: L;
  readonly traffic: { -readonly [K in keyof Traffic]: number };
}

export class PeerBook<L> {
  readonly #entries = new Map<PeerId, Entry<L>>();
  /** Leaves that are not reported yet. */
  #leaves: { peer: PeerId; reason: string }[] = [];
  #events: TransportEvents | null = null;

  open(events: TransportEvents): void {
    if (this.#events !== null) throw new TransportError('This transport is already open.');
    this.#events = events;
  }

  /** From now on nothing is reported any more. */
  close(): void {
    this.#events = null;
    this.#entries.clear();
  }

  list(): readonly PeerId[] {
    return [...this.#entries.keys()];
  }

  get(peer: PeerId): L | undefined {
    return this.#entries.get(peer)?.link;
  }

  traffic(peer: PeerId): Traffic | null {
    const entry = this.#entries.get(peer);
    return entry === undefined ? null : { ...entry.traffic };
  }

  /** A new connection; one that the peer had before has ended with it. */
  joined(peer: PeerId, link: L): void {
    this.left(peer, 'reconnected');
    this.#reportLeaves();
    const traffic = { messagesSent: 0, bytesSent: 0, messagesReceived: 0, bytesReceived: 0 };
    this.#entries.set(peer, { link, traffic });
    this.#events?.onJoin(peer);
  }

  /**
   * Takes the peer out at once and reports it in a microtask, so that a user who calls `drop` from
   * inside an event never sees `onLeave` before its own call returns.
   */
  left(peer: PeerId, reason: string): void {
    if (!this.#entries.delete(peer)) return;
    this.#leaves.push({ peer, reason });
    queueMicrotask(() => this.#reportLeaves());
  }

  #reportLeaves(): void {
    for (const { peer, reason } of this.#leaves.splice(0)) this.#events?.onLeave(peer, reason);
  }

  received(peer: PeerId, lane: Lane, bytes: Uint8Array): void {
    const entry = this.#entries.get(peer);
    if (entry === undefined) return;
    entry.traffic.messagesReceived += 1;
    entry.traffic.bytesReceived += bytes.byteLength;
    this.#events?.onMessage(peer, lane, bytes);
  }

  /**
   * The link to send on.
   * @throws {TransportError} if the peer is not connected or the message is too large.
   */
  linkFor(peer: PeerId, lane: Lane, bytes: Uint8Array): L {
    if (bytes.byteLength > largestMessage(lane)) {
      throw new TransportError(
        `A message of ${bytes.byteLength} bytes is too large; the ${lane} lane carries at most ${largestMessage(lane)}.`,
      );
    }
    const entry = this.#entries.get(peer);
    if (entry === undefined) throw new TransportError(`Peer ${peer} is not connected.`);
    return entry.link;
  }

  /** Counts a message that was handed to the link. */
  sent(peer: PeerId, byteLength: number): void {
    const entry = this.#entries.get(peer);
    if (entry === undefined) return;
    entry.traffic.messagesSent += 1;
    entry.traffic.bytesSent += byteLength;
  }
}

/**
 * Flow control of one lane: knows nothing of the carrier but how much it still holds. `send` of the
 * contract waits here once more than the high-water mark is queued, until less than the low-water mark is;
 * on the lossy lane nobody waits.
 */
export class DrainGate {
  readonly #lossy: boolean;
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(lane: Lane) {
    this.#lossy = lane === 'lossy';
  }

  /**
   * Whether the message is to be sent; false: it is dropped.
   * @throws {TransportError} if a caller that never waits has filled the queue of a reliable lane.
   */
  admit(queued: number, byteLength: number): boolean {
    if (queued + byteLength <= QUEUE_LIMIT_BYTES) return true;
    if (this.#lossy) return false;
    throw new TransportError(
      `${queued} bytes already wait to be sent; wait for earlier sends before sending more.`,
    );
  }

  /** To await after a message was queued. */
  wait(queued: number): Promise<void> {
    if (this.#lossy || (queued <= HIGH_WATER_BYTES && this.#waiting.length === 0)) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** The carrier holds this much now. */
  drained(queued: number): void {
    if (queued > LOW_WATER_BYTES || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve();
  }

  /** The connection is gone: nobody waits in vain. */
  fail(reason: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(new TransportError(reason));
  }
}

/** Something for each lane. */
export function eachLane<Value>(make: (lane: Lane) => Value): Record<Lane, Value> {
  return { control: make('control'), bulk: make('bulk'), lossy: make('lossy') };
}

/** Nobody waits in vain on any lane. */
export function failAll(gates: Readonly<Record<Lane, DrainGate>>, reason: string): void {
  for (const lane of LANES) gates[lane].fail(reason);
}

/** The same bytes backed by a plain ArrayBuffer, which is what browser channels take. */
export function plainBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}
