/**
 * A view: one agreed state of membership, and of what the flock is doing.
 *
 * Views form a lineage (each names its parent). Everything that must take effect for all at the same
 * round is part of the view and changes by making a new one: who is in, the recipe, start, pause, step,
 * reset. Types only; `room.ts` agrees on them.
 */
import type { PeerId } from '../network/transport.ts';

export interface SeatHolder {
  readonly seat: number;
  readonly peer: PeerId;
  /** Number of the worker within its peer, from 0. */
  readonly worker: number;
  /** The view counter at which this holder took the seat: tells a newcomer from one who stayed. */
  readonly since: number;
}

/** A saved run that an epoch goes on from: each seat's state is held by the tab that has the seat. */
export interface Resumed {
  /** Hash (hex) that names the saved states, all together. */
  readonly id: string;
  /** Rounds behind them: the epoch's first. */
  readonly round: number;
  /** Seats that the data was dealt over. */
  readonly dealt: number;
  /** Workers that it had, on seats 0, 1, and so on. */
  readonly workers: number;
  /** The states are whole, so that the same workers go on as if nothing had been; else as after a view change. */
  readonly exact: boolean;
}

/** The same in a view: in the very first one of the epoch alone can everybody go on as if nothing had been. */
export interface ResumedRun extends Resumed {
  /** Counter of that view. */
  readonly began: number;
}

export interface RunState {
  /** True: rounds go on until `stopAt`. */
  readonly running: boolean;
  /** The round before which everybody stops (exclusive end), or null for no end. */
  readonly stopAt: number | null;
  /** Counts resets: a new epoch starts again from the seed at round 0. */
  readonly epoch: number;
  /** Number of seats the data was dealt over, or null before the first start of this epoch. */
  readonly dealt: number | null;
  /** Hash (hex) of the parameters this epoch starts from instead of the seed's; absent for the seed's. */
  readonly model?: string | undefined;
  /** What this epoch goes on from; absent where it began at round 0. */
  readonly resumed?: ResumedRun | undefined;
  /**
   * Id of the view in which this epoch was first started, so that two runs that happen to be in epochs of one
   * number can be told apart; absent before the start.
   */
  readonly origin?: string | undefined;
}

export interface View {
  /** 64-bit hash (16 hex digits) of (counter, leader, parent): what frames carry. */
  readonly id: string;
  readonly counter: number;
  readonly leader: PeerId;
  /** Id of the view before, or zeros. */
  readonly parent: string;
  /** First round of this view. */
  readonly startRound: number;
  readonly recipeVersion: number;
  /** The room's recipe as JSON text: opaque to the room; checked by the session. */
  readonly recipe: string;
  readonly run: RunState;
  /** Occupied seats, ascending. */
  readonly seats: readonly SeatHolder[];
}

/** What a person (or the driver) asks of the whole flock. */
export type Command =
  | { readonly kind: 'start'; readonly stopAt: number | null }
  | { readonly kind: 'pause' }
  | { readonly kind: 'step' }
  /**
   * `model`: hash (hex) of the parameters to begin with, which some member holds; absent: the seed's.
   * `resumed`: a saved run to go on from instead, whose states the members hold.
   */
  | { readonly kind: 'reset'; readonly model?: string | undefined; readonly resumed?: Resumed | undefined }
  /** `restart`: the run begins anew; otherwise it goes on with what may change in mid-run. */
  | { readonly kind: 'recipe'; readonly recipe: string; readonly restart: boolean }
  /** A worker lost its state: all enter a new view, and rebuild what they hold of each other. */
  | { readonly kind: 'renew' };

/**
 * `graceful`: everyone finishes the rounds that anyone has started, then the view changes: nothing is
 * lost. `abort`: a member is gone; rounds in flight roll back to the committed state.
 */
export type ChangeMode = 'graceful' | 'abort';
