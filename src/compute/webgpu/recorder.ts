/**
 * Recording: dispatches go into one command encoder in call order, and to the device in one submit.
 *
 * Parameters and small lists (rows of a batch, bounds of chunks) of all recorded dispatches are staged in
 * one array each and written by one `writeBuffer` each, just before the submit. The queue runs writes and
 * submits in order, so blocks can be used again after every submit. For the same reason an upload
 * first submits what was recorded before it: a direct write would overtake it.
 * Nothing is allocated on the device per step; bind groups are cached until one of their buffers goes.
 */
import { type Kernel, PARAMETER_BYTES } from './kernels.ts';
import type { DeviceArray, Memory } from './memory.ts';

/** Dispatches a submit holds at most; it also bounds how long the device works on one submit. */
const BLOCKS = 256;
/** Words of lists a submit holds at most. */
export const LIST_WORDS = 16384;
/** Workgroups in one dimension of a dispatch, of the default limits. */
const MOST_WORKGROUPS = 65535;

interface CachedGroup {
  readonly group: GPUBindGroup;
  readonly arrays: readonly DeviceArray[];
}

export class Recorder {
  readonly #device: GPUDevice;
  readonly #memory: Memory;
  /** The lists of recorded dispatches; bind it where a kernel reads a list. */
  readonly lists: DeviceArray;
  readonly #parameters: GPUBuffer;
  readonly #blocks = new ArrayBuffer(BLOCKS * PARAMETER_BYTES);
  readonly #integers = new Uint32Array(this.#blocks);
  readonly #floats = new Float32Array(this.#blocks);
  readonly #listWords = new Uint32Array(LIST_WORDS);
  readonly #offset = new Uint32Array(1);
  readonly #groups = new Map<string, CachedGroup>();
  #usedBlocks = 0;
  #usedWords = 0;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;
  #kernel: Kernel | null = null;
  #doomed: DeviceArray[] = [];
  #stopped = false;

  constructor(device: GPUDevice, memory: Memory) {
    this.#device = device;
    this.#memory = memory;
    this.lists = memory.create('words', LIST_WORDS);
    this.#parameters = device.createBuffer({
      label: 'parameters',
      size: this.#blocks.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  get cachedGroups(): number {
    return this.#groups.size;
  }

  /** From now on everything is a no-op: the device is gone. */
  stop(): void {
    this.#stopped = true;
    this.#groups.clear();
    this.#doomed = [];
    this.#encoder = null;
    this.#pass = null;
  }

  /** Frees what the recorder itself holds; nothing may be recorded any more. */
  destroy(): void {
    this.stop();
    this.#parameters.destroy();
    this.#memory.release(this.lists);
  }

  /**
   * Records `workgroups` workgroups of `kernel` over `arrays`, whose parameter block is `integers`
   * followed by `floats`. Past 65535 workgroups the dispatch has two dimensions, with up to a row of
   * surplus workgroups, which the kernels' own bounds turn away.
   */
  run(
    kernel: Kernel,
    arrays: readonly DeviceArray[],
    workgroups: number,
    integers: readonly number[],
    floats: readonly number[] = [],
  ): void {
    if (this.#stopped || workgroups === 0) return;
    if (this.#usedBlocks === BLOCKS) this.submit();
    const group = this.#groupOf(kernel, arrays);
    const pass = this.#openPass();
    const byte = this.#usedBlocks * PARAMETER_BYTES;
    this.#usedBlocks++;
    let word = byte / 4;
    for (let i = 0; i < integers.length; i++) this.#integers[word++] = integers[i] ?? 0;
    for (let i = 0; i < floats.length; i++) this.#floats[word++] = floats[i] ?? 0;
    if (kernel !== this.#kernel) {
      pass.setPipeline(kernel.pipeline);
      this.#kernel = kernel;
    }
    this.#offset[0] = byte;
    pass.setBindGroup(0, group, this.#offset, 0, 1);
    const rows = Math.ceil(workgroups / MOST_WORKGROUPS);
    pass.dispatchWorkgroups(Math.ceil(workgroups / rows), rows);
  }

  /** Stages a list for the dispatch recorded next; its offset in `lists`. At most LIST_WORDS long. */
  stage(list: ArrayLike<number>): number {
    if (this.#stopped) return 0;
    if (this.#usedBlocks === BLOCKS || this.#usedWords + list.length > LIST_WORDS) this.submit();
    const offset = this.#usedWords;
    this.#listWords.set(list, offset);
    this.#usedWords += list.length;
    return offset;
  }

  /** Writes host data into a buffer after everything recorded so far. */
  upload(dest: DeviceArray, data: Float32Array | Uint32Array, offset: number): void {
    if (this.#stopped || data.length === 0) return;
    this.submit();
    const { buffer, byteOffset, byteLength } = data;
    this.#device.queue.writeBuffer(dest.buffer, offset * 4, buffer, byteOffset, byteLength);
  }

  /** Records a copy into a mappable buffer. */
  copy(source: DeviceArray, reader: GPUBuffer, bytes: number): void {
    if (this.#stopped) return;
    this.#closePass();
    this.#openEncoder().copyBufferToBuffer(source.buffer, 0, reader, 0, bytes);
  }

  /** Frees a buffer once the commands recorded so far have been handed over. */
  free(array: DeviceArray): void {
    array.freed = true;
    for (const key of array.groupKeys) {
      for (const member of this.#groups.get(key)?.arrays ?? []) {
        if (member !== array) member.groupKeys.delete(key);
      }
      this.#groups.delete(key);
    }
    array.groupKeys.clear();
    if (this.#encoder === null) this.#memory.release(array);
    else this.#doomed.push(array);
  }

  submit(): void {
    const encoder = this.#encoder;
    if (encoder === null) {
      // A staged list whose dispatch turned out empty is not wanted any more.
      this.#usedWords = 0;
      return;
    }
    this.#closePass();
    this.#encoder = null;
    const queue = this.#device.queue;
    if (this.#usedBlocks > 0) {
      queue.writeBuffer(this.#parameters, 0, this.#blocks, 0, this.#usedBlocks * PARAMETER_BYTES);
    }
    if (this.#usedWords > 0) queue.writeBuffer(this.lists.buffer, 0, this.#listWords, 0, this.#usedWords);
    queue.submit([encoder.finish()]);
    this.#usedBlocks = 0;
    this.#usedWords = 0;
    for (const array of this.#doomed) this.#memory.release(array);
    this.#doomed.length = 0;
  }

  #openEncoder(): GPUCommandEncoder {
    this.#encoder ??= this.#device.createCommandEncoder();
    return this.#encoder;
  }

  #openPass(): GPUComputePassEncoder {
    this.#pass ??= this.#openEncoder().beginComputePass();
    return this.#pass;
  }

  #closePass(): void {
    this.#pass?.end();
    this.#pass = null;
    this.#kernel = null;
  }

  #groupOf(kernel: Kernel, arrays: readonly DeviceArray[]): GPUBindGroup {
    let key: string = kernel.name;
    for (const array of arrays) key += `,${array.id}`;
    const cached = this.#groups.get(key);
    if (cached !== undefined) return cached.group;
    const parameters = { buffer: this.#parameters, size: PARAMETER_BYTES };
    const group = this.#device.createBindGroup({
      layout: kernel.layout,
      entries: [
        { binding: 0, resource: parameters },
        ...arrays.map(({ buffer }, at) => ({ binding: at + 1, resource: { buffer } })),
      ],
    });
    for (const array of arrays) array.groupKeys.add(key);
    this.#groups.set(key, { group, arrays });
    return group;
  }
}
