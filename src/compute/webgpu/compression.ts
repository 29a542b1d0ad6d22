/**
 * Compression on the device: chunk means, sign packing and decoding, scatter. How each is cut into
 * dispatches; the arithmetic is in `shaders/`. Arguments have been checked by the caller.
 */
import type { ChunkBounds, WriteMode } from '../compute.ts';
import type { Kernels } from './kernels.ts';
import type { DeviceArray, Memory } from './memory.ts';
import type { Recorder } from './recorder.ts';
import { type Read, TopK } from './top-k.ts';

/** Chunks of one dispatch; their bounds are staged, so this leaves room for other lists. */
const CHUNKS = 1024;
/** Partial sums of the chunk means at most: few chunks get many lanes each, many chunks few. */
const PARTIALS = 65536;
/** Words of signs that an invocation makes, where it makes means, too: 256 numbers. */
const SHARE = 8;

/** Chunks from which means and signs are made in one pass, in which few invocations share a chunk. */
const FUSED = 4;

export class CompressionOperations {
  readonly #kernels: Kernels;
  readonly #recorder: Recorder;
  readonly #partials: DeviceArray;
  readonly topK: TopK;

  constructor(kernels: Kernels, memory: Memory, recorder: Recorder, read: Read) {
    this.#kernels = kernels;
    this.#recorder = recorder;
    this.#partials = memory.create('vector', PARTIALS);
    this.topK = new TopK(kernels, memory, recorder, read);
  }

  chunkMeans(source: DeviceArray, bounds: ChunkBounds, out: DeviceArray, offset: number): void {
    const { lists } = this.#recorder;
    const { chunkMeansPartial, chunkMeansTotal } = this.#kernels;
    forEachMeans(bounds, (first, chunks, lanes) => {
      const span = bounds.slice(first, first + chunks + 1);
      // Staged for each dispatch: a submit between the two would give the list's place away.
      const integers = () => [chunks, this.#recorder.stage(span), offset + first, lanes];
      const partial = [source, lists, this.#partials];
      this.#recorder.run(chunkMeansPartial, partial, (chunks * lanes) / 64, integers());
      this.#recorder.run(chunkMeansTotal, [this.#partials, lists, out], Math.ceil(chunks / 64), integers());
    });
  }

  /** Means from word 0 on, signs after them, as by `chunkMeans` and `signPack`; in one pass if chunks allow. */
  signPackMeans(source: DeviceArray, bounds: ChunkBounds, out: DeviceArray): void {
    const all = bounds.length - 1;
    if (!fuses(bounds)) {
      this.chunkMeans(source, bounds, out, 0);
      this.signPack(source, out, all);
      return;
    }
    const { lists } = this.#recorder;
    const { signPackMeans, chunkMeansTotal } = this.#kernels;
    forEachSpan(bounds, (first, chunks) => {
      const span = bounds.slice(first, first + chunks + 1);
      const shares = sharesOf(span);
      const integers = (offset: number) => [chunks, this.#recorder.stage(span), offset, shares];
      const arrays = [source, lists, this.#partials, out];
      this.#recorder.run(signPackMeans, arrays, Math.ceil((chunks * shares) / 64), integers(all));
      const total = [this.#partials, lists, out];
      this.#recorder.run(chunkMeansTotal, total, Math.ceil(chunks / 64), integers(first));
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
    const block = blockOf(bounds);
    const { signUnpack, signUnpackWords } = this.#kernels;
    forEachSpan(bounds, (first, chunks) => {
      const start = bounds[first] ?? 0;
      const end = bounds[first + chunks] ?? 0;
      const list = this.#recorder.stage(bounds.slice(first, first + chunks + 1));
      const integers = [start, end, chunks, list, first, bitsOffset, add, copies, block ?? 0];
      const [kernel, workgroups] =
        block === null
          ? [signUnpack, Math.ceil((Math.ceil(end / 4) - Math.floor(start / 4)) / 512)]
          : [signUnpackWords, Math.ceil((end - start) / (32 * 64))];
      this.#recorder.run(kernel, arrays, workgroups, integers, [weight]);
    });
  }

  /** Scatter onto what `dest` holds; the caller has zeroed it for `set`. */
  scatter(source: DeviceArray, k: number, dest: DeviceArray, weight: number, mode: WriteMode): void {
    const integers = [k, dest.length, mode === 'add' ? 1 : 0, weight === 1 ? 1 : 0, 0];
    this.#recorder.run(this.#kernels.scatter, [source, dest], Math.ceil(k / 64), integers, [weight]);
  }
}

/** Calls `visit` with runs of chunks short enough for one dispatch: first chunk and how many. */
export function forEachSpan(bounds: ChunkBounds, visit: (first: number, chunks: number) => void): void {
  const all = bounds.length - 1;
  for (let first = 0; first < all; first += CHUNKS) visit(first, Math.min(CHUNKS, all - first));
}

/** The same, and how many invocations share the sum of each chunk. */
function forEachMeans(
  bounds: ChunkBounds,
  visit: (first: number, chunks: number, lanes: number) => void,
): void {
  forEachSpan(bounds, (first, chunks) => visit(first, chunks, chunks <= PARTIALS / 1024 ? 1024 : 64));
}

/** How many invocations share a chunk, enough for the longest: a multiple of 4. */
function sharesOf(span: ChunkBounds): number {
  const longest = span.reduce((most, end, c) => Math.max(most, end - (span[c - 1] ?? end)), 0);
  const most = Math.min(1024, Math.floor(PARTIALS / 4 / (span.length - 1)) * 4);
  return Math.min(most, 4 * Math.ceil(longest / (32 * SHARE * 4)));
}

/** Whether every word of signs lies in one chunk, and there are chunks enough to keep a device busy. */
function fuses(bounds: ChunkBounds): boolean {
  return bounds.length > FUSED && blockOf(bounds) !== null;
}

/**
 * Null unless all chunks begin at multiples of 32, so that 32 numbers always share one; then the length of all
 * chunks but the last, if these are equally long, or 0.
 */
export function blockOf(bounds: ChunkBounds): number | null {
  const block = bounds[1] ?? 0;
  let equal = true;
  for (let c = 0; c + 1 < bounds.length; c++) {
    const start = bounds[c] ?? 0;
    if (start % 32 !== 0) return null;
    equal &&= start === c * block;
  }
  // Of a single chunk nobody asks for more than the first.
  return equal ? block : 0;
}
