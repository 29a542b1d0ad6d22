/**
 * Convolution on the device: how each product is cut into dispatches. The arithmetic is in
 * `shaders/conv-*.wgsl`; the products are implicit, patches are never written down.
 *
 * Operands are first rewritten into rows of whole vec4f (`conv-pack.wgsl`), which costs little: a product
 * reads every number many times, and software adapters take as long for one number as for four.
 */
import convForward from '../../../shaders/conv-forward.wgsl?raw';
import convInputGradient from '../../../shaders/conv-input-gradient.wgsl?raw';
import convPack from '../../../shaders/conv-pack.wgsl?raw';
import convSumPartials from '../../../shaders/conv-sum-partials.wgsl?raw';
import convWeightGradient from '../../../shaders/conv-weight-gradient.wgsl?raw';
import type { Slice, Vector } from '../compute.ts';
import { type Convolution, type ConvolutionShape, convolutionSizes } from '../convolution.ts';
import { type Access, type ArraySlice, apart } from './access.ts';
import type { DeviceArray } from './memory.ts';

export const CONVOLUTION_KERNELS = {
  convPackPictures: { code: convPack, entry: 'pictures', storage: 'rw' },
  convPackFilters: { code: convPack, entry: 'filters', storage: 'rw' },
  convForward: { code: convForward, entry: 'main', storage: 'rrrw' },
  convInputGradient: { code: convInputGradient, entry: 'main', storage: 'rrrw' },
  convWeightGradient: { code: convWeightGradient, entry: 'weights', storage: 'rrw' },
  convBiasGradient: { code: convWeightGradient, entry: 'biases', storage: 'rrw' },
  convSumPartials: { code: convSumPartials, entry: 'main', storage: 'rw' },
};

/** Invocations that a weight gradient is cut into at least, where there are rows enough to share out. */
const WEIGHT_GRADIENT_INVOCATIONS = 4096;
/** Most numbers of partial sums. 16 MiB. */
const MOST_PARTIALS = 4_194_304;

/** Memory for one use after another, as large as the largest so far: steps of one shape allocate once. */
class Scratch {
  readonly #access: Access;
  #array: DeviceArray | null = null;

  constructor(access: Access) {
    this.#access = access;
  }

  of(length: number): DeviceArray {
    if (this.#array !== null && this.#array.length < length) {
      this.#access.recorder.free(this.#array);
      this.#array = null;
    }
    this.#array ??= this.#access.memory.create('vector', length);
    return this.#array;
  }
}

/** Packed rows, and vec4f in each. */
interface Packed {
  readonly array: DeviceArray;
  readonly rowVectors: number;
}

export class ConvolutionOperations implements Convolution {
  readonly #access: Access;
  readonly #pictures: Scratch;
  readonly #deltas: Scratch;
  readonly #filters: Scratch;
  readonly #partials: Scratch;

  constructor(access: Access) {
    this.#access = access;
    this.#pictures = new Scratch(access);
    this.#deltas = new Scratch(access);
    this.#filters = new Scratch(access);
    this.#partials = new Scratch(access);
  }

  forward(
    shape: ConvolutionShape,
    x: Vector,
    weight: Slice,
    bias: Slice | null,
    y: Vector,
    activation: 'none' | 'relu',
  ): void {
    const sizes = convolutionSizes(shape);
    const input = this.#access.vector(x, sizes.input);
    const w = this.#access.slice(weight, sizes.weight);
    const b = bias === null ? null : this.#access.slice(bias, shape.filters);
    const output = this.#access.vector(y, sizes.output);
    const biases = b?.array ?? w.array;
    apart(output, input, w.array, biases);
    const geometry = geometryOf(shape, Math.min(shape.stride, shape.kernel));
    const pictures = this.#packInput(shape, geometry, input);
    const filters = this.#packFilters(shape, geometry, w, false);
    const { kernels, recorder } = this.#access;
    const { outHeight, outWidth } = sizes;
    const tiles = shape.batch * Math.ceil(shape.filters / 4) * outHeight * Math.ceil(outWidth / 8);
    const flags = [b?.offset ?? 0, b === null ? 0 : 1, activation === 'relu' ? 1 : 0];
    const integers = [...geometry.integers, pictures.rowVectors, ...flags];
    const arrays = [pictures.array, filters, biases, output];
    recorder.run(kernels.convForward, arrays, Math.ceil(tiles / 64), integers);
  }

