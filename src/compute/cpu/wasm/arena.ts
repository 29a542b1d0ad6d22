/**
 * All vectors of one WebAssembly-backed Compute, in one growing linear memory, so that kernels work on
 * them in place. Growing detaches every typed array over the memory, so a block makes its array anew when
 * it is next opened; nobody may keep one across an allocation.
 */
import type { Block } from '../handles.ts';
import { FreeList } from './free-list.ts';

const PAGE = 65_536;
const BYTES = 4;
/** Engines differ beyond, and addresses stay positive as signed 32-bit numbers. */
const LIMIT_BYTES = 2 ** 31 - PAGE;

/** The memory cannot hold another vector. */
export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';
}

export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly #limit: number;
  readonly #free: FreeList;
  #buffer: ArrayBuffer;

  /** The first `reserved` bytes stay out of use. */
  constructor(memory: WebAssembly.Memory, reserved: number, limit = LIMIT_BYTES) {
    this.memory = memory;
    this.#limit = limit;
    this.#free = new FreeList(reserved);
    this.#buffer = memory.buffer;
    if (this.#buffer.byteLength < reserved) this.#growTo(reserved);
    else this.#free.extend(this.#buffer.byteLength);
  }

  /** The memory as it is now; another object after it has grown. */
  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  /** Bytes of all blocks in use, each rounded up to a cache line. */
  get used(): number {
    return this.#free.used;
  }

  /** A block of `length` zeros. @throws {OutOfMemoryError} */
  allocate(length: number): Block {
    const bytes = length * BYTES;
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RangeError(`A vector has a whole number of entries from 0 on, not ${length}.`);
    }
    let start = this.#free.allocate(bytes);
    if (start === null) {
      this.#growTo(this.#free.reach(bytes));
      start = this.#free.allocate(bytes);
    }
    if (start === null) throw this.#full(bytes);
    const block = new ArenaBlock(this, this.#free, start, length);
    block.numbers.fill(0);
    return block;
  }

  /** At least to `end`; by a quarter more than there is, so that many small vectors grow it seldom. */
  #growTo(end: number): void {
    const size = this.#buffer.byteLength;
    if (end > this.#limit) throw this.#full(end - size);
    const roomy = Math.min(Math.max(end, size * 1.25), this.#limit);
    for (const wanted of [roomy, end]) {
      try {
        this.memory.grow(Math.ceil((wanted - size) / PAGE));
        this.#buffer = this.memory.buffer;
        this.#free.extend(this.#buffer.byteLength);
        return;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    throw this.#full(end - size);
  }

  #full(bytes: number): OutOfMemoryError {
    return new OutOfMemoryError(
      `The processor's vectors fill ${megabytes(this.used)} MB and ${megabytes(bytes)} MB more cannot be had; take a smaller model or batch, or fewer workers in this tab.`,
    );
  }
}

const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);

class ArenaBlock implements Block {
  readonly #arena: Arena;
  readonly #free: FreeList;
  readonly #start: number;
  readonly #length: number;
  #view: Float32Array<ArrayBuffer>;

  constructor(arena: Arena, free: FreeList, start: number, length: number) {
    this.#arena = arena;
    this.#free = free;
    this.#start = start;
    this.#length = length;
    this.#view = new Float32Array(arena.buffer, start, length);
  }

  get numbers(): Float32Array<ArrayBuffer> {
    if (this.#view.buffer !== this.#arena.buffer) {
      this.#view = new Float32Array(this.#arena.buffer, this.#start, this.#length);
    }
    return this.#view;
  }

  release(): void {
    this.#free.release(this.#start, this.#length * BYTES);
  }
}
