/** Layer normalisation on the device: how it is cut into dispatches; the arithmetic is in `shaders/`. */
import layerNorm from '../../../shaders/layer-norm.wgsl?raw';
import type { Slice, Vector, WriteMode } from '../compute.ts';
import type { LayerNorm, NormShape } from '../layer-norm.ts';
import { type Access, apart } from './access.ts';
import type { KernelSource } from './kernels.ts';
import type { DeviceArray } from './memory.ts';

export const LAYER_NORM_KERNELS = {
  layerNormForward: { code: layerNorm, entry: 'forward', storage: 'rrrww' },
  layerNormInputSlope: { code: layerNorm, entry: 'inputSlope', storage: 'rrrrw' },
  layerNormPartial: { code: layerNorm, entry: 'partial', storage: 'rrrw' },
  layerNormTotal: { code: layerNorm, entry: 'total', storage: 'rw' },
} satisfies Record<string, KernelSource>;

/** Runs of rows that the gradients of gain and bias are summed over first, at most. */
const PARTS = 64;
const SHORTEST_PART = 16;

export class LayerNormOperations implements LayerNorm {
  readonly #access: Access;
  /** [PARTS, 2, width] for the widest norm so far. */
  #partials: DeviceArray | null = null;

  constructor(access: Access) {
    this.#access = access;
  }

  forward({ rows, width }: NormShape, x: Vector, gain: Slice, bias: Slice, y: Vector, stats: Vector): void {
    const { kernels, recorder } = this.#access;
    const input = this.#access.vector(x, rows * width);
    const gains = this.#access.slice(gain, width);
    const biases = this.#access.slice(bias, width);
    const output = this.#access.vector(y, rows * width);
    const kept = this.#access.vector(stats, 2 * rows);
    apart(output, input, gains.array, biases.array, kept);
    apart(kept, input, gains.array, biases.array);
    const arrays = [input, gains.array, biases.array, output, kept];
    const integers = [rows, width, gain.offset, bias.offset];
    recorder.run(kernels.layerNormForward, arrays, Math.ceil(rows / 64), integers);
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
    const { kernels, recorder } = this.#access;
    const input = this.#access.vector(x, rows * width);
    const kept = this.#access.vector(stats, 2 * rows);
    const gains = this.#access.slice(gain, width);
    const delta = this.#access.vector(dy, rows * width);
    const output = this.#access.vector(dx, rows * width);
    const gainSlope = this.#access.slice(dGain, width).array;
    const biasSlope = this.#access.slice(dBias, width).array;
    apart(output, input, kept, gains.array, delta, gainSlope, biasSlope);
    apart(gainSlope, input, kept, gains.array, delta);
    apart(biasSlope, input, kept, gains.array, delta);
    const partials = this.#partialsFor(width);
    const parts = Math.min(PARTS, Math.ceil(rows / SHORTEST_PART));
    const adds = mode === 'add' ? 1 : 0;
    recorder.run(
      kernels.layerNormInputSlope,
      [input, gains.array, kept, delta, output],
      Math.ceil(rows / 64),
      [rows, width, gain.offset, 0, adds],
    );
    const columns = [rows, width, dGain.offset, dBias.offset, 0, parts];
    const workgroups = Math.ceil((parts * width) / 64);
    recorder.run(kernels.layerNormPartial, [input, kept, delta, partials], workgroups, columns);
    for (const [half, slope] of [gainSlope, biasSlope].entries()) {
      recorder.run(kernels.layerNormTotal, [partials, slope], Math.ceil(width / 64), [...columns, half]);
    }
  }

  #partialsFor(width: number): DeviceArray {
    const { memory, recorder } = this.#access;
    const length = 2 * PARTS * width;
    if (this.#partials !== null && this.#partials.length < length) {
      recorder.free(this.#partials);
      this.#partials = null;
    }
    this.#partials ??= memory.create('vector', length);
    return this.#partials;
  }
}
