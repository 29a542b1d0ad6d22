/**
 * Handles of the TypeScript backend: what stands behind the opaque `Vector`, `Words` and `DeviceDataset`.
 *
 * Every operation turns a handle into its typed array here, so a handle of another Compute, a freed one
 * or one that is too short is refused by name instead of being computed on. No arithmetic lives here.
 */
import { type DeviceDataset, HandleError, type HostDataset, type Vector, type Words } from '../compute.ts';

/** The number type of a backend: single precision as on a GPU, or double for finite differences. */
export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Where a vector's numbers are: in an array of its own, or in a memory shared by all of one Compute. */
export interface Block {
  /** Valid until the next allocation, after which it is to be asked for again. */
  readonly numbers: Numbers;
  /** Gives the memory back. */
  release(): void;
}

/** An array of its own, which the garbage collector takes back. */
export function ownBlock(numbers: Numbers): Block {
  return { numbers, release: () => {} };
}

/** Vectors of one Compute share one mark, by which foreign handles are told apart. */
export interface Owner {
  destroyed: boolean;
}

class Handle<Data> {
  readonly #owner: Owner;
  #data: Data | null;

  constructor(owner: Owner, data: Data) {
    this.#owner = owner;
    this.#data = data;
  }

  /** @throws {HandleError} if `owner` did not make it, or it is freed. */
  open(owner: Owner): Data {
    if (this.#owner !== owner) {
      throw new HandleError('This handle belongs to another Compute; make one with this Compute.');
    }
    if (owner.destroyed) throw new HandleError('This Compute has been destroyed; make another one.');
    if (this.#data === null) throw new HandleError('This handle has been freed; keep it until its last use.');
    return this.#data;
  }

  close(owner: Owner): void {
    this.open(owner);
    this.#data = null;
  }
}

export class CpuVector extends Handle<Block> implements Vector {
  readonly length: number;
  constructor(owner: Owner, block: Block) {
    super(owner, block);
    this.length = block.numbers.length;
  }

  override close(owner: Owner): void {
    const block = this.open(owner);
    super.close(owner);
    block.release();
  }
}

export class CpuWords extends Handle<Uint32Array<ArrayBuffer>> implements Words {
  readonly length: number;
  constructor(owner: Owner, data: Uint32Array<ArrayBuffer>) {
    super(owner, data);
    this.length = data.length;
  }
}

export class CpuDataset extends Handle<HostDataset> implements DeviceDataset {
  readonly rows: number;
  readonly width: number;
  constructor(owner: Owner, data: HostDataset) {
    super(owner, data);
    this.rows = data.rows;
    this.width = data.width;
  }
}

function foreign(what: string): HandleError {
  return new HandleError(
    `This ${what} was not made by the cpu Compute; make it with the Compute that uses it.`,
  );
}

/** The numbers behind a vector, at least `needed` of them from `offset` on. */
export function numbersOf(owner: Owner, vector: Vector, needed = 0, offset = 0): Numbers {
  if (!(vector instanceof CpuVector)) throw foreign('vector');
  const { numbers } = vector.open(owner);
  needRange('vector', numbers.length, needed, offset);
  return numbers;
}

/** The words behind a handle, at least `needed` of them from `offset` on. */
export function wordsOf(owner: Owner, words: Words, needed = 0, offset = 0): Uint32Array<ArrayBuffer> {
  if (!(words instanceof CpuWords)) throw foreign('array of words');
  const data = words.open(owner);
  needRange('array of words', data.length, needed, offset);
  return data;
}

export function datasetOf(owner: Owner, dataset: DeviceDataset): HostDataset {
  if (!(dataset instanceof CpuDataset)) throw foreign('data set');
  return dataset.open(owner);
}

export function close(owner: Owner, handle: Vector | Words | DeviceDataset): void {
  if (handle instanceof CpuVector || handle instanceof CpuWords || handle instanceof CpuDataset) {
    handle.close(owner);
    return;
  }
  throw foreign('handle');
}

/** @throws {RangeError} unless [offset, offset + needed) lies within [0, length). */
export function needRange(what: string, length: number, needed: number, offset: number): void {
  if (!Number.isInteger(offset) || offset < 0 || !Number.isInteger(needed) || offset + needed > length) {
    throw new RangeError(`The ${what} has ${length} entries; ${needed} from ${offset} on are asked for.`);
  }
}
