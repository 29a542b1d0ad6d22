/**
 * The WebAssembly SIMD kernels of the cpu backend, over an arena of their own: one instance a Compute.
 *
 * The functions take and name what the TypeScript ones of `../layers.ts` and `../vectors.ts` do, and give
 * the same numbers within f32: products are summed in single precision here and in double precision there.
 * The bits are the same on every machine that has SIMD (no relaxed SIMD, one order of summation).
 */
import type { DenseShape } from '../../compute.ts';
import { type ConvolutionShape, convolutionSizes } from '../../convolution.ts';
import type { Block, Numbers } from '../handles.ts';
import { Arena } from './arena.ts';
import { openProgram, type Program } from './program.ts';

/** A row-major matrix within a vector: its first element, and the length of its stored rows. */
export interface Matrix {
  readonly numbers: Numbers;
  readonly at: number;
  readonly stride: number;
}

/** Null where the engine cannot run the kernels; the TypeScript path computes there. */
export function openSimd(limitBytes?: number): Simd | null {
  const opened = openProgram();
  if (opened === null) return null;
  const { program, memory } = opened;
  return new Simd(program, new Arena(memory, program.scratchBytes(), limitBytes));
}

export class Simd {
  readonly arena: Arena;
  readonly #program: Program;
  /** Scratch of the convolutions: the largest that one has needed. */
  #work: Block | null = null;

  constructor(program: Program, arena: Arena) {
    this.#program = program;
    this.arena = arena;
  }

