/** Losses of models that predict a number: operations of the `regression` group. */
import type { Vector, Words } from './compute.ts';

export interface Regression {
  /**
   * Half the squared error of `batch` predictions, one a row.
   * out[index] += Σ_b ½ (predictions_b - targets_b)² · scale. `dPredictions`, if given, =
   * (predictions - targets) · scale. `targets` holds f32 bits, as `gatherRows` gives them.
   */
  squaredError(
    batch: number,
    predictions: Vector,
    targets: Words,
    scale: number,
    dPredictions: Vector | null,
    out: Vector,
    index: number,
  ): void;
}
