/**
 * Device memory: the buffers behind `Vector`, `Words` and `DeviceDataset`, and a pool of buffers to read
 * back through. Handles of another Compute, freed ones and ranges that do not fit are refused by name
 * here, before a command is recorded. It records and submits nothing.
 */
import { type DeviceDataset, HandleError, type Vector, type Words } from '../compute.ts';

export type ArrayKind = 'vector' | 'words';

/** A buffer of 32-bit numbers, padded to whole vec4. */
export class DeviceArray implements Vector, Words {
  readonly owner: Memory;
  readonly kind: ArrayKind;
  readonly length: number;
  readonly id: number;
  readonly buffer: GPUBuffer;
  /** Keys of the cached bind groups that hold this buffer. */
  readonly groupKeys = new Set<string>();
  freed = false;

  constructor(owner: Memory, kind: ArrayKind, length: number, id: number, buffer: GPUBuffer) {
    this.owner = owner;
    this.kind = kind;
    this.length = length;
    this.id = id;
    this.buffer = buffer;
  }
}

/**
 * Features as bytes, four a word and each row padded to whole words, or as f32; and one word of label a
 * row: its class number, or the f32 bits of the number to predict.
 */
export class DeviceTable implements DeviceDataset {
  readonly rows: number;
  readonly width: number;
  /** Of features kept as bytes; null where they are f32 as they are. */
  readonly byteScale: number | null;
  readonly features: DeviceArray;
  readonly labels: DeviceArray;

  constructor(
    rows: number,
    width: number,
    byteScale: number | null,
    features: DeviceArray,
    labels: DeviceArray,
  ) {
    this.rows = rows;
    this.width = width;
    this.byteScale = byteScale;
    this.features = features;
    this.labels = labels;
  }
}

export class Memory {
  readonly #device: GPUDevice;
  /** Buffers for reading back, free for use, by size. */
  readonly #readers = new Map<number, GPUBuffer[]>();
  #lastId = 0;
  #buffers = 0;
  #bytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Live buffers, readers included, and their bytes. */
  get use(): { readonly buffers: number; readonly bytes: number } {
    return { buffers: this.#buffers, bytes: this.#bytes };
  }

  /** A buffer of zeros. @throws {RangeError} if it is larger than a kernel can bind. */
  create(kind: ArrayKind, length: number): DeviceArray {
    const most = this.#device.limits.maxStorageBufferBindingSize / 4;
    if (!Number.isInteger(length) || length < 0 || length > most) {
      throw new RangeError(`An array on this device has 0 to ${most} entries, not ${length}.`);
    }
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.#allocate(Math.max(1, Math.ceil(length / 4)) * 16, usage);
    this.#lastId++;
    return new DeviceArray(this, kind, length, this.#lastId, buffer);
  }

  /** Gives the buffer back to the device. No recorded command may still want it. */
  release(array: DeviceArray): void {
    this.#discard(array.buffer);
  }

  /** A mappable buffer of at least `bytes`. */
  takeReader(bytes: number): GPUBuffer {
    const size = readerSize(bytes);
    const free = this.#readers.get(size)?.pop();
    return free ?? this.#allocate(size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  }

  /** Puts an unmapped reader back; a few of every size are kept. */
  giveReader(reader: GPUBuffer): void {
    const free = this.#readers.get(reader.size) ?? [];
    this.#readers.set(reader.size, free);
    if (free.length < 4) free.push(reader);
    else this.#discard(reader);
  }

  /** The array behind a handle, with at least `needed` entries from `offset` on. */
  open(kind: ArrayKind, handle: Vector | Words, needed = 0, offset = 0): DeviceArray {
    if (!(handle instanceof DeviceArray) || handle.owner !== this || handle.kind !== kind) {
      throw new HandleError(`This is not one of the ${kind} made by this WebGPU Compute.`);
    }
    if (handle.freed) throw new HandleError(`These ${kind} have been freed; keep them until their last use.`);
    if (!Number.isInteger(offset) || offset < 0 || needed < 0 || offset + needed > handle.length) {
      throw new RangeError(
        `The ${kind} has ${handle.length} entries; ${needed} from ${offset} on are asked for.`,
      );
    }
    return handle;
  }

  /** The array behind a handle of either kind. */
  openAny(handle: Vector | Words | DeviceDataset): DeviceArray {
    if (!(handle instanceof DeviceArray)) throw new HandleError('This is no handle of a WebGPU Compute.');
    return this.open(handle.kind, handle);
  }

  /** The table behind a data set's handle. */
  openTable(handle: DeviceDataset): DeviceTable {
    if (!(handle instanceof DeviceTable) || handle.features.owner !== this) {
      throw new HandleError('This is not a data set of this WebGPU Compute.');
    }
    if (handle.features.freed) throw new HandleError('This data set has been freed.');
    return handle;
  }

  #allocate(size: number, usage: GPUBufferUsageFlags): GPUBuffer {
    this.#buffers++;
    this.#bytes += size;
    return this.#device.createBuffer({ size, usage });
  }

  #discard(buffer: GPUBuffer): void {
    this.#buffers--;
    this.#bytes -= buffer.size;
    buffer.destroy();
  }
}

/** Powers of two, so that a handful of readers serve every read. */
function readerSize(bytes: number): number {
  let size = 256;
  while (size < bytes) size *= 2;
  return size;
}