  /**
   * C = alpha · op(A) op(B) + beta · C, op(A) being m × k and op(B) k × n; a stored A is [m, k], or [k, m]
   * if `transposeA`, and likewise B. With beta 0, C is not read. C must not overlap A or B; all three
   * belong to this arena. Sums run in f32.
   * @throws {RangeError} if a matrix reaches past its vector, or lies outside the arena
   */
  gemm(
    transposeA: boolean,
    transposeB: boolean,
    m: number,
    n: number,
    k: number,
    alpha: number,
    a: Matrix,
    b: Matrix,
    beta: number,
    c: Matrix,
  ): void {
    this.#program.gemm(
      Number(transposeA),
      Number(transposeB),
      m,
      n,
      k,
      alpha,
      transposeA ? this.#matrix(a, k, m) : this.#matrix(a, m, k),
      a.stride,
      transposeB ? this.#matrix(b, n, k) : this.#matrix(b, k, n),
      b.stride,
      beta,
      this.#matrix(c, m, n),
      c.stride,
    );
  }

  /** y[b, o] = act(Σ_i x[b, i] · w[o, i] + bias[o]). */
  dense(
    { batch, inputs, outputs }: DenseShape,
    x: Numbers,
    w: Numbers,
    wAt: number,
    bias: Numbers,
    biasAt: number,
    y: Numbers,
    relu: boolean,
  ): void {
    const to = this.#address(y, 0, batch * outputs);
    const left = this.#address(x, 0, batch * inputs);
    const right = this.#address(w, wAt, outputs * inputs);
    this.#program.gemm(0, 1, batch, outputs, inputs, 1, left, inputs, right, inputs, 0, to, outputs);
    this.#program.biasActivation(batch, outputs, this.#address(bias, biasAt, outputs), to, Number(relu));
  }

  /** dWeight[o, i] = Σ_b dy[b, o] · x[b, i]; dBias[o] = Σ_b dy[b, o]. */
  denseWeightGradient(
    { batch, inputs, outputs }: DenseShape,
    x: Numbers,
    dy: Numbers,
    dWeight: Numbers,
    wAt: number,
    dBias: Numbers,
    biasAt: number,
  ): void {
    const left = this.#address(dy, 0, batch * outputs);
    const right = this.#address(x, 0, batch * inputs);
    const to = this.#address(dWeight, wAt, outputs * inputs);
    this.#program.gemm(1, 0, outputs, inputs, batch, 1, left, outputs, right, inputs, 0, to, inputs);
    this.#program.columnSums(batch, outputs, left, this.#address(dBias, biasAt, outputs));
  }

  /** dx[b, i] = [x[b, i] > 0] · Σ_o dy[b, o] · w[o, i]. */
  denseInputGradient(
    { batch, inputs, outputs }: DenseShape,
    dy: Numbers,
    w: Numbers,
    wAt: number,
    x: Numbers,
    dx: Numbers,
  ): void {
    const left = this.#address(dy, 0, batch * outputs);
    const right = this.#address(w, wAt, outputs * inputs);
    const to = this.#address(dx, 0, batch * inputs);
    this.#program.gemm(0, 0, batch, inputs, outputs, 1, left, outputs, right, inputs, 0, to, inputs);
    this.#program.maskPositive(batch * inputs, this.#address(x, 0, batch * inputs), to);
  }

  /** dest = a · u + b · v, with the bits of the TypeScript path. `dest` may be u or v. */
  combine(dest: Numbers, a: number, u: Numbers, b: number, v: Numbers): void {
    const { length } = dest;
    const [left, right] = [this.#address(u, 0, length), this.#address(v, 0, length)];
    this.#program.combine(length, a, left, b, right, this.#address(dest, 0, length));
  }

  /** See `convolve` of `../convolution-products.ts`. May grow the memory, as its gradients may. */
  convolve(
    shape: ConvolutionShape,
    x: Numbers,
    w: Numbers,
    wAt: number,
    bias: Numbers | null,
    biasAt: number,
    y: Numbers,
    relu: boolean,
  ): void {
    const { batch, filters } = shape;
    const { input, output, weight } = convolutionSizes(shape);
    const from = this.#address(x, 0, input);
    const weights = this.#address(w, wAt, weight);
    const biases = bias === null ? 0 : this.#address(bias, biasAt, filters);
    const to = this.#address(y, 0, output);
    this.#shape(shape, false);
    this.#program.convolve(batch, from, weights, biases, to, Number(relu));
  }

  convolveWeightGradient(
    shape: ConvolutionShape,
    x: Numbers,
    dy: Numbers,
    dWeight: Numbers,
    wAt: number,
    dBias: Numbers | null,
    biasAt: number,
  ): void {
    const { batch, filters } = shape;
    const { input, output, weight } = convolutionSizes(shape);
    const from = this.#address(x, 0, input);
    const delta = this.#address(dy, 0, output);
    const weights = this.#address(dWeight, wAt, weight);
    const biases = dBias === null ? 0 : this.#address(dBias, biasAt, filters);
    this.#shape(shape, false);
    this.#program.convolveWeightGradient(batch, from, delta, weights, biases);
  }

  convolveInputGradient(
    shape: ConvolutionShape,
    dy: Numbers,
    w: Numbers,
    wAt: number,
    rectified: Numbers | null,
    dx: Numbers,
  ): void {
    const { input, output, weight } = convolutionSizes(shape);
    const delta = this.#address(dy, 0, output);
    const weights = this.#address(w, wAt, weight);
    const mask = rectified === null ? 0 : this.#address(rectified, 0, input);
    const to = this.#address(dx, 0, input);
    this.#shape(shape, true);
    this.#program.convolveInputGradient(shape.batch, delta, weights, mask, to);
  }

  /** Tells the program the shape, and gives it scratch: for the gradients of patches too, if asked. */
  #shape(shape: ConvolutionShape, patches: boolean): void {
    const { channels, height, width, filters, kernel, stride, padding } = shape;
    const { outHeight, outWidth } = convolutionSizes(shape);
    const taps = channels * kernel * kernel;
    const positions = outHeight * outWidth;
    const padded = channels * (height + 2 * padding) * (width + 2 * padding);
    const length = padded + taps + positions + (patches ? taps * positions : 0);
    if (this.#work === null || this.#work.numbers.length < length) {
      this.#work?.release();
      this.#work = null;
      this.#work = this.arena.allocate(length);
    }
    const work = this.#work.numbers.byteOffset;
    this.#program.shapeConvolution(channels, height, width, filters, kernel, stride, padding, work);
  }

  #matrix({ numbers, at, stride }: Matrix, rows: number, columns: number): number {
    if (stride < columns) {
      throw new RangeError(`Rows of ${columns} do not fit into stored rows of ${stride}.`);
    }
    return this.#address(numbers, at, rows === 0 ? 0 : (rows - 1) * stride + columns);
  }

  /** Where entry `at` lies; `needed` entries from there on must be the vector's. */
  #address(numbers: Numbers, at: number, needed: number): number {
    if (numbers.buffer !== this.arena.buffer) {
      throw new RangeError('This array is not (or no longer) in the memory of the WebAssembly kernels.');
    }
    if (!(at >= 0 && at + needed <= numbers.length)) {
      throw new RangeError(
        `The vector has ${numbers.length} entries; ${needed} from ${at} on are asked for.`,
      );
    }
    return numbers.byteOffset + at * numbers.BYTES_PER_ELEMENT;
  }
}
