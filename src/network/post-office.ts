/**
 * The post office: frames over a transport. It splits and assembles them, keeps them to their lanes,
 * counts them, and shows the door to peers that keep sending rubbish. What a frame means is its
 * handler's affair; whether its sender may speak for its seat too.
 *
 * Frames between workers of this same peer never reach the transport, yet take the same way: encoded,
 * counted, decoded, delivered later and in order. So figures do not depend on who shares a tab with whom.
 */
import type { Clock } from '../base/clock.ts';
import { Assembler } from '../protocol/assembler.ts';
import { algorithmMessageBytes, decodePart, encodeFrames } from '../protocol/codec.ts';
import { MAX_SEATS } from '../protocol/control.ts';
import type { ProtocolError } from '../protocol/error.ts';
import type { Frame, FrameType } from '../protocol/frame.ts';
import { ErrorBudget } from './error-budget.ts';
import { LANES, type Lane, type PeerId, type Transport, TransportError } from './transport.ts';

/** A frame to send; the post office numbers it if the sender does not. */
export type Letter = Omit<Frame, 'sequence'> & { readonly sequence?: number };

export type FrameHandler = (frame: Frame, from: PeerId) => void;

/** Algorithm bytes, frame headers included, of one of this peer's workers. */
export interface SeatTraffic {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Bytes sent, by destination seat. */
  readonly sentTo: ReadonlyMap<number, number>;
}

/** This peer's traffic so far, bytes with frame headers. `control` includes sketches. */
export interface PostTotals {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly bytesControl: number;
  readonly bytesResync: number;
  readonly protocolErrors: number;
  /** The latest protocol error in words, or null. */
  readonly lastError: string | null;
}

export interface PostOptions {
  readonly clock: Clock;
  /** Most payload bytes that make sense in a message of a type, asked anew for every message. */
  readonly maxPayload?: (type: FrameType) => number;
}

const LANE_OF: Readonly<Record<FrameType, Lane>> = {
  control: 'control',
  sketch: 'control',
  algorithm: 'bulk',
  resync: 'bulk',
  packet: 'lossy',
};

interface Tally {
  bytesSent: number;
  bytesReceived: number;
  readonly sentTo: Map<number, number>;
}

