/**
 * Sparsification on the device: how searches for thresholds are cut into dispatches; the arithmetic is in
 * `shaders/`. A search keeps its state on the device, so nothing is read back before the result.
 */
import approximateTopK from '../../../shaders/approximate-top-k.wgsl?raw';
import bandCompact from '../../../shaders/band-compact.wgsl?raw';
import gatherValues from '../../../shaders/gather-values.wgsl?raw';
import magnitudeMoments from '../../../shaders/magnitude-moments.wgsl?raw';
import thresholdCount from '../../../shaders/threshold-count.wgsl?raw';
import thresholdTopK from '../../../shaders/threshold-top-k.wgsl?raw';
import type { Vector, Words } from '../compute.ts';
import { APPROXIMATE_STEPS, type Sparsification } from '../sparsification.ts';
import { type Access, apart } from './access.ts';
import type { DeviceArray } from './memory.ts';

export const SPARSIFICATION_KERNELS = {
  gatherValues: { code: gatherValues, entry: 'main', storage: 'rrw' },
  magnitudeLargest: { code: magnitudeMoments, entry: 'largest', storage: 'wr' },
  magnitudeMoments: { code: magnitudeMoments, entry: 'moments', storage: 'rrw' },
  thresholdCount: { code: thresholdCount, entry: 'main', storage: 'wr' },
  approximateBegin: { code: approximateTopK, entry: 'begin', storage: 'wwr' },
  approximateChoose: { code: approximateTopK, entry: 'choose', storage: 'ww' },
  thresholdBegin: { code: thresholdTopK, entry: 'begin', storage: 'wwr' },
  thresholdChoose: { code: thresholdTopK, entry: 'choose', storage: 'ww' },
  bandReduce: { code: bandCompact, entry: 'reduce', storage: 'rwrw' },
  bandScan: { code: bandCompact, entry: 'scan', storage: 'rwrw' },
  bandWrite: { code: bandCompact, entry: 'write', storage: 'rwrw' },
};

/** Partial sums at most. */
const LANES = 4096;
/** Blocks of the compaction at most; its scan is one workgroup's work. */
const BLOCKS = 16384;
/** Four bisection steps a pass, and one more pass where the exact search has to start anew. */
const PASSES = Math.ceil(APPROXIMATE_STEPS / 4) + 1;

interface Scratch {
  /** A search's bounds, thresholds and counters, as in `approximate-top-k.wgsl`; zeros between searches. */
  readonly state: DeviceArray;
  /** What a search ends with, as in `band-compact.wgsl`. */
  readonly chosen: DeviceArray;
  readonly partials: DeviceArray;
  /** Two counters a block. */
  readonly blockCounts: DeviceArray;
}

export class SparsificationOperations implements Sparsification {
  readonly #access: Access;
  #scratch: Scratch | null = null;

  constructor(access: Access) {
    this.#access = access;
  }

  gather(source: Vector, indices: Words, k: number, factor: number, out: Words): void {
    const from = this.#access.vector(source);
    const places = this.#access.words(indices, k);
    const to = this.#access.words(out, k);
    apart(to, from, places);
    const { kernels, recorder } = this.#access;
    const integers = [k, from.length, factor === 1 ? 1 : 0];
    recorder.run(kernels.gatherValues, [places, from, to], Math.ceil(k / 64), integers, [factor]);
  }

  approximateTopK(source: Vector, k: number, draw: number, out: Words): void {
    const from = this.#access.vector(source, k);
    const to = this.#access.words(out, 2 * k);
    if (k === 0) return;
    const { kernels, recorder } = this.#access;
    const { state, chosen, partials } = this.#open();
    const lanes = this.#moments(from);
    const integers = [from.length, lanes, k, draw];
    recorder.run(kernels.approximateBegin, [state, chosen, partials], 1, integers);
    for (let pass = 0; pass < PASSES; pass++) {
      this.#count(from);
      recorder.run(kernels.approximateChoose, [state, chosen], 1, integers);
    }
    this.#compact(from, to, 0);
  }

  thresholdTopK(source: Vector, k: number, z: number, out: Words): void {
    const from = this.#access.vector(source, k);
    const to = this.#access.words(out, 2 * k + 1);
    const { kernels, recorder } = this.#access;
    const { state, chosen, partials } = this.#open();
    const integers = [from.length, this.#moments(from), k];
    recorder.run(kernels.thresholdBegin, [state, chosen, partials], 1, integers, [z]);
    this.#count(from);
    recorder.run(kernels.thresholdChoose, [state, chosen], 1, integers, [z]);
    this.#compact(from, to, 1);
  }

  /** Largest magnitude and partial sums; returns how many of these there are. */
  #moments(from: DeviceArray): number {
    const { kernels, recorder } = this.#access;
    const { state, partials } = this.#open();
    const lanes = Math.min(LANES, 64 * Math.ceil(from.length / 1024));
    const integers = [from.length, lanes];
    recorder.run(kernels.magnitudeLargest, [state, from], lanes / 64, integers);
    recorder.run(kernels.magnitudeMoments, [state, from, partials], lanes / 64, integers);
    return lanes;
  }

  #count(from: DeviceArray): void {
    const { kernels, recorder } = this.#access;
    const quads = Math.ceil(from.length / 4);
    const span = Math.min(64, Math.max(8, Math.ceil(quads / (64 * 256))));
    const workgroups = Math.ceil(quads / (64 * span));
    recorder.run(kernels.thresholdCount, [this.#open().state, from], workgroups, [from.length, span]);
  }

  #compact(from: DeviceArray, to: DeviceArray, base: 0 | 1): void {
    const { kernels, recorder } = this.#access;
    const { chosen, blockCounts } = this.#open();
    const block = Math.max(64, Math.ceil(from.length / (BLOCKS * 4)) * 4);
    const blocks = Math.ceil(from.length / block);
    const arrays = [chosen, blockCounts, from, to];
    const integers = [from.length, block, blocks, base];
    recorder.run(kernels.bandReduce, arrays, Math.ceil(blocks / 64), integers);
    recorder.run(kernels.bandScan, arrays, 1, integers);
    recorder.run(kernels.bandWrite, arrays, Math.ceil(blocks / 64), integers);
  }

  /** Made at the first use: most runs need none of it. */
  #open(): Scratch {
    const { memory } = this.#access;
    this.#scratch ??= {
      state: memory.create('words', 44),
      chosen: memory.create('words', 5),
      partials: memory.create('vector', 4 * LANES),
      blockCounts: memory.create('words', 2 * BLOCKS),
    };
    return this.#scratch;
  }
}
