/**
 * Group normalisation (Wu and He 2018, arXiv 1803.08494): the group of operations and its shapes.
 *
 * Every picture is normalised by itself, over runs of neighbouring channels, so that nothing depends on
 * who else is in the batch: workers with different data have no statistics that could differ.
 */
import type { Slice, Vector } from './compute.ts';

/** Added to the variance before its root is taken. */
export const GROUP_NORM_EPSILON = 1e-5;

export interface GroupNormShape {
  readonly batch: number;
  readonly channels: number;
  /** Height times width. */
  readonly positions: number;
  /** Divides `channels`. */
  readonly groups: number;
}

export interface Normalisation {
  /**
   * y = act(gain[c] · (x - mean) / √(variance + ε) + bias[c]), mean and variance over the group that
   * channel c of the picture is in. x and y are [batch, channels, positions], gain and bias [channels].
   * `statistics`, of `groupNormStatistics(shape)` entries, keeps what the gradients need.
   */
  groupNorm(
    shape: GroupNormShape,
    x: Vector,
    gain: Slice,
    bias: Slice,
    statistics: Vector,
    y: Vector,
    activation: 'none' | 'relu',
  ): void;
  /**
   * Gradients of gain, bias and (unless `dx` is null) x for dy, after `groupNorm` with the same x and
   * statistics; dy has been taken through the ReLU already, if there was one. With `rectified`, x is a
   * ReLU's output and dx is 0 where x is not positive. Overwrites.
   */
  groupNormGradient(
    shape: GroupNormShape,
    x: Vector,
    gain: Slice,
    statistics: Vector,
    dy: Vector,
    dGain: Slice,
    dBias: Slice,
    dx: Vector | null,
    rectified: boolean,
  ): void;
}

/**
 * Entries of `statistics`: two sums for each plane, then mean and inverse deviation of each group, then
 * the two means of each group that its input gradient needs.
 * @throws {RangeError} unless the shape makes sense.
 */
export function groupNormStatistics({ batch, channels, positions, groups }: GroupNormShape): number {
  for (const [name, size] of Object.entries({ channels, positions, groups })) {
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError(`Group normalisation needs a whole, positive number of ${name}, not ${size}.`);
    }
  }
  if (!Number.isInteger(batch) || batch < 0) throw new RangeError(`A batch has no ${batch} pictures.`);
  if (channels % groups !== 0) {
    throw new RangeError(`${channels} channels do not divide into ${groups} equal groups.`);
  }
  return 2 * batch * channels + 4 * batch * groups;
}
