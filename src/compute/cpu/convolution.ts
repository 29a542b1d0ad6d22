/**
 * Convolution of the TypeScript backend, picture by picture, as matrix products over patches (Chellapilla,
 * Puri and Simard 2006): checked handles here, the three products as pure functions on typed arrays in
 * `convolution-products.ts`.
 */

import type { Slice, Vector } from '../compute.ts';
import { type Convolution, type ConvolutionShape, convolutionSizes } from '../convolution.ts';
import type { Access } from './access.ts';
import * as products from './convolution-products.ts';

export class CpuConvolution implements Convolution {
  readonly #access: Access;
  /** The same functions in TypeScript or in WebAssembly. */
  readonly #products: Pick<typeof products, 'convolve' | 'convolveWeightGradient' | 'convolveInputGradient'>;

  constructor(access: Access) {
    this.#access = access;
    this.#products = access.simd ?? products;
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
    this.#products.convolve(
      shape,
      input,
      w,
      weight.offset,
      b,
      bias?.offset ?? 0,
      output,
      activation === 'relu',
    );
  }

  weightGradient(shape: ConvolutionShape, x: Vector, dy: Vector, dWeight: Slice, dBias: Slice | null): void {
    const sizes = convolutionSizes(shape);
    const input = this.#access.vector(x, sizes.input);
    const delta = this.#access.vector(dy, sizes.output);
    const w = this.#access.slice(dWeight, sizes.weight);
    const b = dBias === null ? null : this.#access.slice(dBias, shape.filters);
    this.#products.convolveWeightGradient(shape, input, delta, w, dWeight.offset, b, dBias?.offset ?? 0);
  }

  inputGradient(
    shape: ConvolutionShape,
    dy: Vector,
    weight: Slice,
    rectified: Vector | null,
    dx: Vector,
  ): void {
    const sizes = convolutionSizes(shape);
    const delta = this.#access.vector(dy, sizes.output);
    const w = this.#access.slice(weight, sizes.weight);
    const mask = rectified === null ? null : this.#access.vector(rectified, sizes.input);
    const out = this.#access.vector(dx, sizes.input);
    this.#products.convolveInputGradient(shape, delta, w, weight.offset, mask, out);
  }
}