export class PostOffice {
  readonly self: PeerId;
  readonly #transport: Transport;
  readonly #options: PostOptions;
  readonly #handlers: Record<FrameType, Set<FrameHandler>> = {
    control: new Set(),
    algorithm: new Set(),
    resync: new Set(),
    sketch: new Set(),
    packet: new Set(),
  };
  readonly #joins = new Set<(peer: PeerId) => void>();
  readonly #leaves = new Set<(peer: PeerId, reason: string) => void>();
  readonly #errors = new Set<(peer: PeerId, error: ProtocolError, dropped: boolean) => void>();
  readonly #assemblers = new Map<string, Assembler>();
  readonly #budget: ErrorBudget;
  readonly #seats = new Map<number, Tally>();
  #totals = { bytesSent: 0, bytesReceived: 0, bytesControl: 0, bytesResync: 0, protocolErrors: 0 };
  #lastError: string | null = null;
  #sequence = 0;
  #open = false;

  constructor(transport: Transport, options: PostOptions) {
    this.self = transport.self;
    this.#transport = transport;
    this.#options = options;
    this.#budget = new ErrorBudget(options.clock);
  }

  /** Opens the transport; handlers should be in place. A second call changes nothing. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    this.#transport.open({
      onJoin: (peer) => {
        for (const handler of [...this.#joins]) handler(peer);
      },
      onLeave: (peer, reason) => {
        this.#forget(peer);
        for (const handler of [...this.#leaves]) handler(peer, reason);
      },
      onMessage: (peer, lane, bytes) => this.#receive(peer, lane, bytes),
    });
  }

  /** Calls `handler` with every whole message of a type; the returned function ends it. */
  on(type: FrameType, handler: FrameHandler): () => void {
    this.#handlers[type].add(handler);
    return () => this.#handlers[type].delete(handler);
  }

  onJoin(handler: (peer: PeerId) => void): () => void {
    this.#joins.add(handler);
    return () => this.#joins.delete(handler);
  }

  onLeave(handler: (peer: PeerId, reason: string) => void): () => void {
    this.#leaves.add(handler);
    return () => this.#leaves.delete(handler);
  }

  /** Calls `handler` with every protocol error, and whether the peer was dropped for it. */
  onProtocolError(handler: (peer: PeerId, error: ProtocolError, dropped: boolean) => void): () => void {
    this.#errors.add(handler);
    return () => this.#errors.delete(handler);
  }

  /**
   * Sends a message; resolves when the queue towards `to` has drained. Messages on a reliable lane arrive in
   * the order of the calls.
   * @throws {TransportError} (as a rejection) if the peer is not connected.
   * @throws {RangeError} (as a rejection) for a frame that cannot be encoded.
   */
  async send(letter: Letter, to: PeerId): Promise<void> {
    const frame: Frame = { ...letter, sequence: letter.sequence ?? this.#nextSequence() };
    const lane = LANE_OF[frame.type];
    const parts = encodeFrames(frame);
    if (to !== this.self && this.#transport.carrier(to) === null) {
      throw new TransportError(`Peer ${to} is not connected.`);
    }
    this.#countSent(frame);
    if (to === this.self) {
      await Promise.all(parts.map((part) => this.#deliverHere(lane, part)));
    } else {
      await Promise.all(parts.map((part) => this.#transport.send(to, lane, part)));
    }
  }

  /**
   * Counts a protocol error against a peer: a handler that finds a message invalid calls it too. A peer
   * with too many is dropped.
   */
  complain(peer: PeerId, error: ProtocolError): void {
    this.#totals.protocolErrors += 1;
    this.#lastError = error.message;
    const dropped = this.#budget.spend(peer) && peer !== this.self;
    for (const handler of [...this.#errors]) handler(peer, error, dropped);
    if (dropped) this.#transport.drop(peer, `It kept sending messages that make no sense: ${error.message}`);
  }

  /** Algorithm bytes of one of this peer's seats since the last reset. */
  traffic(seat: number): SeatTraffic {
    const tally = this.#seats.get(seat);
    return {
      bytesSent: tally?.bytesSent ?? 0,
      bytesReceived: tally?.bytesReceived ?? 0,
      sentTo: new Map(tally?.sentTo),
    };
  }

  totals(): PostTotals {
    return { ...this.#totals, lastError: this.#lastError };
  }

  /** Starts the traffic counters again from zero (errors stay); for a reset of the run. */
  resetTraffic(): void {
    this.#seats.clear();
    this.#totals = {
      bytesSent: 0,
      bytesReceived: 0,
      bytesControl: 0,
      bytesResync: 0,
      protocolErrors: this.#totals.protocolErrors,
    };
  }

  /** Forgets half-received messages of other views than this one. */
  keepOnly(view: string): void {
    for (const assembler of this.#assemblers.values()) assembler.keepOnly(view);
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }

  #deliverHere(lane: Lane, part: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      queueMicrotask(() => {
        this.#receive(this.self, lane, part);
        resolve();
      });
    });
  }

  #receive(from: PeerId, lane: Lane, bytes: Uint8Array): void {
    if (from !== this.self && this.#budget.isSpent(from)) return;
    const decoded = decodePart(bytes);
    if (!decoded.ok) {
      this.complain(from, decoded.error);
      return;
    }
    if (LANE_OF[decoded.part.type] !== lane) {
      const message = `A ${decoded.part.type} frame came on the ${lane} lane.`;
      this.complain(from, { name: 'type', message });
      return;
    }
    const assembled = this.#assembler(from, lane).push(decoded.part);
    if (!assembled.ok) {
      this.complain(from, assembled.error);
      return;
    }
    const { frame } = assembled;
    if (frame === null) return;
    this.#countReceived(frame);
    for (const handler of [...this.#handlers[frame.type]]) handler(frame, from);
  }

  #assembler(peer: PeerId, lane: Lane): Assembler {
    const key = `${lane} ${peer}`;
    let assembler = this.#assemblers.get(key);
    if (assembler === undefined) {
      const { maxPayload } = this.#options;
      assembler = new Assembler(maxPayload === undefined ? {} : { maxPayload });
      this.#assemblers.set(key, assembler);
    }
    return assembler;
  }

  #forget(peer: PeerId): void {
    for (const lane of LANES) this.#assemblers.delete(`${lane} ${peer}`);
    this.#budget.left(peer);
  }

  #tally(seat: number): Tally {
    let tally = this.#seats.get(seat);
    if (tally === undefined) {
      tally = { bytesSent: 0, bytesReceived: 0, sentTo: new Map() };
      this.#seats.set(seat, tally);
    }
    return tally;
  }

  #countSent(frame: Frame): void {
    const bytes = algorithmMessageBytes(frame.payload.length);
    switch (frame.type) {
      case 'algorithm':
      case 'packet': {
        this.#totals.bytesSent += bytes;
        const tally = this.#tally(frame.source);
        tally.bytesSent += bytes;
        tally.sentTo.set(frame.destination, (tally.sentTo.get(frame.destination) ?? 0) + bytes);
        break;
      }
      case 'resync':
        this.#totals.bytesResync += bytes;
        break;
      case 'control':
      case 'sketch':
        this.#totals.bytesControl += bytes;
        break;
    }
  }

  #countReceived(frame: Frame): void {
    if (frame.type !== 'algorithm' && frame.type !== 'packet') return;
    const bytes = algorithmMessageBytes(frame.payload.length);
    this.#totals.bytesReceived += bytes;
    // A stranger may make up any seat: beyond those that exist, nothing is kept for it.
    if (frame.destination < MAX_SEATS) this.#tally(frame.destination).bytesReceived += bytes;
  }
}
