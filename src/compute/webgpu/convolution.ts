/**
 * Convolution on the device: how each product is cut into dispatches. The arithmetic is in
 * `shaders/conv-*.wgsl`; the products are implicit, patches are never written down.
 *
 * Operands are first rewritten into vec4f of four channels (`conv-pack.wgsl`), which costs little: a product
 * reads every number many times, and software adapters take as long for one number as for four. So forward
 * and input gradient are one and the same product of blocks of 4 x 4, whatever the kernel and the stride.
 */
import convPack from '../../../shaders/conv-pack.wgsl?raw';
import convProducts from '../../../shaders/conv-products.wgsl?raw';
import convSumPartials from '../../../shaders/conv-sum-partials.wgsl?raw';
import convWeightGradient from '../../../shaders/conv-weight-gradient.wgsl?raw';
import type { Slice, Vector } from '../compute.ts';
import { type Convolution, type ConvolutionShape, convolutionSizes } from '../convolution.ts';
import { type Access, type ArraySlice, apart } from './access.ts';
import { type Geometry, gradientGeometry, inputGeometry, plainGeometry } from './convolution-geometry.ts';
import type { KernelSource } from './kernels.ts';
import type { DeviceArray } from './memory.ts';
import { Scratch } from './scratch.ts';

export const CONVOLUTION_KERNELS = {
  convPackPictures: { code: convPack, entry: 'pictures', storage: 'rw' },
  convPackFilters: { code: convPack, entry: 'filters', storage: 'rw' },
  convProducts: { code: convProducts, entry: 'main', storage: 'rrrw' },
  convWeightGradient: { code: convWeightGradient, entry: 'weights', storage: 'rrw' },
  convBiasGradient: { code: convWeightGradient, entry: 'biases', storage: 'rrw' },
  convSumPartials: { code: convSumPartials, entry: 'main', storage: 'rw' },
} satisfies Record<string, KernelSource>;

/** Invocations that a weight gradient is cut into at least, where there are positions enough to share out. */
const WEIGHT_GRADIENT_INVOCATIONS = 4096;
/** Positions that a run of a weight gradient has at least: fewer cost more in sums to add than they gain. */
const LEAST_POSITIONS = 128;
/** Most numbers of partial sums. 16 MiB. */
const MOST_PARTIALS = 4_194_304;
/** Positions that four neighbouring invocations of the products make. */
const POSITIONS = 32;

