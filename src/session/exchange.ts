/**
 * One worker's place in one round of one view: who its neighbours are with which weights, and the
 * `Node` that its algorithm sees. It sends, gathers, decodes and counts; what to do with the vectors is
 * the algorithm's affair. Every call fails at once when the round is aborted.
 */
import type {
  BoundOptimizer,
  Due,
  Encoded,
  Message,
  Neighbour,
  Node,
  Packer,
  Patience,
  Pieces,
  Received,
  State,
  Turns,
} from '../algorithms/algorithm.ts';
import { type Control, controlsOf } from '../algorithms/refusal.ts';
import type { Clock } from '../base/clock.ts';
import type { Layout } from '../base/layout.ts';
import { heeded } from '../base/promises.ts';
import { type Codec, contractionOf } from '../compressors/compressor.ts';
import type { Vector, WriteMode } from '../compute/compute.ts';
import { PURPOSE, type RandomStream, randomStream } from '../math/random.ts';
import type { Letter } from '../network/post-office.ts';
import type { PeerId } from '../network/transport.ts';
import { algorithmMessageBytes, packetCount, packetsBytes } from '../protocol/codec.ts';
import type { Frame } from '../protocol/frame.ts';
import { graphOf } from '../recipe/legality.ts';
import type { SeatHolder, View } from '../room/view.ts';
import type { Graph } from '../topology/graph.ts';
import type { Assets } from './assets.ts';
import type { Divergence } from './divergence.ts';
import { computeInTurns, computeWhole, type Gradient } from './gradient.ts';
import type { Inbox, Mail, Wanted } from './inbox.ts';
import { cutIntoPackets, joinPackets } from './packets.ts';
import { Timesheet } from './timesheet.ts';

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

/** Bytes, host-observed milliseconds and packets of one round; added to the worker's totals when it commits. */
export interface RoundCosts {
  bytesSent: number;
  bytesReceived: number;
  bytesUncompressed: number;
  bytesResync: number;
  compressing: number;
  waiting: number;
  applying: number;
  /** Packets that others sent to this worker over the lossy lane, and of them those it did without. */
  packetsExpected: number;
  packetsMissed: number;
  /** Of the missed ones of this and earlier rounds, those that have come since. */
  packetsLate: number;
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
    packetsExpected: 0,
    packetsMissed: 0,
    packetsLate: 0,
  };
}

/** A codec and the wire number that frames of its messages carry. */
export interface Coding {
  readonly codec: Codec;
  readonly wire: number;
}

/** What a worker lends to its exchanges. */
export interface Desk {
  readonly clock: Clock;
  readonly inbox: Inbox;
  /** What messages are addressed with: the view, or the one that an asynchronous worker last began anew in. */
  readonly address: string;
  readonly assets: Assets;
  /** Rows the worker trains on. */
  readonly samples: number;
  /** Gradients it takes in a round. */
  readonly gradients: number;
  readonly optimizer: BoundOptimizer;
  /** The recipe's compressor over a layout. */
  compressed(layout: Layout): Coding;
  /** Whole numbers. */
  dense(length: number): Coding;
  /** Sends towards a worker of this peer. */
  send(letter: Letter, peer: PeerId): void;
  gradient(parameters: Vector, round: number, step: number, signal: AbortSignal): Gradient;
  /** A message was taken, to be applied. */
  taken(frame: Frame): void;
  commit(state: State): void;
  next(name: string, length: number): Vector;
  scratch(name: string, length: number): Vector;
  /** Numbers the messages of an asynchronous algorithm, which may send many of a kind in a round. */
  nextStep(): number;
  staleness(updates: number): void;
}

/** Draws that are everybody's: a seat that nobody can have. */
const COMMON = 0xffff;

export class Exchange implements Node {
  readonly compute;
  readonly layout: Layout;
  readonly options;
  readonly optimizer: BoundOptimizer;
  readonly learningRate: number;
  readonly round: number;
  readonly since: number;
  readonly seat: number;
  readonly rank: number;
  readonly size: number;
  readonly graph: Graph;
  readonly selfWeight: number;
  readonly neighbours: readonly Neighbour[];
  readonly recipients: readonly number[];
  readonly groups: readonly number[];
  readonly samples: number;
  readonly gradients: number;
  readonly allow: readonly Control[];
  readonly costs = noCosts();
  /** Algorithm bytes sent in this round, by the receiver's seat. */
  readonly sentTo = new Map<number, number>();
  readonly #desk: Desk;
  readonly #view: View;
  readonly #signal: AbortSignal;
  /** What is exchanged: what a view is entered with, or the messages of its rounds. */
  readonly #type: 'algorithm' | 'resync';
  readonly #asynchronous: boolean;
  readonly #pending = new Set<Wanted>();
  readonly #sheet: Timesheet;
  #failure: { readonly reason: unknown } | null = null;
  /** Who sent a payload, to name the culprit if it does not decode. */
  readonly #senders = new Map<Uint8Array, SeatHolder>();

