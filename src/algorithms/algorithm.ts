/**
 * The Algorithm contract: what turns gradients and neighbours' messages into the next parameters.
 *
 * One file is one algorithm and reads like the paper's pseudo-code. `round` is a transaction: it returns
 * the next state and never touches the committed one, so an abort in the middle of an exchange leaves the
 * last committed state as it was. Deadlines, views, duplicates and retries are handled below. An
 * algorithm knows nothing of PeerJS, WebGPU or the DOM.
 */
import type { Layout } from '../base/layout.ts';
import type { OptionSchema, Options } from '../base/options.ts';
import type { CompressorClass } from '../compressors/compressor.ts';
import type { Compute, Vector, WriteMode } from '../compute/compute.ts';
import type { RandomStream } from '../math/random.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Graph } from '../topology/graph.ts';
import type { Control, Refusal } from './refusal.ts';
import type { Reported } from './reported.ts';

/** Named vectors and numbers of one worker: `x` (parameters) and what else the algorithm keeps. */
export interface State {
  readonly x: Vector;
  readonly [name: string]: Vector | number;
}

/** A vector the algorithm put into its own state. @throws if it did not: a bug in the algorithm. */
export function held(state: State, name: string): Vector {
  const vector = state[name];
  if (vector === undefined || typeof vector === 'number') {
    throw new Error(`The state has no vector "${name}".`);
  }
  return vector;
}

/** A number the algorithm put into its own state. @throws if it did not: a bug in the algorithm. */
export function counted(state: State, name: string): number {
  const value = state[name];
  if (typeof value !== 'number') throw new Error(`The state has no number "${name}".`);
  return value;
}

/** The numbers of a state, by name: they are known also while its vectors are not on the device. */
export type Numbers = Readonly<Record<string, number>>;

/**
 * What a missing neighbour means. `view-change`: no message may be skipped, the members change and all
 * re-enter. `fold-into-self`: its weight goes to the diagonal at both ends. `tolerates`: it may.
 */
export type LossPolicy = 'view-change' | 'fold-into-self' | 'tolerates';

/** A worker that sends to this one in this round, and the weight W_ij given to what it sends. */
export interface Neighbour {
  /** Place among the occupied seats, 0 to `size` - 1: the index i of the equations. */
  readonly rank: number;
  readonly seat: number;
  readonly weight: number;
}

/** Bytes that stand for a vector, and the wire number of the compressor that made them. */
export interface Encoded {
  readonly payload: Uint8Array;
  readonly wire: number;
}

/** What can be sent: it knows how many numbers it stands for, so that savings can be counted. */
export interface Message extends Encoded {
  readonly length: number;
}

/** Another worker's message, not yet decoded. `weight` is 0 where it is no neighbour in the graph. */
export interface Received extends Encoded, Neighbour {
  readonly tag: number;
  /** What its sender numbered it with, 0 to 65535. */
  readonly step: number;
}

/** A message that is due in packets: of whom, and how long it is. */
export interface Due {
  readonly rank: number;
  readonly bytes: number;
}

/** How long packets are waited for, in milliseconds. */
export interface Patience {
  /** Nobody is waited for beyond this time of the session's clock (`Node.now`). */
  readonly by: number;
  /** A sender that was heard, and then nothing for so long, has sent all that will come. */
  readonly silence: number;
}

/** What came of a message that was sent in packets: zeros stand where one is missing. */
export interface Pieces extends Encoded, Neighbour {
  /** For every packet of the message, whether it came. */
  readonly came: readonly boolean[];
}

/** A compressor at work for this node, over a layout: the whole model's, or a part's. */
export interface Packer {
  /** Payload bytes of a message (the largest, if they vary). */
  readonly bytes: number;
  /** Times this factor, what is decoded is a contraction's: 1 / (1 + α²) for an unbiased compressor, else 1. */
  readonly contraction: number;
  /** Encodes; `tag` and `part` key the random numbers of compressors that draw any. */
  encode(source: Vector, tag: number, part?: number): Promise<Message>;
  /** dest = or += weight · decoded. @throws for an invalid message, naming its sender. */
  decode(message: Encoded, dest: Vector, weight: number, mode: WriteMode): void;
  /** A message that came, to be sent on as it is. */
  relay(message: Encoded): Message;
}

/** The recipe's optimizer: its name and options, and its rule bound to this worker's device and layout. */
export interface BoundOptimizer {
  readonly id: string;
  readonly options: Options;
  readonly rule: Optimizer;
}

/** Of a gradient that is taken layer by layer: entries [begin, end) are a layer's. */
export interface Turns {
  /** Resolves when these parameters may be read. */
  needed(begin: number, end: number): Promise<unknown>;
  /** These entries of the gradient are recorded for good: all at the end, if the recipe clips. */
  ready(gradient: Vector, begin: number, end: number): void;
}

