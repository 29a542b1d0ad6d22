/**
 * Runs and chunks of vectors on the device; see `Slices`. How each operation is checked and cut into
 * dispatches; the arithmetic is in `shaders/`.
 */
import chunkNorms from '../../../shaders/chunk-norms.wgsl?raw';
import scaleChunks from '../../../shaders/scale-chunks.wgsl?raw';
import slices from '../../../shaders/slices.wgsl?raw';
import { checkBounds } from '../chunks.ts';
import type { ChunkBounds, Vector, WriteMode } from '../compute.ts';
import { checkFactors, type NormKind, type Slices } from '../slices.ts';
import { type Access, apart } from './access.ts';
import { factorList, forEachSpan, lanesFor, Partials, quadWorkgroups } from './chunked.ts';
import type { Kernel, KernelSource } from './kernels.ts';
import type { DeviceArray } from './memory.ts';

function slice(entry: 'singles' | 'quads', adds: 0 | 1): KernelSource {
  return { code: slices, entry, storage: 'rw', constants: { adds } };
}

function scale(own: 0 | 1, adds: 0 | 1): KernelSource {
  return { code: scaleChunks, entry: 'main', storage: 'rrw', constants: { own, adds } };
}

export const SLICE_KERNELS = {
  copySingles: slice('singles', 0),
  copyQuads: slice('quads', 0),
  addSingles: slice('singles', 1),
  addQuads: slice('quads', 1),
  chunkNormsPartial: { code: chunkNorms, entry: 'partial', storage: 'rrw' },
  chunkNormsTotal: { code: chunkNorms, entry: 'total', storage: 'rw' },
  scaleChunksSet: scale(0, 0),
  scaleChunksAdd: scale(0, 1),
  scaleChunksOwnSet: scale(1, 0),
  scaleChunksOwnAdd: scale(1, 1),
} satisfies Record<string, KernelSource>;

export class SliceOperations implements Slices {
  readonly #access: Access;
  readonly #partials: Partials;

  constructor(access: Access) {
    this.#access = access;
    this.#partials = new Partials(access);
  }

  copy(dest: Vector, destOffset: number, source: Vector, sourceOffset: number, length: number): void {
    this.#move(dest, destOffset, source, sourceOffset, length, null);
  }

  add(
    dest: Vector,
    destOffset: number,
    source: Vector,
    sourceOffset: number,
    length: number,
    weight: number,
  ): void {
    this.#move(dest, destOffset, source, sourceOffset, length, weight);
  }

  chunkNorms(source: Vector, bounds: ChunkBounds, kind: NormKind, out: Vector, index: number): void {
    const from = this.#access.vector(source);
    checkBounds(bounds, from.length);
    const to = this.#access.vector(out, bounds.length - 1, index);
    apart(to, from);
    const { kernels, recorder } = this.#access;
    const partials = this.#partials.array;
    forEachSpan(bounds, (first, chunks) => {
      const list = recorder.stage(bounds.slice(first, first + chunks + 1));
      const lanes = lanesFor(chunks);
      const integers = [chunks, list, index + first, lanes, kind === 'sum-squares' ? 1 : 0];
      const arrays = [from, recorder.lists, partials];
      recorder.run(kernels.chunkNormsPartial, arrays, (chunks * lanes) / 64, integers);
      recorder.run(kernels.chunkNormsTotal, [partials, to], Math.ceil(chunks / 64), integers);
    });
  }

  addScaledChunks(
    dest: Vector,
    source: Vector,
    bounds: ChunkBounds,
    factors: readonly number[],
    mode: WriteMode,
  ): void {
    const to = this.#access.vector(dest);
    const from = this.#access.sameLength(source, to.length);
    checkBounds(bounds, to.length);
    checkFactors({ bounds, factors });
    const { kernels, recorder } = this.#access;
    const { scaleChunksSet, scaleChunksAdd, scaleChunksOwnSet, scaleChunksOwnAdd } = kernels;
    const own = from === to;
    const kernel =
      mode === 'set' ? (own ? scaleChunksOwnSet : scaleChunksSet) : own ? scaleChunksOwnAdd : scaleChunksAdd;
    // A buffer that is written cannot be bound for reading too; the kernel does not look at the other.
    const arrays = [own ? recorder.lists : from, recorder.lists, to];
    forEachSpan(bounds, (first, chunks) => {
      const start = bounds[first] ?? 0;
      const end = bounds[first + chunks] ?? 0;
      const list = recorder.stage(factorList({ bounds, factors }, first, chunks));
      recorder.run(kernel, arrays, quadWorkgroups(start, end), [start, end, chunks, list]);
    });
  }

  #move(
    dest: Vector,
    destOffset: number,
    source: Vector,
    sourceOffset: number,
    length: number,
    weight: number | null,
  ): void {
    const to = this.#access.vector(dest, length, destOffset);
    const from = this.#access.vector(source, length, sourceOffset);
    apart(to, from);
    const { copySingles, copyQuads, addSingles, addQuads } = this.#access.kernels;
    const singles = weight === null ? copySingles : addSingles;
    const byFours = destOffset % 4 === 0 && sourceOffset % 4 === 0 ? length - (length % 4) : 0;
    const floats = [weight ?? 1];
    if (byFours > 0) {
      const quads = weight === null ? copyQuads : addQuads;
      this.#dispatch(quads, from, to, [byFours / 4, destOffset / 4, sourceOffset / 4], floats);
    }
    const rest = [length - byFours, destOffset + byFours, sourceOffset + byFours] as const;
    this.#dispatch(singles, from, to, rest, floats);
  }

  #dispatch(
    kernel: Kernel,
    from: DeviceArray,
    to: DeviceArray,
    integers: readonly [items: number, destOffset: number, sourceOffset: number],
    floats: readonly number[],
  ): void {
    this.#access.recorder.run(kernel, [from, to], Math.ceil(integers[0] / 256), integers, floats);
  }
}
