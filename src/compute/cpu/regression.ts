/** Losses of regression on the TypeScript backend: double precision, in order, rounded once. */
import type { Vector, Words } from '../compute.ts';
import type { Regression } from '../regression.ts';
import type { Access } from './access.ts';

export class CpuRegression implements Regression {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
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
    const predicted = this.#access.vector(predictions, batch);
    const wanted = new Float32Array(this.#access.words(targets, batch).buffer);
    const delta = dPredictions === null ? null : this.#access.vector(dPredictions, batch);
    const total = this.#access.vector(out, 1, index);
    const factor = this.#access.round(scale);
    let loss = 0;
    for (let b = 0; b < batch; b++) {
      const error = (predicted[b] as number) - (wanted[b] as number);
      loss += 0.5 * error * error;
      if (delta !== null) delta[b] = error * factor;
    }
    total[index] = (total[index] as number) + loss * factor;
  }
}
