/** Layer normalisation on the TypeScript backend: sums in double precision, row by row; see `LayerNorm`. */
import type { Slice, Vector, WriteMode } from '../compute.ts';
import { type LayerNorm, NORM_EPSILON, type NormShape } from '../layer-norm.ts';
import type { Access } from './access.ts';
import { apart } from './slices.ts';

export class CpuLayerNorm implements LayerNorm {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  forward({ rows, width }: NormShape, x: Vector, gain: Slice, bias: Slice, y: Vector, stats: Vector): void {
    const input = this.#access.vector(x, rows * width);
    const gains = this.#access.slice(gain, width);
    const biases = this.#access.slice(bias, width);
    const output = this.#access.vector(y, rows * width);
    const kept = this.#access.vector(stats, 2 * rows);
    apart(output, input, gains, biases, kept);
    apart(kept, input, gains, biases);
    for (let row = 0; row < rows; row++) {
      const from = row * width;
      let sum = 0;
      for (let c = 0; c < width; c++) sum += input[from + c] as number;
      const mean = sum / width;
      let squares = 0;
      for (let c = 0; c < width; c++) {
        const centred = (input[from + c] as number) - mean;
        squares += centred * centred;
      }
      const inverse = 1 / Math.sqrt(squares / width + NORM_EPSILON);
      kept[2 * row] = mean;
      kept[2 * row + 1] = inverse;
      for (let c = 0; c < width; c++) {
        const normal = ((input[from + c] as number) - mean) * inverse;
        output[from + c] = (gains[gain.offset + c] as number) * normal + (biases[bias.offset + c] as number);
      }
    }
  }

  backward(
    { rows, width }: NormShape,
    x: Vector,
    stats: Vector,
    gain: Slice,
    dy: Vector,
    dx: Vector,
    mode: WriteMode,
    dGain: Slice,
    dBias: Slice,
  ): void {
    const input = this.#access.vector(x, rows * width);
    const kept = this.#access.vector(stats, 2 * rows);
    const gains = this.#access.slice(gain, width);
    const delta = this.#access.vector(dy, rows * width);
    const output = this.#access.vector(dx, rows * width);
    const gainSlope = this.#access.slice(dGain, width);
    const biasSlope = this.#access.slice(dBias, width);
    apart(output, input, kept, gains, delta, gainSlope, biasSlope);
    apart(gainSlope, input, kept, gains, delta);
    apart(biasSlope, input, kept, gains, delta);
    const sums = new Float64Array(2 * width);
    for (let row = 0; row < rows; row++) {
      const from = row * width;
      const mean = kept[2 * row] as number;
      const inverse = kept[2 * row + 1] as number;
      let plain = 0;
      let weighted = 0;
      for (let c = 0; c < width; c++) {
        const d = delta[from + c] as number;
        const normal = ((input[from + c] as number) - mean) * inverse;
        const g = d * (gains[gain.offset + c] as number);
        plain += g;
        weighted += g * normal;
        sums[c] = (sums[c] as number) + d * normal;
        sums[width + c] = (sums[width + c] as number) + d;
      }
      plain /= width;
      weighted /= width;
      for (let c = 0; c < width; c++) {
        const normal = ((input[from + c] as number) - mean) * inverse;
        const g = (delta[from + c] as number) * (gains[gain.offset + c] as number);
        const slope = (g - plain - normal * weighted) * inverse;
        output[from + c] = mode === 'add' ? (output[from + c] as number) + slope : slope;
      }
    }
    for (let c = 0; c < width; c++) {
      gainSlope[dGain.offset + c] = sums[c] as number;
      biasSlope[dBias.offset + c] = sums[width + c] as number;
    }
  }
}
