/**
 * Element-wise operations of optimizers on the device; see `Optimization`. How each is checked and cut
 * into dispatches; the arithmetic is in `shaders/`.
 */
import adaptiveStep from '../../../shaders/adaptive-step.wgsl?raw';
import maximumRatio from '../../../shaders/maximum-ratio.wgsl?raw';
import pairwise from '../../../shaders/pairwise.wgsl?raw';
import scaleToNorm from '../../../shaders/scale-to-norm.wgsl?raw';
import { checkBounds } from '../chunks.ts';
import type { ChunkBounds, Vector } from '../compute.ts';
import type { AdaptiveStep, Optimization } from '../optimization.ts';
import { checkFactors } from '../slices.ts';
import { type Access, apart } from './access.ts';
import { factorList, forEachSpan, lanesFor, Partials, quadWorkgroups } from './chunked.ts';
import type { Kernel, KernelSource } from './kernels.ts';
import type { DeviceArray } from './memory.ts';

/** Numbers of the functions in `pairwise.wgsl`. */
const FUNCTION = { product: 0, secondMoment: 1, precondition: 2, unprecondition: 3 } as const;

function pair(name: keyof typeof FUNCTION, own: number): KernelSource {
  return { code: pairwise, entry: 'main', storage: 'rrw', constants: { function: FUNCTION[name], own } };
}

function step(own: 0 | 1, chunked: 0 | 1): KernelSource {
  return { code: adaptiveStep, entry: 'main', storage: 'rrrrw', constants: { own, chunked } };
}

export const OPTIMIZATION_KERNELS = {
  product: pair('product', 0),
  productOwnA: pair('product', 1),
  productOwnB: pair('product', 2),
  productOwnBoth: pair('product', 3),
  secondMoment: pair('secondMoment', 0),
  secondMomentOwnA: pair('secondMoment', 1),
  secondMomentOwnB: pair('secondMoment', 2),
  secondMomentOwnBoth: pair('secondMoment', 3),
  precondition: pair('precondition', 0),
  preconditionOwnA: pair('precondition', 1),
  preconditionOwnB: pair('precondition', 2),
  preconditionOwnBoth: pair('precondition', 3),
  unprecondition: pair('unprecondition', 0),
  unpreconditionOwnA: pair('unprecondition', 1),
  unpreconditionOwnB: pair('unprecondition', 2),
  unpreconditionOwnBoth: pair('unprecondition', 3),
  adaptiveStep: step(0, 0),
  adaptiveStepOwn: step(1, 0),
  adaptiveStepChunks: step(0, 1),
  adaptiveStepOwnChunks: step(1, 1),
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

  secondMoment(dest: Vector, v: Vector, g: Vector, beta: number): void {
    this.#pair('secondMoment', dest, v, g, [beta, 1 - beta]);
  }

  precondition(dest: Vector, m: Vector, v: Vector, epsilon: number): void {
    this.#pair('precondition', dest, m, v, [epsilon]);
  }

  unprecondition(dest: Vector, u: Vector, v: Vector, epsilon: number): void {
    this.#pair('unprecondition', dest, u, v, [epsilon]);
  }

  product(dest: Vector, a: Vector, b: Vector): void {
    this.#pair('product', dest, a, b, []);
  }

  adaptiveStep(dest: Vector, x: Vector, m: Vector, v: Vector, given: AdaptiveStep): void {
    const to = this.#access.vector(dest);
    const [old, first, second] = this.#ofLength(to.length, x, m, v);
    apart(to, first, second);
    const { kernels, recorder } = this.#access;
    const own = old === to;
    const arrays = [own ? recorder.lists : old, first, second, recorder.lists, to];
    const [c1, c2] = given.correction ?? [1, 1];
    const { rate, epsilon, weightDecay = 0 } = given;
    const floats = (decay: number) => [rate, epsilon, decay, 1 / c1, 1 / c2];
    if (typeof weightDecay === 'number') {
      const kernel = own ? kernels.adaptiveStepOwn : kernels.adaptiveStep;
      const workgroups = quadWorkgroups(0, to.length);
      recorder.run(kernel, arrays, workgroups, [0, to.length, 0, 0], floats(weightDecay));
      return;
    }
    const { bounds } = weightDecay;
    checkBounds(bounds, to.length);
    checkFactors(weightDecay);
    const kernel = own ? kernels.adaptiveStepOwnChunks : kernels.adaptiveStepChunks;
    forEachSpan(bounds, (at, chunks) => {
      const start = bounds[at] ?? 0;
      const end = bounds[at + chunks] ?? 0;
      const list = recorder.stage(factorList(weightDecay, at, chunks));
      recorder.run(kernel, arrays, quadWorkgroups(start, end), [start, end, chunks, list], floats(0));
    });
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
