/**
 * What programs have in common: a gradient is recorded layer by layer, forward and then back, and may be
 * taken in one go or in those steps.
 *
 * Between two steps anything else may be recorded but another gradient or score of the same program, which
 * would overwrite its activations.
 */
import type { Compute, DeviceDataset, Vector } from '../compute/compute.ts';
import type { Layout, Program, Score, Stage } from './model.ts';

export abstract class StagedProgram implements Program {
  readonly layout: Layout;
  protected readonly compute: Compute;
  /** Most rows of a gradient. */
  protected readonly batch: number;

  constructor(compute: Compute, layout: Layout, batch: number) {
    this.compute = compute;
    this.layout = layout;
    this.batch = batch;
  }

  gradient(...pass: Parameters<Program['stages']>): void {
    const stages = this.stages(...pass);
    while (stages.next().done !== true);
  }

  *stages(
    parameters: Vector,
    data: DeviceDataset,
    rows: Uint32Array,
    gradient: Vector,
    losses: Vector,
    index: number,
  ): Generator<Stage, void, undefined> {
    if (rows.length > this.batch) {
      throw new RangeError(`A batch of ${rows.length} rows; this program was made for ${this.batch}.`);
    }
    if (rows.length > 0) {
      yield* this.passes(parameters, data, rows, gradient, losses, index);
      return;
    }
    // A seat may hold no data at all (a skewed Dirichlet draw); its mean over nothing is taken as 0.
    const all = { begin: 0, end: this.layout.length };
    yield { kind: 'reads', ...all };
    this.compute.upload(gradient, new Float32Array(gradient.length));
    yield { kind: 'written', ...all };
  }

  /** `stages` of at least one row. */
  protected abstract passes(...pass: Parameters<Program['stages']>): Generator<Stage, void, undefined>;

  abstract evaluate(parameters: Vector, data: DeviceDataset, rows: Uint32Array): Promise<Score>;

  abstract destroy(): void;
}