  constructor(
    desk: Desk,
    type: 'algorithm' | 'resync',
    view: View,
    holder: SeatHolder,
    round: number,
    since: number,
    learningRate: number,
    signal: AbortSignal,
  ) {
    const { assets, clock } = desk;
    this.#desk = desk;
    this.#sheet = new Timesheet(clock, (occupation, milliseconds) => {
      if (occupation !== 'computing') this.costs[occupation] += milliseconds;
    });
    this.#type = type;
    this.#view = view;
    this.#signal = signal;
    this.compute = assets.compute;
    this.layout = assets.layout;
    this.options = assets.recipe.algorithm.options;
    this.#asynchronous = type === 'algorithm' && assets.algorithm.asynchronous === true;
    this.optimizer = desk.optimizer;
    this.learningRate = learningRate;
    this.round = round;
    this.since = since;
    this.samples = desk.samples;
    this.gradients = desk.gradients;
    this.allow = controlsOf(assets.recipe.allow);
    this.seat = holder.seat;
    this.size = view.seats.length;
    this.rank = view.seats.findIndex(({ seat }) => seat === holder.seat);
    this.graph = graphOf(assets.recipe, this.size, round);
    this.selfWeight = this.#weight(this.rank);
    this.neighbours = this.graph.receivesFrom(this.rank).map((rank) => this.#neighbour(rank));
    this.recipients = this.graph.sendsTo(this.rank);
    const peers = view.seats.map(({ peer }) => peer);
    this.groups = peers.map((peer) => peers.indexOf(peer));
  }

  random(stream: number): RandomStream {
    return this.#random(this.seat, stream, this.round);
  }

  commonRandom(stream: number, round = this.round): RandomStream {
    return this.#random(COMMON, stream, round);
  }

  graphAt(round: number): Graph {
    return graphOf(this.#desk.assets.recipe, this.size, round);
  }

  gradient(parameters: Vector, step = 0, turns?: Turns): Promise<Vector> {
    return heeded(this.#gradient(parameters, step, turns));
  }

  async #gradient(parameters: Vector, step: number, turns: Turns | undefined): Promise<Vector> {
    this.#proceed();
    const { clock } = this.#desk;
    const gradient = this.#desk.gradient(parameters, this.round, step, this.#signal);
    if (turns === undefined) return computeWhole(gradient, clock, this.#sheet);
    return computeInTurns(gradient, turns, clock, this.#sheet, () => this.#proceed());
  }

  next(name: string, length = this.layout.length): Vector {
    this.#proceed();
    return this.#desk.next(name, length);
  }

  scratch(name: string, length = this.layout.length): Vector {
    return this.#desk.scratch(name, length);
  }

  compressed(layout = this.layout): Packer {
    const { compressor, recipe } = this.#desk.assets;
    const contraction = contractionOf(compressor, layout, recipe.compressor.options);
    return this.#packer(this.#desk.compressed(layout), layout.length, contraction);
  }

  dense(length = this.layout.length): Packer {
    return this.#packer(this.#desk.dense(length), length);
  }

  send(to: number, tag: number, message: Message, step?: number): void {
    this.#proceed();
    const holder = this.#holder(to);
    const { payload, wire, length } = message;
    const bytes = algorithmMessageBytes(payload.length);
    if (this.#type === 'resync') {
      this.costs.bytesResync += bytes;
    } else {
      this.#countSent(holder, bytes, algorithmMessageBytes(4 * length));
    }
    const letter: Letter = {
      type: this.#type,
      view: this.#desk.address,
      round: this.round,
      step: step ?? (this.#asynchronous ? this.#desk.nextStep() : 0),
      tag,
      codec: wire,
      source: this.seat,
      destination: holder.seat,
      payload,
    };
    this.#desk.send(letter, holder.peer);
  }

  gather(tag: number, from?: readonly number[], step = 0, back = 0): Promise<readonly Received[]> {
    return heeded(this.#gather(tag, from, step, back));
  }

  async #gather(
    tag: number,
    from: readonly number[] | undefined,
    step: number,
    back: number,
  ): Promise<readonly Received[]> {
    this.compute.submit();
    const ranks = from ?? this.neighbours.map(({ rank }) => rank);
    const holders = ranks.map((rank) => this.#holder(rank));
    const frames = await this.#sheet.during('waiting', () =>
      this.#wait(tag, step, this.round - back, holders),
    );
    this.#proceed();
    return ranks.map((rank, index) => {
      const frame = frames[index];
      if (frame === undefined) throw new Error('A gathered message is missing.');
      return this.#receive(frame, rank);
    });
  }

  cast(to: number, tag: number, message: Message): void {
    this.#proceed();
    const holder = this.#holder(to);
    const { payload, wire, length } = message;
    this.#countSent(holder, packetsBytes(payload.length), packetsBytes(4 * length));
    const view = this.#desk.address;
    const about = { view, round: this.round, tag, codec: wire, source: this.seat, destination: holder.seat };
    for (const [step, piece] of cutIntoPackets(payload).entries()) {
      this.#desk.send({ type: 'packet', ...about, step, payload: piece }, holder.peer);
    }
  }

  collect(tag: number, from: readonly Due[], patience: Patience): Promise<readonly Pieces[]> {
    return heeded(this.#collect(tag, from, patience));
  }

  now(): number {
    return this.#desk.clock.now();
  }

  async #collect(tag: number, from: readonly Due[], patience: Patience): Promise<readonly Pieces[]> {
    this.compute.submit();
    const { clock, inbox, address } = this.#desk;
    const sources = from.map(({ rank, bytes }) => ({ ...this.#holder(rank), count: packetCount(bytes) }));
    const wanted = { to: this.seat, view: address, round: this.round, tag, from: sources };
    const come = await this.#sheet.during('waiting', () =>
      inbox.packets.collect(wanted, clock, patience, this.#signal),
    );
    this.#proceed();
    return from.map((due, index) => this.#joined(due, come[index] ?? new Map()));
  }

  arrived(...tags: readonly number[]): Received | null {
    this.#proceed();
    const frame = this.#desk.inbox.take(this.#mail(tags));
    if (frame === null) return null;
    const rank = this.#view.seats.findIndex(({ seat }) => seat === frame.source);
    return this.#receive(frame, rank);
  }

  arrival(tags: readonly number[], or?: Promise<unknown>): Promise<void> {
    return heeded(this.#arrival(tags, or));
  }

  async #arrival(tags: readonly number[], or?: Promise<unknown>): Promise<void> {
    this.compute.submit();
    await this.#sheet.during('waiting', () => this.#desk.inbox.arrival(this.#mail(tags), this.#signal, or));
    this.#proceed();
  }

  commit(state: State): void {
    this.#proceed();
    this.#desk.commit(state);
  }

  staleness(updates: number): void {
    this.#desk.staleness(updates);
  }

  share(tag: number, source: Vector): Promise<Message> {
    return heeded(this.#share(tag, source));
  }

  async #share(tag: number, source: Vector): Promise<Message> {
    const message = await this.compressed().encode(source, tag);
    for (const to of this.recipients) this.send(to, tag, message);
    return message;
  }

  decode(message: Encoded, dest: Vector, weight: number, mode: WriteMode): void {
    this.compressed().decode(message, dest, weight, mode);
  }

  refuse(message: Encoded, why: string): never {
    const sender = this.#senders.get(message.payload);
    if (sender === undefined) throw new DivergedError();
    const text = `Worker ${sender.seat} sent a message that was not applied: ${why}`;
    throw new InvalidMessageError(sender.peer, sender.seat, text);
  }

  /** The round has failed: what an algorithm still has under way fails, too, with its next step. */
  fail(reason: unknown): void {
    this.#failure = { reason };
  }

  /** Seats whose messages of any kind this round still lacks; for "waiting for…". */
  missing(): readonly number[] {
    const { inbox } = this.#desk;
    return [...new Set([...this.#pending].flatMap((wanted) => inbox.missing(wanted)))];
  }

  // ---- within ----------------------------------------------------------------------------------------

  /** @throws the reason why the round is over, if it has been aborted or has failed. */
  #proceed(): void {
    this.#signal.throwIfAborted();
    if (this.#failure !== null) throw this.#failure.reason;
  }

  #mail(tags: readonly number[]): Mail {
    return { to: this.seat, view: this.#desk.address, tags, from: this.#view.seats };
  }

  #countSent({ seat }: SeatHolder, bytes: number, uncompressed: number): void {
    this.costs.bytesSent += bytes;
    this.costs.bytesUncompressed += uncompressed;
    this.sentTo.set(seat, (this.sentTo.get(seat) ?? 0) + bytes);
  }

  #joined({ rank, bytes }: Due, packets: ReadonlyMap<number, Frame>): Pieces {
    const { fits, ...joined } = joinPackets(bytes, packets);
    const pieces = { ...this.#neighbour(rank), ...joined };
    this.#senders.set(pieces.payload, this.#holder(rank));
    if (!fits) this.refuse(pieces, 'a packet is no part of the message that was due.');
    this.costs.packetsExpected += pieces.came.length;
    this.costs.packetsMissed += pieces.came.length - packets.size;
    for (const frame of packets.values()) {
      this.costs.bytesReceived += algorithmMessageBytes(frame.payload.length);
      this.#desk.taken(frame);
    }
    return pieces;
  }

  #receive(frame: Frame, rank: number): Received {
    if (frame.type === 'algorithm') {
      this.costs.bytesReceived += algorithmMessageBytes(frame.payload.length);
      this.#desk.taken(frame);
    }
    this.#senders.set(frame.payload, this.#holder(rank));
    return {
      ...this.#neighbour(rank),
      payload: frame.payload,
      wire: frame.codec,
      tag: frame.tag,
      step: frame.step,
    };
  }

  #weight(rank: number): number {
    return this.graph.weights[this.rank]?.[rank] ?? 0;
  }

  #neighbour(rank: number): Neighbour {
    return { rank, seat: this.#holder(rank).seat, weight: this.#weight(rank) };
  }

  #holder(rank: number): SeatHolder {
    const holder = this.#view.seats[rank];
    if (holder === undefined) throw new RangeError(`There is no worker ${rank} of ${this.size}.`);
    return holder;
  }

  #random(seat: number, stream: number, round: number): RandomStream {
    const { seed } = this.#desk.assets.recipe;
    return randomStream(seed, PURPOSE.algorithm, stream * 0x10000 + seat, round);
  }

  async #wait(
    tag: number,
    step: number,
    round: number,
    from: readonly SeatHolder[],
  ): Promise<readonly Frame[]> {
    const wanted: Wanted = {
      to: this.seat,
      type: this.#type,
      view: this.#desk.address,
      round,
      step,
      tag,
      from,
    };
    this.#pending.add(wanted);
    try {
      return await this.#desk.inbox.gather(wanted, this.#signal);
    } finally {
      this.#pending.delete(wanted);
    }
  }

  #packer(coding: Coding, length: number, contraction = 1): Packer {
    const { codec, wire } = coding;
    return {
      bytes: codec.bytes,
      contraction,
      encode: (source, tag, part = 0) => heeded(this.#encode(coding, length, source, tag * 0x10000 + part)),
      decode: (message, dest, weight, mode) => this.#decode(coding, message, dest, weight, mode),
      relay: ({ payload }) => ({ payload, wire, length }),
    };
  }

  async #encode({ codec, wire }: Coding, length: number, source: Vector, tag: number): Promise<Message> {
    this.#proceed();
    const { assets } = this.#desk;
    const key = { seed: assets.recipe.seed, round: this.round, seat: this.seat, tag };
    const payload = await this.#sheet.during('compressing', () => codec.encode(source, key));
    this.#proceed();
    return { payload, wire, length };
  }

  #decode({ codec, wire }: Coding, message: Encoded, dest: Vector, weight: number, mode: WriteMode): void {
    if (message.wire !== wire) this.refuse(message, `it is of another compressor (number ${message.wire}).`);
    const result = this.#sheet.now('applying', () => codec.decode(message.payload, dest, weight, mode));
    if (!result.ok) this.refuse(message, result.message);
  }
}

/** The worker's own numbers are no longer finite, or its losses are far too high (`divergence.ts`). */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
  /** Of finite numbers; null where one became infinite. */
  readonly divergence: Divergence | null;
  constructor(divergence: Divergence | null = null) {
    super(
      `The training diverged: ${divergence === null ? 'a number became infinite' : 'its loss is far too high'}.`,
    );
    this.divergence = divergence;
  }
}