/** What an algorithm may ask of its worker. Ranks are places among the occupied seats, from 0. */
export interface Node {
  readonly compute: Compute;
  readonly layout: Layout;
  /** The algorithm's own options. */
  readonly options: Options;
  /** Learning rate γ of this round, by the recipe's schedule. */
  readonly learningRate: number;
  /** For algorithms that take one; for others it is plain SGD, and they need not ask. */
  readonly optimizer: BoundOptimizer;
  /** Round t of the run, from 0. */
  readonly round: number;
  /** First round of the present view. */
  readonly since: number;
  readonly seat: number;
  readonly rank: number;
  /** Number of workers n. */
  readonly size: number;
  /** The graph over the n workers in this round, with its mixing matrix W. */
  readonly graph: Graph;
  /** W_ii. */
  readonly selfWeight: number;
  /** Who sends to this worker in this round, ascending; fixed order keeps sums reproducible. */
  readonly neighbours: readonly Neighbour[];
  /** Ranks that this worker sends to in this round, ascending; on an undirected graph the neighbours. */
  readonly recipients: readonly number[];
  /** For every rank a number that workers of one tab share: the groups of hierarchical collectives. */
  readonly groups: readonly number[];
  /** Negative controls that the recipe asks for. */
  readonly allow: readonly Control[];
  /** Rows that this worker trains on. */
  readonly samples: number;
  /** Gradients that this worker takes in a round: see `AlgorithmEntry.gradients` and `epochs`. */
  readonly gradients: number;

  /** Random numbers of this worker in this round; another `stream` is another sequence. */
  random(stream: number): RandomStream;
  /** Random numbers that are the same for all workers of this round, or of another. */
  commonRandom(stream: number, round?: number): RandomStream;
  /** The graph of another round, past or to come. */
  graphAt(round: number): Graph;

  /**
   * The stochastic gradient g at `parameters` on this round's batch, clipped if the recipe says so; valid
   * until the next call. An algorithm that takes several gradients a round says how many in `gradients`, and
   * which one this is.
   * Resolves once it is recorded, not computed; under a virtual clock, after the time it would take. With
   * `turns` it goes layer by layer, and what else is exchanged meanwhile overlaps with it.
   */
  gradient(parameters: Vector, step?: number, turns?: Turns): Promise<Vector>;
  /** A vector to build the next value of state `name` in; never the committed one. @throws once the round is aborted. */
  next(name: string, length?: number): Vector;
  /** A vector for use within this round only. */
  scratch(name: string, length?: number): Vector;

  /** The recipe's compressor over the model's layout, or over the layout of a part. */
  compressed(layout?: Layout): Packer;
  /** Whole f32 numbers: `length` of them, or the model's. */
  dense(length?: number): Packer;

  /** Sends a message; `step` numbers the messages of one tag between the same two workers. */
  send(to: number, tag: number, message: Message, step?: number): void;
  /**
   * Messages of this round with this tag (and step), in the order of `from`, by default from all
   * neighbours. Waits for them. `back`: of so many rounds before, for algorithms that `lookBack`.
   */
  gather(tag: number, from?: readonly number[], step?: number, back?: number): Promise<readonly Received[]>;
  /**
   * Compresses `source` and sends it to every recipient; resolves to the message, so that the sender's
   * own view of what it sent can be its decoded bytes.
   */
  share(tag: number, source: Vector): Promise<Message>;
  /** Decodes a message of `share`: dest = or += weight · decoded. @throws for an invalid message. */
  decode(message: Encoded, dest: Vector, weight: number, mode: WriteMode): void;
  /**
   * Sends a message over the lossy lane, in packets of `PACKET_PAYLOAD_BYTES`: each arrives or does not, and
   * none is sent again. Phases of a round have ascending tags.
   */
  cast(to: number, tag: number, message: Message): void;
  /**
   * What comes of messages of this round with this tag that others `cast`, in the order of `from`. Waits until
   * patience ends, or it is plain that no more will come; what comes afterwards is dropped.
   */
  collect(tag: number, from: readonly Due[], patience: Patience): Promise<readonly Pieces[]>;
  /** Milliseconds of the session's clock, real or virtual. */
  now(): number;
  // Of asynchronous algorithms, whose workers each have a round count of their own:

  /** Takes the oldest message with one of these tags that has come, or null. Does not wait. */
  arrived(...tags: readonly number[]): Received | null;
  /** Resolves once a message with one of these tags is there to be taken, or `or` has settled. */
  arrival(tags: readonly number[], or?: Promise<unknown>): Promise<void>;
  /**
   * Makes `state` the committed one in the middle of a round, so that what others are told next stays true
   * even if the rest of the round is rolled back. The round goes on from `state`, with vectors from `next`.
   */
  commit(state: State): void;
  /** Puts a measured staleness (in updates) into the histogram that the page shows. */
  staleness(updates: number): void;

  /** Rejects a message that cannot be what it should be; its sender is named. @throws always. */
  refuse(message: Encoded, why: string): never;
}

