/** Group normalisation of the TypeScript backend: two passes for the moments, sums in double precision. */
import type { Slice, Vector } from '../compute.ts';
import {
  GROUP_NORM_EPSILON,
  type GroupNormShape,
  groupNormStatistics,
  type Normalisation,
} from '../normalisation.ts';
import type { Access } from './access.ts';

export class CpuNormalisation implements Normalisation {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  groupNorm(
    shape: GroupNormShape,
    x: Vector,
    gain: Slice,
    bias: Slice,
    statistics: Vector,
    y: Vector,
    activation: 'none' | 'relu',
  ): void {
    const { batch, channels, positions, groups } = shape;
    const entries = groupNormStatistics(shape);
    const size = batch * channels * positions;
    const input = this.#access.vector(x, size);
    const gains = this.#access.slice(gain, channels);
    const biases = this.#access.slice(bias, channels);
    const kept = this.#access.vector(statistics, entries);
    const output = this.#access.vector(y, size);
    const relu = activation === 'relu';
    const width = channels / groups;
    const run = width * positions;
    for (let group = 0; group < batch * groups; group++) {
      const from = group * run;
      let sum = 0;
      for (let k = from; k < from + run; k++) sum += input[k] as number;
      const mean = sum / run;
      let squares = 0;
      for (let k = from; k < from + run; k++) {
        const difference = (input[k] as number) - mean;
        squares += difference * difference;
      }
      const inverse = 1 / Math.sqrt(squares / run + GROUP_NORM_EPSILON);
      kept[groupAt(shape, group)] = mean;
      kept[groupAt(shape, group) + 1] = inverse;
      for (let k = from, c = (group % groups) * width; k < from + run; c++) {
        const g = gains[gain.offset + c] as number;
        const shift = biases[bias.offset + c] as number;
        for (const end = k + positions; k < end; k++) {
          const value = g * ((input[k] as number) - mean) * inverse + shift;
          output[k] = relu && value <= 0 ? 0 : value;
        }
      }
    }
  }

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
  ): void {
    const { batch, channels, positions, groups } = shape;
    const entries = groupNormStatistics(shape);
    const size = batch * channels * positions;
    const input = this.#access.vector(x, size);
    const gains = this.#access.slice(gain, channels);
    const kept = this.#access.vector(statistics, entries);
    const delta = this.#access.vector(dy, size);
    const dGains = this.#access.slice(dGain, channels);
    const dBiases = this.#access.slice(dBias, channels);
    const out = dx === null ? null : this.#access.vector(dx, size);
    const gainSums = new Float64Array(channels);
    const biasSums = new Float64Array(channels);
    const width = channels / groups;
    const run = width * positions;
    for (let group = 0; group < batch * groups; group++) {
      const mean = kept[groupAt(shape, group)] as number;
      const inverse = kept[groupAt(shape, group) + 1] as number;
      const firstChannel = (group % groups) * width;
      // Means over the group of dŷ = gain · dy, and of dŷ times the normalised input.
      let plain = 0;
      let withNormal = 0;
      for (let c = firstChannel, k = group * run; c < firstChannel + width; c++) {
        let sum = 0;
        let products = 0;
        for (const end = k + positions; k < end; k++) {
          sum += delta[k] as number;
          products += (delta[k] as number) * ((input[k] as number) - mean) * inverse;
        }
        biasSums[c] = (biasSums[c] as number) + sum;
        gainSums[c] = (gainSums[c] as number) + products;
        plain += (gains[gain.offset + c] as number) * sum;
        withNormal += (gains[gain.offset + c] as number) * products;
      }
      if (out === null) continue;
      plain /= run;
      withNormal /= run;
      for (let c = firstChannel, k = group * run; c < firstChannel + width; c++) {
        const g = gains[gain.offset + c] as number;
        for (const end = k + positions; k < end; k++) {
          const normal = ((input[k] as number) - mean) * inverse;
          const value = inverse * (g * (delta[k] as number) - plain - normal * withNormal);
          out[k] = rectified && (input[k] as number) <= 0 ? 0 : value;
        }
      }
    }
    dGains.set(gainSums, dGain.offset);
    dBiases.set(biasSums, dBias.offset);
  }
}

/** Where the mean of a group (picture times groups, plus group) is kept; its inverse deviation follows. */
function groupAt({ batch, channels }: GroupNormShape, group: number): number {
  return 2 * batch * channels + 2 * group;
}
