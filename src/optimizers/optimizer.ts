/**
 * The Optimizer contract: how a direction (a gradient, averaged or not) becomes the next parameters.
 *
 * An optimizer keeps nothing between steps: what it remembers is a record of named vectors and numbers
 * that the algorithm commits with its own state. A step reads the committed record, never writes to it, and
 * builds the next one in vectors from `next`, so that a round can be repeated or given up at any point.
 * Where the learning rate comes from (`schedules.ts`) and how the direction was made are not its business.
 */
import type { Layout } from '../base/layout.ts';
import type { OptionSchema, Options } from '../base/options.ts';
import type { Compute, Vector } from '../compute/compute.ts';

/** What an optimizer remembers: vectors as long as the parameters, and numbers. Without x. */
export type OptimizerState = Readonly<Record<string, Vector | number>>;

export interface OptimizerStep {
  readonly x: Vector;
  readonly state: OptimizerState;
}

/** Bound to a Compute, a layout and options. Workers of one tab may share it: it has no state of theirs. */
export interface Optimizer {
  /** Names of the vectors in its state; all begin as zeros. */
  readonly vectors: readonly string[];
  /** Names of the numbers in its state, and what they begin with. */
  readonly numbers: Readonly<Record<string, number>>;
  /**
   * One step from parameters `x` along `direction`, both of the layout's length, with learning rate
   * `rate`. `next(name)` gives the vector to build the next value of `name` in, for 'x' and each of
   * `vectors`: never one of `x`, `direction` or `state`, and the same one if asked twice. Resolves when the
   * step is recorded; rules that weigh whole layers read their norms back first.
   *
   * @param layerNorms for `needsLayerNorms`: the average over minibatches of ‖∇_l f_b(x)‖, one number for
   *   each tensor of the layout.
   * @throws {RangeError} if `layerNorms` is needed and missing, or has another length.
   */
  step(
    next: (name: string) => Vector,
    state: OptimizerState,
    x: Vector,
    direction: Vector,
    rate: number,
    layerNorms?: readonly number[],
  ): Promise<OptimizerStep>;
  /** Frees what it has of its own. */
  destroy(): void;
}

export interface OptimizerEntry {
  readonly id: string;
  readonly label: string;
  /** One line for lists. */
  readonly description: string;
  /** Author, venue, arXiv number. */
  readonly paper: string;
  /** True if `step` must be given `layerNorms`. */
  readonly needsLayerNorms?: true;
  readonly options: OptionSchema;
  create(compute: Compute, layout: Layout, options: Options): Optimizer;
}

/** The first record of an optimizer, in vectors from `next`: zeros, and the numbers it begins with. */
export function initialState(
  compute: Compute,
  optimizer: Optimizer,
  next: (name: string) => Vector,
): OptimizerState {
  const state: Record<string, Vector | number> = { ...optimizer.numbers };
  for (const name of optimizer.vectors) {
    const zeros = next(name);
    compute.linear(zeros, []);
    state[name] = zeros;
  }
  return state;
}

/** A vector of an optimizer's record. @throws if it is not there: not this optimizer's record. */
export function vectorIn(state: OptimizerState, name: string): Vector {
  const vector = state[name];
  if (vector === undefined || typeof vector === 'number') {
    throw new Error(`The optimizer's state has no vector "${name}"; begin with initialState.`);
  }
  return vector;
}

/** A number of an optimizer's record. @throws if it is not there: not this optimizer's record. */
export function numberIn(state: OptimizerState, name: string): number {
  const value = state[name];
  if (typeof value !== 'number') {
    throw new Error(`The optimizer's state has no number "${name}"; begin with initialState.`);
  }
  return value;
}