  weightGradient(shape: ConvolutionShape, x: Vector, dy: Vector, dWeight: Slice, dBias: Slice | null): void {
    const sizes = convolutionSizes(shape);
    const { batch, channels, filters, kernel, stride } = shape;
    const input = this.#access.vector(x, sizes.input);
    const delta = this.#access.vector(dy, sizes.output);
    const w = this.#access.slice(dWeight, sizes.weight);
    const b = dBias === null ? null : this.#access.slice(dBias, filters);
    apart(w.array, input, delta);
    if (b !== null) apart(b.array, input, delta);
    const geometry = geometryOf(shape, Math.min(stride, kernel));
    const pictures = this.#packInput(shape, geometry, input);
    const deltas = this.#packRows(
      this.#deltas,
      // As it is, but for its rows' length.
      geometryOf({ ...shape, kernel: 1, stride: 1, padding: 0 }, 1),
      delta,
      [batch * filters, sizes.outHeight, sizes.outWidth],
      2 * Math.ceil(sizes.outWidth / 8),
      false,
    );
    const rows = batch * sizes.outHeight;
    const length = sizes.weight + filters;
    const tiles = Math.ceil(filters / 4) * channels * kernel * geometry.phases * geometry.turns;
    const most = Math.min(Math.ceil(WEIGHT_GRADIENT_INVOCATIONS / tiles), Math.floor(MOST_PARTIALS / length));
    const rowsPerSplit = Math.max(1, Math.ceil(rows / Math.max(1, most)));
    const splits = Math.max(1, Math.ceil(rows / rowsPerSplit));
    const partials = this.#partials.of(splits * length);
    const cut = [splits, rowsPerSplit, length];
    const integers = [...geometry.integers, pictures.rowVectors, deltas.rowVectors, ...cut];
    const { kernels, recorder } = this.#access;
    const arrays = [pictures.array, deltas.array, partials];
    const sum = ({ array, offset }: ArraySlice, count: number, first: number) => {
      const fields = [count, splits, length, first, offset];
      recorder.run(kernels.convSumPartials, [partials, array], Math.ceil(count / 64), fields);
    };
    recorder.run(kernels.convWeightGradient, arrays, Math.ceil((tiles * splits) / 64), integers);
    sum(w, sizes.weight, 0);
    if (b === null) return;
    recorder.run(kernels.convBiasGradient, arrays, Math.ceil((filters * splits) / 64), integers);
    sum(b, filters, sizes.weight);
  }

  inputGradient(
    shape: ConvolutionShape,
    dy: Vector,
    weight: Slice,
    rectified: Vector | null,
    dx: Vector,
  ): void {
    const sizes = convolutionSizes(shape);
    const { batch, channels, height, width, filters, stride } = shape;
    const delta = this.#access.vector(dy, sizes.output);
    const w = this.#access.slice(weight, sizes.weight);
    const mask = rectified === null ? null : this.#access.vector(rectified, sizes.input);
    const out = this.#access.vector(dx, sizes.input);
    const masks = mask ?? delta;
    apart(out, delta, w.array, masks);
    const geometry = geometryOf(shape, stride);
    const runs = Math.ceil(width / (8 * stride));
    const source = [batch * filters, sizes.outHeight, sizes.outWidth] as const;
    const deltas = this.#packRows(this.#deltas, geometry, delta, source, 2 * runs + geometry.turns, true);
    const packed = this.#packFilters(shape, geometry, w, true);
    const { kernels, recorder } = this.#access;
    const tiles = batch * Math.ceil(channels / 4) * height * runs * stride;
    const integers = [...geometry.integers, deltas.rowVectors, mask === null ? 0 : 1];
    const arrays = [deltas.array, packed, masks, out];
    recorder.run(kernels.convInputGradient, arrays, Math.ceil(tiles / 64), integers);
  }

  /** The input as forward and weight gradient read it. */
  #packInput(shape: ConvolutionShape, geometry: Geometry, input: DeviceArray): Packed {
    const { batch, channels, height, width } = shape;
    const source = [batch * channels, height, width] as const;
    const rowVectors = 2 * Math.ceil(geometry.outWidth / 8) + geometry.turns;
    return this.#packRows(this.#pictures, geometry, input, source, rowVectors, false);
  }

  #packRows(
    scratch: Scratch,
    geometry: Geometry,
    source: DeviceArray,
    [planes, height, width]: readonly [number, number, number],
    rowVectors: number,
    isGradient: boolean,
  ): Packed {
    const { kernels, recorder } = this.#access;
    const vectors = planes * height * geometry.phases * rowVectors;
    const array = scratch.of(4 * vectors);
    const integers = [...geometry.integers, 0, isGradient ? 1 : 0, planes, height, width, rowVectors];
    recorder.run(kernels.convPackPictures, [source, array], Math.ceil(vectors / 64), integers);
    return { array, rowVectors };
  }

  #packFilters(
    { channels, filters, kernel }: ConvolutionShape,
    { phases, turns, integers }: Geometry,
    weight: ArraySlice,
    isGradient: boolean,
  ): DeviceArray {
    const [tiled, other] = isGradient ? [channels, filters] : [filters, channels];
    const vectors = Math.ceil(tiled / 4) * other * kernel * phases * turns * 5;
    const array = this.#filters.of(4 * vectors);
    const { kernels, recorder } = this.#access;
    const fields = [...integers, weight.offset, isGradient ? 1 : 0];
    recorder.run(kernels.convPackFilters, [weight.array, array], Math.ceil(vectors / 64), fields);
    return array;
  }
}

interface Geometry {
  /** The taps of a kernel row, `stride` apart, that see the same inputs form a phase. */
  readonly phases: number;
  /** Windows of five taps, every two of them sharing one, that a phase is walked in. */
  readonly turns: number;
  readonly outWidth: number;
  /** The fields that every block of parameters begins with. */
  readonly integers: readonly number[];
}

function geometryOf(shape: ConvolutionShape, phases: number): Geometry {
  const { batch, channels, height, width, filters, kernel, stride, padding } = shape;
  const { outHeight, outWidth } = convolutionSizes(shape);
  const turns = Math.max(1, Math.ceil((Math.ceil(kernel / stride) - 1) / 4));
  const sizes = [batch, channels, height, width, filters, kernel, stride, padding, outHeight, outWidth];
  return { phases, turns, outWidth, integers: [...sizes, phases, turns] };
}
