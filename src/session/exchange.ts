/**
 * One worker's place in one round of one view: who its neighbours are with which weights, and the
 * `Node` that its algorithm sees. It sends, gathers, decodes and counts; what to do with the vectors is
 * the algorithm's affair. Every call fails at once when the round is aborted.
 */
import type { Neighbour, Node, Received } from '../algorithms/algorithm.ts';
import type { Clock } from '../base/clock.ts';
import type { Codec } from '../compressors/compressor.ts';
import type { Vector, WriteMode } from '../compute/compute.ts';
import type { Letter, PostOffice } from '../network/post-office.ts';
import type { PeerId } from '../network/transport.ts';
import { algorithmMessageBytes } from '../protocol/codec.ts';
import type { Frame } from '../protocol/frame.ts';
import type { SeatHolder, View } from '../room/view.ts';
import { type Assets, graphOf } from './assets.ts';
import type { Inbox, Wanted } from './inbox.ts';

/** A neighbour sent something that must not be applied. */
export class InvalidMessageError extends Error {
  override readonly name = 'InvalidMessageError';
  readonly peer: PeerId;
  readonly seat: number;
  constructor(peer: PeerId, seat: number, message: string) {
    super(message);
    this.peer = peer;
    this.seat = seat;
  }
}

/** Bytes and host-observed milliseconds of one round; added to the worker's totals when it commits. */
export interface RoundCosts {
  bytesSent: number;
  bytesReceived: number;
  bytesUncompressed: number;
  bytesResync: number;
  compressing: number;
  waiting: number;
  applying: number;
}

export function noCosts(): RoundCosts {
  return {
    bytesSent: 0,
    bytesReceived: 0,
    bytesUncompressed: 0,
    bytesResync: 0,
    compressing: 0,
    waiting: 0,
    applying: 0,
  };
}

/** What a worker lends to its exchanges. */
export interface Desk {
  readonly clock: Clock;
  readonly post: PostOffice;
  readonly inbox: Inbox;
  readonly assets: Assets;
  readonly codec: Codec;
  /** The codec of dense, exact parameters. */
  readonly dense: Codec;
  gradient(parameters: Vector, round: number): Vector;
  next(name: string): Vector;
  scratch(name: string): Vector;
}

interface Partner extends Neighbour {
  readonly peer: PeerId;
}

export class Exchange implements Node {
  readonly compute;
  readonly options;
  readonly learningRate: number;
  readonly seat: number;
  readonly selfWeight: number;
  readonly neighbours: readonly Partner[];
  readonly costs = noCosts();
  readonly #desk: Desk;
  readonly #view: View;
  readonly #round: number;
  readonly #signal: AbortSignal;
  /** What is exchanged: dense parameters on entering a view, compressed messages in its rounds. */
  readonly #type: 'algorithm' | 'resync';
  #pending: Wanted | null = null;
  /** Who sent a payload, to name the culprit if it does not decode. */
  readonly #senders = new Map<Uint8Array, Partner>();

  constructor(
    desk: Desk,
    type: 'algorithm' | 'resync',
    view: View,
    holder: SeatHolder,
    round: number,
    learningRate: number,
    signal: AbortSignal,
  ) {
    this.#desk = desk;
    this.#type = type;
    this.#view = view;
    this.#round = round;
    this.#signal = signal;
    this.compute = desk.assets.compute;
    this.options = desk.assets.recipe.algorithm.options;
    this.learningRate = learningRate;
    this.seat = holder.seat;
    const position = view.seats.findIndex(({ seat }) => seat === holder.seat);
    const graph = graphOf(desk.assets.recipe, view.seats.length, round);
    const row = graph.weights[position];
    this.selfWeight = row?.[position] ?? 1;
    this.neighbours = graph.edges
      .filter((edge) => edge.includes(position))
      .map(([a, b]) => (a === position ? b : a))
      .sort((a, b) => a - b)
      .flatMap((other) => {
        const seat = view.seats[other];
        return seat === undefined ? [] : [{ seat: seat.seat, peer: seat.peer, weight: row?.[other] ?? 0 }];
      });
  }

  gradient(parameters: Vector): Vector {
    this.#signal.throwIfAborted();
    return this.#desk.gradient(parameters, this.#round);
  }

  next(name: string): Vector {
    return this.#desk.next(name);
  }

