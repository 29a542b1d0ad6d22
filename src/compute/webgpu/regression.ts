/** Losses of regression on the device; the arithmetic is in `shaders/squared-error.wgsl`. */
import squaredError from '../../../shaders/squared-error.wgsl?raw';
import type { Vector, Words } from '../compute.ts';
import type { Regression } from '../regression.ts';
import { type Access, apart } from './access.ts';
import type { KernelSource } from './kernels.ts';
import type { DeviceArray } from './memory.ts';

export const REGRESSION_KERNELS = {
  squaredError: { code: squaredError, entry: 'main', storage: 'rrww' },
} satisfies Record<string, KernelSource>;

export class RegressionOperations implements Regression {
  readonly #access: Access;
  /** Bound for writing where no gradient is wanted. */
  readonly #blank: DeviceArray;

  constructor(access: Access) {
    this.#access = access;
    this.#blank = access.memory.create('vector', 4);
  }

  squaredError(
    batch: number,
    predictions: Vector,
    targets: Words,
    scale: number,
    dPredictions: Vector | null,
    out: Vector,
    index: number,
  ): void {
    const { kernels, recorder } = this.#access;
    const predicted = this.#access.vector(predictions, batch);
    const wanted = this.#access.words(targets, batch);
    const delta = dPredictions === null ? null : this.#access.vector(dPredictions, batch);
    const total = this.#access.vector(out, 1, index);
    apart(total, predicted);
    if (delta !== null) apart(delta, predicted, total);
    const arrays = [predicted, wanted, delta ?? this.#blank, total];
    recorder.run(kernels.squaredError, arrays, 1, [batch, index, delta === null ? 0 : 1], [scale]);
  }
}