/** What becomes of a sum; see the shader. */
interface Ending {
  readonly code: 0 | 1 | 2;
  readonly extra: DeviceArray;
  readonly extraOffset: number;
  readonly relu: boolean;
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
    const extra = b?.array ?? w.array;
    apart(output, input, w.array, extra);
    const geometry = inputGeometry(shape);
    const pictures = this.#packPictures(this.#pictures, shape.batch, geometry, input);
    const blocks = this.#packFilters(shape, geometry, w, false);
    const ending = { extra, extraOffset: b?.offset ?? 0, relu: activation === 'relu' };
    const { outHeight: height, outWidth: width } = sizes;
    const places = { outer: shape.filters, height, width };
    this.#products(shape.batch, geometry, pictures, blocks, places, output, {
      code: b === null ? 0 : 1,
      ...ending,
    });
  }

  weightGradient(shape: ConvolutionShape, x: Vector, dy: Vector, dWeight: Slice, dBias: Slice | null): void {
    const sizes = convolutionSizes(shape);
    const { batch, channels, filters, kernel } = shape;
    const { outHeight, outWidth } = sizes;
    const input = this.#access.vector(x, sizes.input);
    const delta = this.#access.vector(dy, sizes.output);
    const w = this.#access.slice(dWeight, sizes.weight);
    const b = dBias === null ? null : this.#access.slice(dBias, filters);
    apart(w.array, input, delta);
    if (b !== null) apart(b.array, input, delta);
    const geometry = inputGeometry(shape);
    const { quads, tapColumns, packedHeight, packedWidth, rowStep, columnStep, fold } = geometry;
    const pictures = this.#packPictures(this.#pictures, batch, geometry, input);
    const plain = plainGeometry(filters, outHeight, outWidth);
    const deltas = this.#packPictures(this.#deltas, batch, plain, delta);
    const rows = batch * outHeight;
    const length = sizes.weight + filters;
    const tiles = Math.ceil(plain.quads / 2) * Math.ceil(quads / 2) * kernel * tapColumns;
    const most = Math.min(Math.ceil(WEIGHT_GRADIENT_INVOCATIONS / tiles), Math.floor(MOST_PARTIALS / length));
    const leastRows = Math.ceil(LEAST_POSITIONS / outWidth);
    const rowsPerSplit = Math.max(leastRows, Math.ceil(rows / Math.max(1, most)));
    const splits = Math.max(1, Math.ceil(rows / rowsPerSplit));
    const partials = this.#partials.of(splits * length);
    const sides = [batch, channels, filters, kernel, outHeight, outWidth, packedHeight, packedWidth];
    const steps = [quads, plain.quads, tapColumns, rowStep, columnStep, fold];
    const integers = [...sides, ...steps, splits, rowsPerSplit, length];
    const { kernels, recorder } = this.#access;
    const arrays = [pictures, deltas, partials];
    const sum = ({ array, offset }: ArraySlice, count: number, first: number) => {
      const fields = [count, splits, length, first, offset];
      recorder.run(kernels.convSumPartials, [partials, array], Math.ceil(count / 64), fields);
    };
    recorder.run(kernels.convWeightGradient, arrays, Math.ceil((tiles * splits) / 64), integers);
    sum(w, sizes.weight, 0);
    if (b === null) return;
    recorder.run(kernels.convBiasGradient, arrays, Math.ceil((plain.quads * splits) / 64), integers);
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
    const { batch, channels, height, width } = shape;
    const delta = this.#access.vector(dy, sizes.output);
    const w = this.#access.slice(weight, sizes.weight);
    const mask = rectified === null ? null : this.#access.vector(rectified, sizes.input);
    const out = this.#access.vector(dx, sizes.input);
    const extra = mask ?? delta;
    apart(out, delta, w.array, extra);
    const geometry = gradientGeometry(shape);
    const deltas = this.#packPictures(this.#deltas, batch, geometry, delta);
    const blocks = this.#packFilters(shape, geometry, w, true);
    const places = { outer: channels, height, width };
    const code = mask === null ? 0 : 2;
    const ending = { code, extra, extraOffset: 0, relu: false } as const;
    this.#products(batch, geometry, deltas, blocks, places, out, ending);
  }

  #products(
    batch: number,
    geometry: Geometry,
    pictures: DeviceArray,
    blocks: DeviceArray,
    { outer, height, width }: { readonly outer: number; readonly height: number; readonly width: number },
    dest: DeviceArray,
    { code, extra, extraOffset, relu }: Ending,
  ): void {
    const { packedHeight, packedWidth, quads, tapRows, tapColumns, rowStep, columnStep } = geometry;
    const { phases, shift } = geometry;
    const [rows, columns] = [Math.ceil(height / phases), Math.ceil(width / phases)];
    const runs = Math.ceil((batch * rows * columns) / POSITIONS) * 4;
    const invocations = runs * Math.ceil(outer / 8) * phases * phases;
    const sides = [batch, rows, columns, outer, height, width, packedHeight, packedWidth];
    const steps = [quads, tapRows, tapColumns, rowStep, columnStep, phases, shift];
    const integers = [...sides, ...steps, code, extraOffset, relu ? 1 : 0];
    const { kernels, recorder } = this.#access;
    const arrays = [pictures, blocks, extra, dest];
    recorder.run(kernels.convProducts, arrays, Math.ceil(invocations / 64), integers);
  }

  #packPictures(scratch: Scratch, batch: number, geometry: Geometry, source: DeviceArray): DeviceArray {
    const { channels, sourceHeight, sourceWidth, packedHeight, packedWidth, quads } = geometry;
    const { top, left, step, fold } = geometry;
    const vectors = batch * packedHeight * packedWidth * quads;
    const packed = scratch.of(4 * vectors);
    const sides = [batch, channels, sourceHeight, sourceWidth, packedHeight, packedWidth];
    const { kernels, recorder } = this.#access;
    const integers = [...sides, quads, top, left, step, fold];
    recorder.run(kernels.convPackPictures, [source, packed], Math.ceil(vectors / 64), integers);
    return packed;
  }

  #packFilters(
    { channels, filters, kernel, stride }: ConvolutionShape,
    { phases, shift, tapRows, tapColumns, quads, fold }: Geometry,
    weight: ArraySlice,
    isGradient: boolean,
  ): DeviceArray {
    const tiles = Math.ceil((isGradient ? channels : filters) / 4);
    const vectors = phases * phases * tiles * tapRows * tapColumns * quads * 4;
    const packed = this.#filters.of(4 * vectors);
    const sides = [filters, channels, kernel, stride, shift, phases, tiles, tapRows, tapColumns];
    const integers = [...sides, quads, fold, weight.offset, isGradient ? 1 : 0];
    const { kernels, recorder } = this.#access;
    recorder.run(kernels.convPackFilters, [weight.array, packed], Math.ceil(vectors / 64), integers);
    return packed;
  }
}