/** What a worker brings into a view. */
export interface Start {
  /** Its parameters: x_0, those it committed last, or, for a newcomer, a member's. */
  readonly x: Vector;
  /** True when all workers hold the same x_0: round 0 of an epoch, unless they start apart. */
  readonly fresh: boolean;
  /** True in round 0 of an epoch whose workers start apart: x is this worker's own x_0, and nobody knows another's. */
  readonly apart: boolean;
  /** What it committed last in this run; null for a newcomer, and for one whose device was lost. */
  readonly previous: State | null;
  /** Rounds that `previous` has behind it: after an abort it may be one less than another's. */
  readonly committed: number;
}

export interface Configuration {
  /** Negative controls that the recipe asks for: `unsound` refusals of these codes do not count. */
  readonly allow: readonly Control[];
  /** The algorithm's own options. */
  readonly options: Options;
  readonly compressorClass: CompressorClass;
  readonly compressor: string;
  readonly compressorOptions: Options;
  readonly topology: string;
  /** The graph of round 0 over the present workers; null where their number is not known. */
  readonly graph: Graph | null;
}

/** What the cost of a round is computed from. */
export interface Costing {
  readonly options: Options;
  readonly layout: Layout;
  readonly graph: Graph;
  /** For every rank, its tab. */
  readonly groups: readonly number[];
  /** Bytes on the wire, header included, of a message of the recipe's compressor over a layout. */
  compressed(layout: Layout): number;
  /** The same for whole f32 numbers. */
  dense(length: number): number;
  /** A message of the recipe's compressor over a layout, sent in packets. */
  packets(layout: Layout): Cost;
}

/** Sent by all workers together in one round, once warm-up is over. */
export interface Cost {
  readonly messages: number;
  readonly bytes: number;
}

/** An entry of another family, chosen where the recipe names none. */
export interface Preference {
  readonly id: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface AlgorithmEntry {
  readonly id: string;
  readonly label: string;
  /** One line for lists. */
  readonly description: string;
  /** Author, venue, arXiv number. */
  readonly paper: string;
  /** What it needs of graph and compressor, in a few words for lists. */
  readonly needs: string;
  readonly lossPolicy: LossPolicy;
  /** Which model the figures of a run are of. */
  readonly reports: Reported;
  readonly options: OptionSchema;
  /** What a recipe that names this algorithm alone runs it with. */
  readonly prefers?: {
    readonly topology?: Preference;
    readonly compressor?: Preference;
    readonly init?: 'spread';
  };
  /** It makes a contraction of an unbiased compressor, by dividing what was decoded (`Packer.contraction`). */
  readonly contracts?: true;
  /** Workers may start at points of their own: each has a model, and only gossip brings them together. */
  readonly startsApart?: true;
  /** Every worker goes at its own speed and counts its own rounds: nobody waits for the slowest. */
  readonly asynchronous?: true;
  /** Batches are a stream to be predicted as they come: what counts is the regret. */
  readonly online?: true;
  /**
   * The optimizers it takes: `local` for all that a worker can step by alone, or the ids of some; plain SGD
   * alone if not given.
   */
  readonly optimizers?: 'local' | readonly string[];
  /** Rounds that messages may be gathered late, if any. */
  lookBack?(options: Options): number;
  /** Gradients of one round; 1 if not given. */
  gradients?(options: Options): number;
  /**
   * Passes of one round over the worker's own rows, every one cut into batches of its own, the last of which has
   * what is left: then a round has as many gradients as batches, and one worker more of them than another. 0, or
   * if not given: as many as `gradients` says.
   */
  epochs?(options: Options): number;
  /** Of algorithms that report a de-biased average: this worker's weight in it; 1 if not given. */
  weight?(numbers: Numbers): number;
  /**
   * Where a worker may hold an older model than others (a client that was not drawn): whether it holds that
   * of this round. Figures of the workers' own models are of those that do; all, if not given.
   */
  current?(numbers: Numbers, round: number): boolean;
  /** null if legal. */
  refuses(configuration: Configuration): Refusal | null;
  /** A legal configuration that is likely to disappoint: why, and what to choose instead; else null. */
  caution?(configuration: Configuration): string | null;
  /** The cost of a round, by the formula that measured bytes must equal. */
  cost(given: Costing): Cost;
  /** Start, or rebuild what is held about others after a view change; may exchange (as re-sync). */
  enter(node: Node, start: Start): Promise<State>;
  /** One round: returns the next state, made of vectors from `node.next`. */
  round(node: Node, state: State): Promise<State>;
  /**
   * Whether this worker has no part in this round: it sends and hears nothing, and its state stays as it is.
   * The runtime then does without the round, and keeps the state off the device.
   */
  rests?(node: Node): boolean;
  /**
   * For algorithms that put a part of a round off to the next: takes it now, so that `x` is what these
   * rounds make of it. All workers together, before they evaluate and when a view ends without an abort.
   */
  settle?(node: Node, state: State): Promise<State>;
  /**
   * Asynchronous algorithms that answer others: takes what has arrived when the worker has no round to do
   * (it has done all of them, or the flock is paused).
   */
  serve?(node: Node, state: State): Promise<State>;
  /** Tags of messages that `serve` answers. */
  readonly serves?: readonly number[];
}
