/**
 * Layer operations on the device: batch gathering, dense layers, softmax cross-entropy. How each is cut
 * into dispatches; the arithmetic is in `shaders/`. Arguments have been checked by the caller.
 *
 * Dense layers go through the `DenseFamily` interface: `directDense` (register tiles, no workgroup memory)
 * is what software adapters run fastest, `tiledDense` of `tiled.ts` what real GPUs do; `families.ts` chooses.
 */
import type { DenseShape } from '../compute.ts';
import type { ArraySlice } from './access.ts';
import { familyOf, type ProductFamilies } from './families.ts';
import type { Kernels } from './kernels.ts';
import type { DeviceArray, DeviceTable } from './memory.ts';
import { LIST_WORDS, type Recorder } from './recorder.ts';

/** The three matrix products of a dense layer, as `Compute` describes them. */
export interface DenseFamily {
  forward(
    shape: DenseShape,
    x: DeviceArray,
    weight: ArraySlice,
    bias: ArraySlice,
    y: DeviceArray,
    relu: boolean,
  ): void;
  weightGradient(shape: DenseShape, x: DeviceArray, dy: DeviceArray, dWeight: ArraySlice): void;
  inputGradient(
    shape: DenseShape,
    dy: DeviceArray,
    weight: ArraySlice,
    x: DeviceArray,
    dx: DeviceArray,
  ): void;
}

export function directDense(kernels: Kernels, recorder: Recorder): DenseFamily {
  const byFours = ({ inputs }: DenseShape, weight: ArraySlice) => inputs % 4 === 0 && weight.offset % 4 === 0;
  /** Workgroups of 64 tiles of `height` x 4. */
  const tiles = (rows: number, columns: number, height = 4) =>
    Math.ceil((Math.ceil(rows / height) * Math.ceil(columns / 4)) / 64);
  return {
    forward(shape, x, weight, bias, y, relu) {
      const { batch, inputs, outputs } = shape;
      const vectors = byFours(shape, weight);
      const kernel = vectors ? kernels.denseForwardVectors : kernels.denseForwardScalars;
      const integers = [batch, inputs, outputs, weight.offset, bias.offset, relu ? 1 : 0];
      const workgroups = tiles(batch, outputs, vectors ? 8 : 4);
      recorder.run(kernel, [x, weight.array, bias.array, y], workgroups, integers);
    },
    weightGradient(shape, x, dy, dWeight) {
      const { batch, inputs, outputs } = shape;
      const { denseWeightGradientVectors, denseWeightGradientScalars } = kernels;
      const kernel = byFours(shape, dWeight) ? denseWeightGradientVectors : denseWeightGradientScalars;
      const integers = [batch, inputs, outputs, dWeight.offset];
      recorder.run(kernel, [x, dy, dWeight.array], tiles(inputs, outputs), integers);
    },
    inputGradient(shape, dy, weight, x, dx) {
      const { batch, inputs, outputs } = shape;
      const { denseInputGradientVectors, denseInputGradientScalars } = kernels;
      const kernel = byFours(shape, weight) ? denseInputGradientVectors : denseInputGradientScalars;
      const integers = [batch, inputs, outputs, weight.offset];
      recorder.run(kernel, [dy, weight.array, x, dx], tiles(batch, inputs), integers);
    },
  };
}

/** For every product the family chosen for its size. */
export function chosenDense(
  families: ProductFamilies,
  { direct, tiled }: { readonly direct: DenseFamily; readonly tiled: DenseFamily },
): DenseFamily {
  const family = (rows: number, columns: number) =>
    familyOf(families, rows, columns) === 'tiled' ? tiled : direct;
  return {
    forward(shape, ...rest) {
      family(shape.batch, shape.outputs).forward(shape, ...rest);
    },
    weightGradient(shape, ...rest) {
      family(shape.outputs, shape.inputs).weightGradient(shape, ...rest);
    },
    inputGradient(shape, ...rest) {
      family(shape.batch, shape.inputs).inputGradient(shape, ...rest);
    },
  };
}

export class LayerOperations {
  readonly #kernels: Kernels;
  readonly #recorder: Recorder;
  readonly dense: DenseFamily;
  /** Bound for writing where no gradient is wanted. */
  readonly #blank: DeviceArray;

  constructor(kernels: Kernels, recorder: Recorder, blank: DeviceArray, dense: DenseFamily) {
    this.#kernels = kernels;
    this.#recorder = recorder;
    this.#blank = blank;
    this.dense = dense;
  }

  gatherRows(table: DeviceTable, rows: Uint32Array, out: DeviceArray, labels: DeviceArray): void {
    const { width, byteScale } = table;
    const arrays = [table.features, table.labels, this.#recorder.lists, out, labels];
    for (let first = 0; first < rows.length; first += LIST_WORDS) {
      const part = rows.subarray(first, first + LIST_WORDS);
      const list = this.#recorder.stage(part);
      if (byteScale === null) {
        const workgroups = Math.ceil((part.length * width) / 64);
        const integers = [part.length, width, list, first];
        this.#recorder.run(this.#kernels.gatherFloatRows, arrays, workgroups, integers);
      } else {
        const rowWords = Math.ceil(width / 4);
        const workgroups = Math.ceil((part.length * rowWords) / 64);
        const integers = [part.length, width, rowWords, list, first];
        this.#recorder.run(this.#kernels.gatherRows, arrays, workgroups, integers, [byteScale]);
      }
    }
  }

  biasGradient({ batch, outputs }: DenseShape, dy: DeviceArray, dBias: ArraySlice): void {
    const integers = [batch, outputs, dBias.offset];
    const workgroups = Math.ceil(outputs / 64);
    this.#recorder.run(this.#kernels.denseBiasGradient, [dy, dBias.array], workgroups, integers);
  }

  softmaxCrossEntropy(
    batch: number,
    classes: number,
    logits: DeviceArray,
    labels: DeviceArray,
    scale: number,
    dLogits: DeviceArray | null,
    out: DeviceArray,
    index: number,
  ): void {
    const arrays = [logits, labels, dLogits ?? this.#blank, out];
    const integers = [batch, classes, index, dLogits === null ? 0 : 1];
    this.#recorder.run(this.#kernels.softmaxCrossEntropy, arrays, 1, integers, [scale]);
  }
}
