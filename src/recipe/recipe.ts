/**
 * The recipe: everything that defines a run. It belongs to the room, is versioned and hashed, and is
 * adopted by whoever joins. Local settings (backend, workers in this tab, name) are not part of it.
 * Types only; `schema.ts` checks, `url.ts` reads and writes it.
 */
import type { Options } from '../base/options.ts';

/** An entry of a registry together with its options. */
export interface Choice {
  readonly id: string;
  readonly options: Options;
}

/** Initial parameters x_0: the model's own from the seed, or all 0; `spread`: each worker at another point around the first. */
export type Init = 'standard' | 'zeros' | 'spread';

export interface Recipe {
  readonly dataset: Choice;
  /** `iid`, `contiguous`, or with its parameter in options: `shards` {labels}, `dirichlet` {alpha}. */
  readonly partition: Choice;
  readonly model: Choice;
  readonly algorithm: Choice;
  readonly compressor: Choice;
  readonly topology: Choice;
  /** How a worker steps along a gradient, where the algorithm leaves that open. */
  readonly optimizer: Choice;
  /** How the learning rate of a round comes from `lr`. */
  readonly schedule: Choice;
  /** Learning rate γ. */
  readonly lr: number;
  /** Largest norm of a gradient; 0: any. */
  readonly clip: number;
  /** Rows a worker uses for one gradient; 0: all that it holds. */
  readonly batch: number;
  readonly init: Init;
  /** Codes of the negative controls that may run (`algorithms/refusal.ts`), separated by commas; '' for none. */
  readonly allow: string;
  readonly seed: number;
  /** Number of rounds, or 0 for no end. */
  readonly rounds: number;
  /** Rounds between evaluations on the test split. */
  readonly evalEvery: number;
  /** Number of seats to deal the data over, or 0: whoever is present at the start. */
  readonly seats: number;
  /** Emulated time of a gradient, slower workers, and links, as `conditions.ts` reads them; '' for none. */
  readonly compute: string;
  readonly straggler: string;
  readonly link: string;
}

/** Settings of this peer alone; never hashed. */
export interface LocalSettings {
  readonly workers: number;
  readonly backend: 'auto' | 'webgpu' | 'cpu';
  readonly transport: 'auto' | 'webrtc' | 'broadcast' | 'memory';
  readonly name: string;
}
