/**
 * What operations over chunks share: the chunks of one dispatch, and the lanes and partial sums of a
 * reduction of every chunk in two stages (see `shaders/chunk-norms.wgsl`).
 */
import type { ChunkBounds } from '../compute.ts';
import type { ChunkFactors } from '../slices.ts';
import type { Access } from './access.ts';
import type { DeviceArray } from './memory.ts';

/** Chunks of one dispatch; their bounds and factors are staged, so this leaves room for other lists. */
const CHUNKS = 1024;
/** Partial results at most: few chunks get many lanes each, many chunks few. */
const PARTIALS = 65536;

/** Calls `visit` with runs of chunks short enough for one dispatch: first chunk and how many. */
export function forEachSpan(bounds: ChunkBounds, visit: (first: number, chunks: number) => void): void {
  const all = bounds.length - 1;
  for (let first = 0; first < all; first += CHUNKS) visit(first, Math.min(CHUNKS, all - first));
}

/** The bounds of a span and, right after them, its factors' bits: the list of the scaling kernels. */
export function factorList({ bounds, factors }: ChunkFactors, first: number, chunks: number): Uint32Array {
  const list = new Uint32Array(2 * chunks + 1);
  list.set(bounds.slice(first, first + chunks + 1));
  new Float32Array(list.buffer, 4 * (chunks + 1)).set(factors.slice(first, first + chunks));
  return list;
}

/** Workgroups of a kernel that writes [start, end) in quads, 512 a workgroup. */
export function quadWorkgroups(start: number, end: number): number {
  return Math.ceil((Math.ceil(end / 4) - Math.floor(start / 4)) / 512);
}

/** Invocations that share one chunk: a multiple of 64. */
export function lanesFor(chunks: number): number {
  return Math.min(1024, 64 * Math.floor(PARTIALS / 64 / chunks));
}

/** Room for the partial results, made at the first reduction and kept. */
export class Partials {
  readonly #access: Access;
  #array: DeviceArray | null = null;

  constructor(access: Access) {
    this.#access = access;
  }

  get array(): DeviceArray {
    this.#array ??= this.#access.memory.create('vector', PARTIALS);
    return this.#array;
  }
}
