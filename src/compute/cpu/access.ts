/**
 * What every group of the TypeScript backend's operations works through: checked access to the typed
 * arrays behind handles, and the precision that coefficients are rounded to.
 */
import type { Slice, Vector, Words } from '../compute.ts';
import { type Numbers, numbersOf, type Owner, wordsOf } from './handles.ts';
import type { Simd } from './wasm/simd.ts';

export class Access {
  readonly owner: Owner;
  /** To the vectors' precision: a coefficient reaches a kernel as f32, so it must here too. */
  readonly round: (value: number) => number;
  /** The WebAssembly kernels that work on these vectors, or null where TypeScript computes alone. */
  readonly simd: Simd | null;

  constructor(owner: Owner, round: (value: number) => number, simd: Simd | null = null) {
    this.owner = owner;
    this.round = round;
    this.simd = simd;
  }

  /** The numbers behind a vector, at least `needed` of them from `offset` on. */
  vector(vector: Vector, needed = 0, offset = 0): Numbers {
    return numbersOf(this.owner, vector, needed, offset);
  }

  words(words: Words, needed = 0, offset = 0): Uint32Array<ArrayBuffer> {
    return wordsOf(this.owner, words, needed, offset);
  }

  /** All numbers of the slice's vector; the slice begins at its offset. */
  slice(slice: Slice, length: number): Numbers {
    return this.vector(slice.vector, length, slice.offset);
  }

  sameLength(vector: Vector, length: number): Numbers {
    const numbers = this.vector(vector);
    if (numbers.length !== length) {
      throw new RangeError(`Vectors of ${length} and ${numbers.length} entries cannot be combined.`);
    }
    return numbers;
  }
}
