/** Group normalisation on the device; the arithmetic is in `shaders/group-norm-*.wgsl`. */
import groupNormForward from '../../../shaders/group-norm-forward.wgsl?raw';
import groupNormGradient from '../../../shaders/group-norm-gradient.wgsl?raw';
import type { Slice, Vector } from '../compute.ts';
import {
  GROUP_NORM_EPSILON,
  type GroupNormShape,
  groupNormStatistics,
  type Normalisation,
} from '../normalisation.ts';
import { type Access, apart } from './access.ts';

export const NORMALISATION_KERNELS = {
  groupNormPlanes: { code: groupNormForward, entry: 'planes', storage: 'rw' },
  groupNormCombine: { code: groupNormForward, entry: 'combine', storage: 'rw' },
  groupNormNormalise: { code: groupNormForward, entry: 'normalise', storage: 'rwrrw' },
  groupNormGradientPlanes: { code: groupNormGradient, entry: 'planes', storage: 'rwrr' },
  groupNormGradientParameters: { code: groupNormGradient, entry: 'parameters', storage: 'rwrrw' },
  groupNormGradientMeans: { code: groupNormGradient, entry: 'means', storage: 'rwr' },
  groupNormGradientInputs: { code: groupNormGradient, entry: 'inputs', storage: 'rwrrw' },
};

export class NormalisationOperations implements Normalisation {
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
    const kept = this.#access.vector(statistics, groupNormStatistics(shape));
    const size = batch * channels * positions;
    const input = this.#access.vector(x, size);
    const gains = this.#access.slice(gain, channels);
    const biases = this.#access.slice(bias, channels);
    const output = this.#access.vector(y, size);
    apart(kept, input, gains.array, biases.array, output);
    apart(output, input, gains.array, biases.array);
    const { kernels, recorder } = this.#access;
    const integers = [
      batch,
      channels,
      positions,
      groups,
      gains.offset,
      biases.offset,
      2 * batch * channels,
      activation === 'relu' ? 1 : 0,
    ];
    const run = (
      kernel: typeof kernels.groupNormPlanes,
      arrays: readonly (typeof kept)[],
      workgroups: number,
    ) => recorder.run(kernel, arrays, Math.ceil(workgroups), integers, [GROUP_NORM_EPSILON]);
    run(kernels.groupNormPlanes, [input, kept], (batch * channels) / 64);
    run(kernels.groupNormCombine, [input, kept], (batch * groups) / 64);
    run(kernels.groupNormNormalise, [input, kept, gains.array, biases.array, output], size / 256);
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
    const kept = this.#access.vector(statistics, groupNormStatistics(shape));
    const size = batch * channels * positions;
    const input = this.#access.vector(x, size);
    const gains = this.#access.slice(gain, channels);
    const delta = this.#access.vector(dy, size);
    const dGains = this.#access.slice(dGain, channels);
    const dBiases = this.#access.slice(dBias, channels);
    const out = dx === null ? null : this.#access.vector(dx, size);
    apart(kept, input, gains.array, delta, dGains.array, dBiases.array);
    apart(dGains.array, input, gains.array, delta);
    apart(dBiases.array, input, gains.array, delta);
    const { kernels, recorder } = this.#access;
    const groupsAt = 2 * batch * channels;
    const integers = (resultOffset: number, resultSum: number) => [
      batch,
      channels,
      positions,
      groups,
      gains.offset,
      resultOffset,
      resultSum,
      groupsAt,
      groupsAt + 2 * batch * groups,
      rectified ? 1 : 0,
    ];
    const operands = [input, kept, gains.array, delta];
    const { groupNormGradientPlanes, groupNormGradientParameters } = kernels;
    recorder.run(groupNormGradientPlanes, operands, Math.ceil((batch * channels) / 64), integers(0, 0));
    const columns = Math.ceil(channels / 64);
    const both = [
      [dBiases, 0],
      [dGains, 1],
    ] as const;
    for (const [{ array, offset }, sum] of both) {
      recorder.run(groupNormGradientParameters, [...operands, array], columns, integers(offset, sum));
    }
    if (out === null) return;
    apart(out, kept, ...operands);
    const { groupNormGradientMeans, groupNormGradientInputs } = kernels;
    const every = Math.ceil((batch * groups) / 64);
    recorder.run(groupNormGradientMeans, [input, kept, gains.array], every, integers(0, 0));
    recorder.run(groupNormGradientInputs, [...operands, out], Math.ceil(size / 256), integers(0, 0));
  }
}
