/**
 * Compression on the device: chunk means, sign packing and decoding, exact top-k, scatter. How each is cut
 * into dispatches; the arithmetic is in `shaders/`. Arguments have been checked by the caller.
 */
import type { ChunkBounds, WriteMode } from '../compute.ts';
import type { Kernels } from './kernels.ts';
import type { DeviceArray, Memory } from './memory.ts';
import type { Recorder } from './recorder.ts';

/** Chunks of one dispatch; their bounds are staged, so this leaves room for other lists. */
const CHUNKS = 1024;
/** Partial sums of the chunk means at most: few chunks get many lanes each, many chunks few. */
const PARTIALS = 65536;
/** Blocks of the compaction at most; its scan is one workgroup's work. */
const BLOCKS = 16384;

export class CompressionOperations {
  readonly #kernels: Kernels;
  readonly #recorder: Recorder;
  /** Top-k's prefix, remaining and sixteen counters (all zero between selections). */
  readonly #selection: DeviceArray;
  readonly #partials: DeviceArray;
  /** Two counters a block. */
  readonly #blockCounts: DeviceArray;

  constructor(kernels: Kernels, memory: Memory, recorder: Recorder) {
    this.#kernels = kernels;
    this.#recorder = recorder;
    this.#selection = memory.create('words', 18);
    this.#partials = memory.create('vector', PARTIALS);
    this.#blockCounts = memory.create('words', 2 * BLOCKS);
  }

  chunkMeans(source: DeviceArray, bounds: ChunkBounds, out: DeviceArray, offset: number): void {
    forEachSpan(bounds, (first, chunks) => {
      const list = this.#recorder.stage(bounds.slice(first, first + chunks + 1));
      const { lists } = this.#recorder;
      const lanes = chunks <= PARTIALS / 1024 ? 1024 : 64;
      const integers = [chunks, list, offset + first, lanes];
      const { chunkMeansPartial, chunkMeansTotal } = this.#kernels;
      this.#recorder.run(chunkMeansPartial, [source, lists, this.#partials], (chunks * lanes) / 64, integers);
      this.#recorder.run(chunkMeansTotal, [this.#partials, lists, out], Math.ceil(chunks / 64), integers);
    });
  }

  signPack(source: DeviceArray, out: DeviceArray, offset: number): void {
    const workgroups = Math.ceil(source.length / (32 * 64));
    this.#recorder.run(this.#kernels.signPack, [source, out], workgroups, [source.length, offset]);
  }

  signUnpack(
    source: DeviceArray,
    bounds: ChunkBounds,
    bitsOffset: number,
    dest: DeviceArray,
    weight: number,
    mode: WriteMode,
  ): void {
    const arrays = [source, this.#recorder.lists, dest];
    const add = mode === 'add' ? 1 : 0;
    const copies = weight === 1 ? 1 : 0;
    forEachSpan(bounds, (first, chunks) => {
      const start = bounds[first] ?? 0;
      const end = bounds[first + chunks] ?? 0;
      const list = this.#recorder.stage(bounds.slice(first, first + chunks + 1));
      const integers = [start, end, chunks, list, first, bitsOffset, add, copies];
      const workgroups = Math.ceil((Math.ceil(end / 4) - Math.floor(start / 4)) / 512);
      this.#recorder.run(this.#kernels.signUnpack, arrays, workgroups, integers, [weight]);
    });
  }

  topK(source: DeviceArray, k: number, out: DeviceArray): void {
    if (k === 0) return;
    const { length } = source;
    const { topKCount, topKChoose, topKReduce, topKScan, topKWrite } = this.#kernels;
    const quads = Math.ceil(length / 4);
    const span = Math.min(63, Math.max(8, Math.ceil(quads / (64 * 256))));
    const counters = Math.ceil(quads / (64 * span));
    for (let shift = 28; shift >= 0; shift -= 4) {
      this.#recorder.run(topKCount, [this.#selection, source], counters, [length, shift, k, span]);
      this.#recorder.run(topKChoose, [this.#selection], 1, [length, shift, k, span]);
    }
    const block = Math.max(64, Math.ceil(length / (BLOCKS * 4)) * 4);
    const blocks = Math.ceil(length / block);
    const arrays = [this.#selection, this.#blockCounts, source, out];
    const integers = [length, block, blocks, k];
    this.#recorder.run(topKReduce, arrays, Math.ceil(blocks / 64), integers);
    this.#recorder.run(topKScan, arrays, 1, integers);
    this.#recorder.run(topKWrite, arrays, Math.ceil(blocks / 64), integers);
  }

  /** Scatter onto what `dest` holds; the caller has zeroed it for `set`. */
  scatter(source: DeviceArray, k: number, dest: DeviceArray, weight: number, mode: WriteMode): void {
    const integers = [k, dest.length, mode === 'add' ? 1 : 0, weight === 1 ? 1 : 0, 0];
    this.#recorder.run(this.#kernels.scatter, [source, dest], Math.ceil(k / 64), integers, [weight]);
  }
}

/** Calls `visit` with runs of chunks short enough for one dispatch: first chunk and how many. */
function forEachSpan(bounds: ChunkBounds, visit: (first: number, chunks: number) => void): void {
  const all = bounds.length - 1;
  for (let first = 0; first < all; first += CHUNKS) visit(first, Math.min(CHUNKS, all - first));
}
