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
import type { Inputs } from './prediction.ts';

export type { DataShape, Inputs, Layout, Tensor };

/**
 * Loss (mean over rows: nats for classes, half a squared error for numbers) and accuracy (0 to 1; NaN where
 * numbers are predicted, which are never just right).
 */
export interface Score {
  readonly loss: number;
  readonly accuracy: number;
}

/**
 * A step of a gradient that concerns the entries [begin, end) of the layout, a layer's: `reads` comes before
 * the first look at these parameters, `written` once this run of the gradient is recorded for good.
 */
export interface Stage {
  readonly kind: 'reads' | 'written';
  readonly begin: number;
  readonly end: number;
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
  /**
   * The same gradient, recorded step by step as the caller asks for them. Every entry is in one stage of
   * either kind, and all are read before any is written. Until the last step nothing else may be asked of
   * this program, whose scratch memory is in use.
   */
  stages(
    parameters: Vector,
    data: DeviceDataset,
    rows: Uint32Array,
    gradient: Vector,
    losses: Vector,
    index: number,
  ): Generator<Stage, void, undefined>;
  /** Mean loss and accuracy over `rows`; one read-back. */
  evaluate(parameters: Vector, data: DeviceDataset, rows: Uint32Array): Promise<Score>;
  /**
   * Of models of rows (not of text): what it says of each, row-major: [rows, classes] probabilities, or one
   * number a row. A read-back for some hundred rows; training may be recorded in between. @throws {RangeError}
   */
  predict?(parameters: Vector, inputs: Inputs): Promise<Float32Array>;
  /**
   * Of models of text only: `count` tokens that go on from `prompt` (at least one token), each drawn from
   * the softmax of logits / temperature by one number of `random`, in [0, 1); temperature 0 takes the
   * likeliest. One read-back a token; training may be recorded in between. @throws {RangeError}
   */
  sample?(
    parameters: Vector,
    prompt: Uint8Array,
    count: number,
    temperature: number,
    random: () => number,
  ): Promise<Uint8Array>;
  /** Frees its scratch memory. */
  destroy(): void;
}

export interface ModelEntry {
  readonly id: string;
  /** The name in the recipe's sentence. */
  readonly label: string;
  readonly description: string;
  readonly options: OptionSchema;
  /** It predicts a number a row (data of 0 classes); the others tell classes apart. */
  readonly regression?: true;
  /** It learns windows of tokens (`DataShape.tokens`), and can write; the others make nothing of them. */
  readonly tokens?: true;
  /** Why it cannot learn data of this shape, in a sentence that says what to choose; null if it can. */
  refuses?(data: DataShape, options?: Options): string | null;
  layout(options: Options, data: DataShape): Layout;
  /** Initial parameters, made on the host from the seed alone: the same bits on every device. */
  initialise(layout: Layout, seed: number): Float32Array;
  program(compute: Compute, layout: Layout, options: Options, batch: number): Program;
}