  scratch(name: string): Vector {
    return this.#desk.scratch(name);
  }

  async share(tag: number, source: Vector): Promise<Uint8Array> {
    const { codec, assets } = this.#desk;
    const payload = await this.#encode(codec, source);
    const bytes = algorithmMessageBytes(payload.length);
    const dense = algorithmMessageBytes(4 * assets.layout.length);
    this.costs.bytesSent += bytes * this.neighbours.length;
    this.costs.bytesUncompressed += dense * this.neighbours.length;
    this.#send(tag, assets.compressor.wire, payload);
    return payload;
  }

  async resync(tag: number, source: Vector): Promise<Uint8Array> {
    const payload = await this.#encode(this.#desk.dense, source);
    this.costs.bytesResync += algorithmMessageBytes(payload.length) * this.neighbours.length;
    this.#send(tag, 0, payload);
    return payload;
  }

  async gather(tag: number): Promise<readonly Received[]> {
    this.compute.submit();
    const { clock, inbox, assets } = this.#desk;
    const since = clock.now();
    const frames = await this.#wait(inbox, tag);
    this.costs.waiting += clock.now() - since;
    return this.neighbours.map((partner, index) => {
      const frame = frames[index];
      if (frame === undefined) throw new Error('A gathered message is missing.');
      if (frame.type === 'algorithm') {
        if (frame.codec !== assets.compressor.wire) {
          throw new InvalidMessageError(
            partner.peer,
            partner.seat,
            `Worker ${partner.seat} sent a message of another compressor (number ${frame.codec}).`,
          );
        }
        this.costs.bytesReceived += algorithmMessageBytes(frame.payload.length);
      }
      this.#senders.set(frame.payload, partner);
      return { seat: partner.seat, weight: partner.weight, payload: frame.payload };
    });
  }

  decode(payload: Uint8Array, dest: Vector, weight: number, mode: WriteMode): void {
    this.#decode(this.#desk.codec, payload, dest, weight, mode);
  }

  decodeDense(payload: Uint8Array, dest: Vector, weight: number, mode: WriteMode): void {
    this.#decode(this.#desk.dense, payload, dest, weight, mode);
  }

  /** Seats whose messages of any kind this round still lacks; for "waiting for…". */
  missing(): readonly number[] {
    return this.#pending === null ? [] : this.#desk.inbox.missing(this.#pending);
  }

  async #wait(inbox: Inbox, tag: number): Promise<readonly Frame[]> {
    this.#pending = {
      to: this.seat,
      type: this.#type,
      view: this.#view.id,
      round: this.#round,
      tag,
      from: this.neighbours,
    };
    try {
      return await inbox.gather(this.#pending, this.#signal);
    } finally {
      this.#pending = null;
    }
  }

  async #encode(codec: Codec, source: Vector): Promise<Uint8Array> {
    this.#signal.throwIfAborted();
    const { clock } = this.#desk;
    const since = clock.now();
    const payload = await codec.encode(source);
    this.costs.compressing += clock.now() - since;
    this.#signal.throwIfAborted();
    return payload;
  }

  #send(tag: number, codec: number, payload: Uint8Array): void {
    for (const partner of this.neighbours) {
      const letter: Letter = {
        type: this.#type,
        view: this.#view.id,
        round: this.#round,
        step: 0,
        tag,
        codec,
        source: this.seat,
        destination: partner.seat,
        payload,
      };
      // A peer that is gone is the room's affair: the view changes and this round is aborted.
      this.#desk.post.send(letter, partner.peer).catch(() => undefined);
    }
  }

  #decode(codec: Codec, payload: Uint8Array, dest: Vector, weight: number, mode: WriteMode): void {
    const { clock } = this.#desk;
    const since = clock.now();
    const result = codec.decode(payload, dest, weight, mode);
    this.costs.applying += clock.now() - since;
    if (result.ok) return;
    const sender = this.#senders.get(payload);
    throw sender === undefined
      ? new DivergedError()
      : new InvalidMessageError(
          sender.peer,
          sender.seat,
          `Worker ${sender.seat} sent a message that was not applied: ${result.message}`,
        );
  }
}

/** The worker's own numbers are no longer finite. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
  constructor() {
    super('The training diverged: a number became infinite.');
  }
}
