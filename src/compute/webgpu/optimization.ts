/**
 * Element-wise operations of optimizers on the device; see `Optimization`. How each is checked and cut
 * into dispatches; the arithmetic is in `shaders/`.
 */
import maximumRatio from '../../../shaders/maximum-ratio.wgsl?raw';
import optimizerStep from '../../../shaders/optimizer-step.wgsl?raw';
import pairwise from '../../../shaders/pairwise.wgsl?raw';
import scaleToNorm from '../../../shaders/scale-to-norm.wgsl?raw';
import { checkBounds } from '../chunks.ts';
import type { ChunkBounds, Vector } from '../compute.ts';
import {
  type AdaptiveState,
  type AdaptiveStep,
  type ChunkRates,
  checkRates,
  type MomentumState,
  type MomentumStep,
  type Optimization,
} from '../optimization.ts';
import { type Access, apart } from './access.ts';
import { forEachSpan, lanesFor, Partials, quadWorkgroups } from './chunked.ts';
import type { Kernel, KernelSource } from './kernels.ts';
import type { DeviceArray } from './memory.ts';

/** Numbers of the functions in `pairwise.wgsl`. */
const FUNCTION = { product: 0, unprecondition: 1 } as const;

function pair(name: keyof typeof FUNCTION, own: number): KernelSource {
  return { code: pairwise, entry: 'main', storage: 'rrw', constants: { function: FUNCTION[name], own } };
}

function step(
  entry: 'descend' | 'momentum' | 'adaptive',
  storage: string,
  constants: Readonly<Record<string, number>> = {},
): KernelSource {
  return { code: optimizerStep, entry, storage, constants };
}

export const OPTIMIZATION_KERNELS = {
  product: pair('product', 0),
  productOwnA: pair('product', 1),
  productOwnB: pair('product', 2),
  productOwnBoth: pair('product', 3),
  unprecondition: pair('unprecondition', 0),
  unpreconditionOwnA: pair('unprecondition', 1),
  unpreconditionOwnB: pair('unprecondition', 2),
  unpreconditionOwnBoth: pair('unprecondition', 3),
  descend: step('descend', 'rrrw'),
  descendOwn: step('descend', 'rrrw', { own: 1 }),
  momentumStep: step('momentum', 'rrrwrw'),
  nesterovStep: step('momentum', 'rrrwrw', { nesterov: 1 }),
  scaledMomentumStep: step('momentum', 'rrrwrw', { scaled: 1 }),
  scaledNesterovStep: step('momentum', 'rrrwrw', { nesterov: 1, scaled: 1 }),
  adaptiveStep: step('adaptive', 'rrrwrwrw'),
  adaptiveStepCoupled: step('adaptive', 'rrrwrwrw', { coupled: 1 }),
  adaptiveDirection: step('adaptive', 'rrrwrwrw', { direction: 1 }),
  adaptiveDirectionCoupled: step('adaptive', 'rrrwrwrw', { coupled: 1, direction: 1 }),
  maximumRatioPartial: { code: maximumRatio, entry: 'partial', storage: 'rrrw' },
  maximumRatioTotal: { code: maximumRatio, entry: 'total', storage: 'rw' },
  scaleToNorm: { code: scaleToNorm, entry: 'main', storage: 'rrw' },
  scaleToNormOwn: { code: scaleToNorm, entry: 'main', storage: 'rrw', constants: { own: 1 } },
} satisfies Record<string, KernelSource>;

/** The names of a pairwise function's pipelines, by which of its operands is the destination. */
const OWN = ['', 'OwnA', 'OwnB', 'OwnBoth'] as const;

/** Workgroups of a squared distance, at most: its partial sums fit the shared ones. */
const PARTS = 64;

export class OptimizationOperations implements Optimization {
  readonly #access: Access;
  readonly #partials: Partials;
  /** The squared norm of the last `scaleToNorm`. */
  #square: DeviceArray | null = null;

  constructor(access: Access) {
    this.#access = access;
    this.#partials = new Partials(access);
  }

  descend(dest: Vector, x: Vector, g: Vector, rates: ChunkRates): void {
    const to = this.#access.vector(dest);
    const [held, along] = this.#ofLength(to.length, x, g);
    apart(to, held);
    const { kernels, recorder } = this.#access;
    const own = along === to;
    // A buffer that is written cannot be bound for reading too; the kernel does not look at the other.
    const arrays = [recorder.lists, held, own ? recorder.lists : along, to];
    this.#step(own ? kernels.descendOwn : kernels.descend, arrays, to.length, rates, []);
  }

  momentumStep(
    next: MomentumState,
    held: MomentumState,
    g: Vector,
    rates: ChunkRates,
    { momentum, nesterov, rate }: MomentumStep,
  ): void {
    const x = this.#access.vector(next.x);
    const [m, oldX, oldM, along] = this.#ofLength(x.length, next.m, held.x, held.m, g);
    for (const result of [x, m]) apart(result, oldX, oldM, along);
    apart(x, m);
    const { kernels, recorder } = this.#access;
    const [plain, ahead] =
      rate === 'step'
        ? [kernels.momentumStep, kernels.nesterovStep]
        : [kernels.scaledMomentumStep, kernels.scaledNesterovStep];
    const kernel = nesterov ? ahead : plain;
    this.#step(kernel, [recorder.lists, oldX, along, x, oldM, m], x.length, rates, [momentum]);
  }

