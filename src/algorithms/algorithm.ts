/**
 * The Algorithm contract: what turns gradients and neighbours' messages into the next parameters.
 *
 * One file is one algorithm and reads like the paper's pseudo-code. `round` is a transaction: it returns
 * the next state and never touches the committed one, so an abort in the middle of an exchange leaves the
 * last committed state as it was. Deadlines, views, duplicates and retries are handled below. An
 * algorithm knows nothing of PeerJS, WebGPU or the DOM.
 */
import type { OptionSchema, Options } from '../base/options.ts';
import type { CompressorClass } from '../compressors/compressor.ts';
import type { Compute, Vector, WriteMode } from '../compute/compute.ts';

/** Named vectors of one worker: `x` (parameters) and what else the algorithm keeps. */
export interface State {
  readonly x: Vector;
  readonly [name: string]: Vector;
}

/** A vector the algorithm put into its own state. @throws if it did not: a bug in the algorithm. */
export function held(state: State, name: string): Vector {
  const vector = state[name];
  if (vector === undefined) throw new Error(`The state has no vector "${name}".`);
  return vector;
}

/**
 * What a missing neighbour means. `view-change`: no message may be skipped, the members change and all
 * re-enter. `fold-into-self`: its weight goes to the diagonal at both ends. `tolerates`: it may.
 */
export type LossPolicy = 'view-change' | 'fold-into-self' | 'tolerates';

/** A neighbour in this round: its seat, and the weight W_ij this worker gives to what it sends. */
export interface Neighbour {
  readonly seat: number;
  readonly weight: number;
}

/** A neighbour's message of this round, not yet decoded. */
export interface Received {
  readonly seat: number;
  readonly weight: number;
  readonly payload: Uint8Array;
}

/** What an algorithm may ask of its worker. */
export interface Node {
  readonly compute: Compute;
  readonly options: Options;
  /** Learning rate γ of this round. */
  readonly learningRate: number;
  /** This worker's seat, and W_ii. */
  readonly seat: number;
  readonly selfWeight: number;
  /** Neighbours in this round, ascending by seat; fixed order keeps sums reproducible. */
  readonly neighbours: readonly Neighbour[];
  /** The stochastic gradient g at `parameters` on this round's batch; valid within the round. */
  gradient(parameters: Vector): Vector;
  /** A vector to build the next value of state `name` in; never the committed one. */
  next(name: string): Vector;
  /** A vector for use within this round only. */
  scratch(name: string): Vector;
  /**
   * Compresses `source` and sends it to every neighbour; resolves to the message, so that the sender's
   * own view of what it sent can be its decoded bytes.
   */
  share(tag: number, source: Vector): Promise<Uint8Array>;
  /** Dense, exact parameters to every neighbour; for `enter`. Counted as re-sync traffic. */
  resync(tag: number, source: Vector): Promise<Uint8Array>;
  /** The neighbours' messages of this round with this tag, ascending by seat. */
  gather(tag: number): Promise<readonly Received[]>;
  /** Decodes a message of `share`: dest = or += weight · decoded. @throws for an invalid message. */
  decode(payload: Uint8Array, dest: Vector, weight: number, mode: WriteMode): void;
  /** Decodes a message of `resync`. @throws for an invalid message. */
  decodeDense(payload: Uint8Array, dest: Vector, weight: number, mode: WriteMode): void;
}

/** Why a configuration is not legal, in a sentence that says what to choose instead. */
export type Refusal = string;

export interface Configuration {
  /** The algorithm's own options. */
  readonly options: Options;
  readonly compressorClass: CompressorClass;
  readonly compressor: string;
  readonly compressorOptions: Options;
  readonly topology: string;
}

export interface AlgorithmEntry {
  readonly id: string;
  readonly label: string;
  /** One line for lists. */
  readonly description: string;
  /** Author, venue, arXiv number. */
  readonly paper: string;
  readonly lossPolicy: LossPolicy;
  readonly options: OptionSchema;
  /** null if legal. */
  refuses(configuration: Configuration): Refusal | null;
  /** A legal configuration that is likely to disappoint: why, and what to choose instead; else null. */
  caution?(configuration: Configuration): string | null;
  /**
   * Start, or rebuild what is held about neighbours after a view change; may exchange.
   * `fresh` is true when all workers hold the same x0 (round 0 of an epoch).
   */
  enter(node: Node, x: Vector, fresh: boolean): Promise<State>;
  /** One round: returns the next state, made of vectors from `node.next`. */
  round(node: Node, state: State): Promise<State>;
}
