/**
 * What every group of device operations works through: the kernels, the recorder, and checked access to
 * what stands behind a handle. Handles of another Compute, freed ones, and ranges that do not fit are
 * refused here, before anything is recorded.
 */
import type { Slice, Vector, Words } from '../compute.ts';
import type { Kernels } from './kernels.ts';
import type { DeviceArray, Memory } from './memory.ts';
import type { Recorder } from './recorder.ts';

/** A run of a device array; its length follows from the operation. */
export interface ArraySlice {
  readonly array: DeviceArray;
  readonly offset: number;
}

export class Access {
  readonly kernels: Kernels;
  readonly memory: Memory;
  readonly recorder: Recorder;

  constructor(kernels: Kernels, memory: Memory, recorder: Recorder) {
    this.kernels = kernels;
    this.memory = memory;
    this.recorder = recorder;
  }

  /** The array behind a vector, with at least `needed` numbers from `offset` on. */
  vector(vector: Vector, needed = 0, offset = 0): DeviceArray {
    return this.memory.open('vector', vector, needed, offset);
  }

  words(words: Words, needed = 0, offset = 0): DeviceArray {
    return this.memory.open('words', words, needed, offset);
  }

  slice({ vector, offset }: Slice, length: number): ArraySlice {
    return { array: this.vector(vector, length, offset), offset };
  }

  sameLength(vector: Vector, length: number): DeviceArray {
    const array = this.vector(vector);
    if (array.length !== length) {
      throw new RangeError(`Vectors of ${length} and ${array.length} entries cannot be combined.`);
    }
    return array;
  }
}

/** @throws {RangeError} if a result would overwrite what the same kernel reads. */
export function apart(result: DeviceArray, ...operands: readonly DeviceArray[]): void {
  if (operands.includes(result)) throw new RangeError('The result must be another vector than the operands.');
}