  adaptiveStep(
    next: AdaptiveState,
    held: AdaptiveState,
    g: Vector,
    rates: ChunkRates,
    { beta1, beta2, epsilon, correction: [c1, c2], decay, result }: AdaptiveStep,
  ): void {
    const x = this.#access.vector(next.x);
    const results = this.#ofLength(x.length, next.m, next.v);
    const [m, v] = results;
    const operands = this.#ofLength(x.length, held.x, held.m, held.v, g);
    const [oldX, oldM, oldV, along] = operands;
    apart(x, ...results, ...operands);
    apart(m, v, ...operands);
    apart(v, ...operands);
    const { kernels, recorder } = this.#access;
    const { adaptiveStep, adaptiveStepCoupled, adaptiveDirection, adaptiveDirectionCoupled } = kernels;
    const [plain, coupled] =
      result === 'step' ? [adaptiveStep, adaptiveStepCoupled] : [adaptiveDirection, adaptiveDirectionCoupled];
    const arrays = [recorder.lists, oldX, along, x, oldM, m, oldV, v];
    const floats = [beta1, 1 - beta1, beta2, 1 - beta2, 1 / c1, 1 / c2, epsilon];
    this.#step(decay === 'coupled' ? coupled : plain, arrays, x.length, rates, floats);
  }

  unprecondition(dest: Vector, u: Vector, v: Vector, epsilon: number): void {
    this.#pair('unprecondition', dest, u, v, [epsilon]);
  }

  product(dest: Vector, a: Vector, b: Vector): void {
    this.#pair('product', dest, a, b, []);
  }

  maximumRatio(a: Vector, b: Vector, bounds: ChunkBounds, epsilon: number, out: Vector, index: number): void {
    const above = this.#access.vector(a);
    const below = this.#access.sameLength(b, above.length);
    checkBounds(bounds, above.length);
    const to = this.#access.vector(out, bounds.length - 1, index);
    apart(to, above, below);
    const { kernels, recorder } = this.#access;
    const partials = this.#partials.array;
    forEachSpan(bounds, (first, chunks) => {
      const list = recorder.stage(bounds.slice(first, first + chunks + 1));
      const lanes = lanesFor(chunks);
      const integers = [chunks, list, index + first, lanes];
      const arrays = [above, below, recorder.lists, partials];
      recorder.run(kernels.maximumRatioPartial, arrays, (chunks * lanes) / 64, integers, [epsilon]);
      recorder.run(kernels.maximumRatioTotal, [partials, to], Math.ceil(chunks / 64), integers, [epsilon]);
    });
  }

  scaleToNorm(dest: Vector, source: Vector, maxNorm: number): void {
    const to = this.#access.vector(dest);
    const from = this.#access.sameLength(source, to.length);
    const { kernels, memory, recorder } = this.#access;
    this.#square ??= memory.create('vector', 1);
    const { length } = from;
    const parts = Math.min(PARTS, Math.max(1, Math.ceil(length / 4096)));
    const partials = this.#partials.array;
    recorder.run(kernels.squaredDistancePartial, [from, from, partials], parts, [length, parts, 0]);
    recorder.run(kernels.squaredDistanceTotal, [partials, this.#square], 1, [length, parts, 0, 0]);
    const own = from === to;
    const kernel = own ? kernels.scaleToNormOwn : kernels.scaleToNorm;
    const arrays = [own ? recorder.lists : from, this.#square, to];
    recorder.run(kernel, arrays, Math.ceil(length / 1024), [length], [maxNorm]);
  }

  #step(
    kernel: Kernel,
    arrays: readonly DeviceArray[],
    length: number,
    given: ChunkRates,
    floats: readonly number[],
  ): void {
    const { bounds, rates, decays } = given;
    checkBounds(bounds, length);
    checkRates(given);
    const { recorder } = this.#access;
    forEachSpan(bounds, (first, chunks) => {
      const start = bounds[first] ?? 0;
      const end = bounds[first + chunks] ?? 0;
      const list = new Uint32Array(3 * chunks + 1);
      list.set(bounds.slice(first, first + chunks + 1));
      const numbers = new Float32Array(list.buffer, 4 * (chunks + 1));
      numbers.set(rates.slice(first, first + chunks));
      numbers.set(decays.slice(first, first + chunks), chunks);
      const integers = [start, end, chunks, recorder.stage(list)];
      recorder.run(kernel, arrays, quadWorkgroups(start, end), integers, floats);
    });
  }

  #pair(name: keyof typeof FUNCTION, dest: Vector, a: Vector, b: Vector, floats: readonly number[]): void {
    const to = this.#access.vector(dest);
    const [left, right] = this.#ofLength(to.length, a, b);
    const { kernels, recorder } = this.#access;
    const own = (left === to ? 1 : 0) + (right === to ? 2 : 0);
    const kernel: Kernel = kernels[`${name}${OWN[own] ?? ''}`];
    // A buffer that is written cannot be bound for reading too; the kernel does not look at the other.
    const blank = recorder.lists;
    const arrays = [left === to ? blank : left, right === to ? blank : right, to];
    recorder.run(kernel, arrays, Math.ceil(to.length / 1024), [to.length], floats);
  }

  #ofLength<Vectors extends readonly Vector[]>(
    length: number,
    ...vectors: Vectors
  ): { [Index in keyof Vectors]: DeviceArray };
  #ofLength(length: number, ...vectors: readonly Vector[]): readonly DeviceArray[] {
    return vectors.map((vector) => this.#access.sameLength(vector, length));
  }
}
