/**
 * Vector operations on the device: linear combinations, squared distances, the count sketch. How each is
 * cut into dispatches; the arithmetic is in `shaders/`. Arguments have been checked by the caller.
 */
import type { Kernel, Kernels } from './kernels.ts';
import type { DeviceArray, Memory } from './memory.ts';
import type { Recorder } from './recorder.ts';

/** Inputs of the linear kernel beside its destination: eight storage buffers in all. */
const INPUTS = 7;
/** The kernel's position of its own destination for "not at all". */
const NOWHERE = INPUTS + 1;
/** Workgroups of a squared distance, at most. */
const PARTS = 64;

/** A linear combination sorted out: what is read beside `dest`, and where `dest` itself stands among it. */
interface Combination {
  readonly inputs: readonly DeviceArray[];
  readonly coefficients: readonly number[];
  /** Number of inputs before `dest`'s own term; -1 if it is not a term. */
  readonly ownAt: number;
  readonly ownCoefficient: number;
}

export class VectorOperations {
  readonly #kernels: Kernels;
  readonly #memory: Memory;
  readonly #recorder: Recorder;
  /** Pipelines for a fixed number of inputs, without dest and with dest as the first term. */
  readonly #plain: readonly Kernel[];
  readonly #ownFirst: readonly Kernel[];
  readonly #partials: DeviceArray;
  /** Bound where an input is not used. */
  readonly #blank: DeviceArray;
  /** Holds a long sum while `dest` must keep its old value. */
  #carry: DeviceArray | null = null;

  constructor(kernels: Kernels, memory: Memory, recorder: Recorder) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#recorder = recorder;
    const { linear0, linear1, linear2, linear3 } = kernels;
    const { linearOwn0, linearOwn1, linearOwn2, linearOwn3 } = kernels;
    this.#plain = [linear0, linear1, linear2, linear3];
    this.#ownFirst = [linearOwn0, linearOwn1, linearOwn2, linearOwn3];
    this.#partials = memory.create('vector', PARTS * 64);
    this.#blank = memory.create('vector', 4);
  }

  /** dest = Σ coefficient · array in the order given; several terms of `dest` count at the first. */
  linear(dest: DeviceArray, coefficients: readonly number[], arrays: readonly DeviceArray[]): void {
    const sum = separate(dest, coefficients, arrays);
    const count = sum.inputs.length;
    // Where the sum of the inputs before `at` is: nowhere yet, in `dest`, or in `carry`.
    let held: DeviceArray | null = null;
    let at = 0;
    let ownPending = sum.ownAt >= 0;
    do {
      const carried = held !== null && held !== dest ? held : null;
      const room = INPUTS - (carried === null ? 0 : 1);
      const ownHere = ownPending && sum.ownAt - at <= room;
      if (held === null || (carried !== null && ownHere)) {
        // The sum starts here, or comes home from the carry together with dest's own term.
        const out: DeviceArray = ownPending && !ownHere ? this.#carryFor(dest) : dest;
        const take = Math.min(room, count - at);
        const inputs = sum.inputs.slice(at, at + take);
        const weights = sum.coefficients.slice(at, at + take);
        if (carried !== null) {
          inputs.unshift(carried);
          weights.unshift(1);
        }
        const before = sum.ownAt - at + (carried === null ? 0 : 1);
        this.#combine(out, ownHere ? before : NOWHERE, sum.ownCoefficient, inputs, weights);
        ownPending &&= !ownHere;
        held = out;
        at += take;
      } else {
        const take = Math.min(INPUTS, count - at);
        const inputs = sum.inputs.slice(at, at + take);
        this.#combine(held, 0, 1, inputs, sum.coefficients.slice(at, at + take));
        at += take;
      }
    } while (at < count || ownPending);
  }

  squaredDistance(a: DeviceArray, b: DeviceArray | null, out: DeviceArray, index: number): void {
    const parts = Math.min(PARTS, Math.max(1, Math.ceil(a.length / 4096)));
    const { squaredDistancePartial, squaredDistanceTotal } = this.#kernels;
    const hasB = b === null ? 0 : 1;
    this.#recorder.run(squaredDistancePartial, [a, b ?? a, this.#partials], parts, [a.length, parts, hasB]);
    this.#recorder.run(squaredDistanceTotal, [this.#partials, out], 1, [a.length, parts, hasB, index]);
  }

  sketch(source: DeviceArray, seed: number, out: DeviceArray): void {
    const workgroups = Math.ceil(out.length / 64);
    this.#recorder.run(this.#kernels.sketch, [source, out], workgroups, [source.length, out.length, seed]);
  }

  /** One dispatch: out = inputs, with `out`'s own value just before input `own`. */
  #combine(
    out: DeviceArray,
    own: number,
    ownCoefficient: number,
    inputs: readonly DeviceArray[],
    coefficients: readonly number[],
  ): void {
    const bound = [out];
    for (let i = 0; i < INPUTS; i++) bound.push(inputs[i] ?? this.#blank);
    const plain = this.#plain[inputs.length];
    const first = this.#ownFirst[inputs.length];
    const special = own === NOWHERE ? plain : own === 0 ? first : undefined;
    const kernel = special ?? this.#kernels.linear;
    const workgroups = Math.ceil(out.length / 1024);
    const integers = [out.length, inputs.length, own];
    this.#recorder.run(kernel, bound, workgroups, integers, [ownCoefficient, ...coefficients]);
  }

  /** Kept for the next long sum, so that steps allocate nothing; one, of the last length that needed it. */
  #carryFor(dest: DeviceArray): DeviceArray {
    if (this.#carry !== null && this.#carry.length !== dest.length) {
      this.#recorder.free(this.#carry);
      this.#carry = null;
    }
    this.#carry ??= this.#memory.create('vector', dest.length);
    return this.#carry;
  }
}

function separate(
  dest: DeviceArray,
  coefficients: readonly number[],
  arrays: readonly DeviceArray[],
): Combination {
  const inputs: DeviceArray[] = [];
  const others: number[] = [];
  let ownAt = -1;
  let ownCoefficient = 0;
  arrays.forEach((array, term) => {
    const coefficient = coefficients[term] ?? 0;
    if (array === dest) {
      if (ownAt < 0) ownAt = inputs.length;
      ownCoefficient += coefficient;
    } else {
      inputs.push(array);
      others.push(coefficient);
    }
  });
  return { inputs, coefficients: others, ownAt, ownCoefficient };
}
