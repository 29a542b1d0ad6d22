/**
 * The Model contract: what turns parameters and a batch into a loss and a gradient.
 *
 * A model is a composition of Compute operations over one flat parameter vector whose `Layout` names
 * the tensors; it runs on either backend unchanged. It knows nothing of optimizers or networks.
 */
import type { Layout, Tensor } from '../base/layout.ts';
import type { OptionSchema, Options } from '../base/options.ts';
import type { Compute, DeviceDataset, Vector } from '../compute/compute.ts';
import type { DataShape } from '../data/dataset.ts';

export type { DataShape, Layout, Tensor };

/** Loss (mean over rows, nats) and accuracy (0 to 1). */
export interface Score {
  readonly loss: number;
  readonly accuracy: number;
}

/** A model bound to a Compute; its scratch memory is shared by all workers of a tab. */
export interface Program {
  readonly layout: Layout;
  /**
   * Records forward and backward of the mean loss over `rows`. Overwrites `gradient`; adds the mean
   * loss to losses[index] and the number of correct rows to losses[index + 1].
   */
  gradient(
    parameters: Vector,
    data: DeviceDataset,
    rows: Uint32Array,
    gradient: Vector,
    losses: Vector,
    index: number,
  ): void;
  /** Mean loss and accuracy over `rows`; one read-back. */
  evaluate(parameters: Vector, data: DeviceDataset, rows: Uint32Array): Promise<Score>;
  /** Frees its scratch memory. */
  destroy(): void;
}

export interface ModelEntry {
  readonly id: string;
  /** The name in the recipe's sentence. */
  readonly label: string;
  readonly description: string;
  readonly options: OptionSchema;
  layout(options: Options, data: DataShape): Layout;
  /** Initial parameters, made on the host from the seed alone: the same bits on every device. */
  initialise(layout: Layout, seed: number): Float32Array;
  program(compute: Compute, layout: Layout, options: Options, batch: number): Program;
}
