/**
 * Exact top-k on the device: how it is cut into dispatches; the arithmetic is in `shaders/top-k-*.wgsl`.
 *
 * Selection takes many passes, so it is spared most of the data where that pays: a sample suggests a bound
 * that somewhat more than k magnitudes reach, one pass over the data marks those, and selection and
 * compaction then go over these candidates alone. A bound is never trusted: the device counts the candidates,
 * and where they are fewer than k or too many, the same passes go over the whole vector instead. The result
 * is the same to the bit, and nothing is read back.
 */
import type { Kernels } from './kernels.ts';
import type { DeviceArray, Memory } from './memory.ts';
import type { Recorder } from './recorder.ts';

/** Blocks of the compaction, and strips of the marking, at most; a scan is one workgroup's work. */
const BLOCKS = 16384;
/** Elements sampled. */
const SAMPLES = 4096;
/** Vectors shorter than this are gone over whole, and so is one of which more than an eighth is wanted. */
const SHORTEST = 65536;
/** Invocations that count, at most: they stride over the data together. */
const COUNTERS = 16384;
/** Digits of a magnitude's 31 bits, most significant first. */
const DIGITS = [
  { shift: 20, bits: 11 },
  { shift: 10, bits: 10 },
  { shift: 0, bits: 10 },
];
/** Of the bound, the first two digits are found: 13 bits of the fraction. */
const BOUND_DIGITS = 2;
const BOUND_SHIFT = 10;

/** Room for candidates; it grows with the largest vector and k seen. */
interface Room {
  readonly length: number;
  /** Candidates at most; a multiple of 4. */
  readonly capacity: number;
  /** A bit for every element. */
  readonly masks: DeviceArray;
  /** Their number, three unused words, and `capacity` words each of bits and of indices. */
  readonly candidates: DeviceArray;
}

export class TopK {
  readonly #kernels: Kernels;
  readonly #memory: Memory;
  readonly #recorder: Recorder;
  /** Prefix, remaining and 2048 counters (all zero between selections). */
  readonly #selection: DeviceArray;
  /** Two counters a block, or one a strip. */
  readonly #blockCounts: DeviceArray;
  readonly #sample: DeviceArray;
  /** No candidates: the passes that read it go over the whole vector. */
  readonly #none: DeviceArray;
  #room: Room | null = null;

  constructor(kernels: Kernels, memory: Memory, recorder: Recorder) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#recorder = recorder;
    this.#selection = memory.create('words', 2 + 2048);
    this.#blockCounts = memory.create('words', 2 * BLOCKS);
    this.#sample = memory.create('words', SAMPLES);
    this.#none = memory.create('words', 4);
  }

  /** Indices of the k largest magnitudes, then their bits, as `Compute.topK` says. */
  select(source: DeviceArray, k: number, out: DeviceArray): void {
    if (k === 0) return;
    const { length } = source;
    const pays = length >= SHORTEST && 8 * k <= length;
    const { candidates, capacity } = pays ? this.#mark(source, k) : { candidates: this.#none, capacity: 0 };
    this.#narrow(source, length, candidates, k, DIGITS.length);
    const { topKReduce, topKScan, topKWrite } = this.#kernels;
    const blocks = Math.min(BLOCKS, Math.ceil(length / 256));
    const workgroups = Math.ceil(blocks / 64);
    const arrays = [this.#selection, this.#blockCounts, source, candidates, out];
    const integers = [length, blocks, k, capacity];
    this.#recorder.run(topKReduce, arrays, workgroups, integers);
    this.#recorder.run(topKScan, arrays, 1, integers);
    this.#recorder.run(topKWrite, arrays, workgroups, integers);
  }

  /** Finds the first `digits` digits of the k-th largest magnitude. */
  #narrow(source: DeviceArray, length: number, candidates: DeviceArray, k: number, digits: number): void {
    const { topKCount, topKChoose } = this.#kernels;
    const workgroups = Math.ceil(Math.min(COUNTERS, length / 256) / 64);
    for (const { shift, bits } of DIGITS.slice(0, digits)) {
      const integers = [length, shift, bits, k];
      this.#recorder.run(topKCount, [this.#selection, source, candidates], workgroups, integers);
      this.#recorder.run(topKChoose, [this.#selection], 1, integers);
    }
  }

  /** Writes the candidates, or that there are none worth having. */
  #mark(source: DeviceArray, k: number): Room {
    const { length } = source;
    const { topKSample, topKMark, topKCandidateScan, topKGather } = this.#kernels;
    const room = this.#open(length, k);
    const { masks, candidates, capacity } = room;
    const span = Math.ceil(length / (128 * BLOCKS));
    const strips = Math.ceil(length / (128 * span));
    const workgroups = Math.ceil(strips / 64);
    const integers = [length, SAMPLES, BOUND_SHIFT, span, strips, k, capacity];
    this.#recorder.run(topKSample, [source, this.#sample], SAMPLES / 64, integers);
    // Of the k largest about this many are in the sample; four standard deviations more make a bound that
    // leaves out one of the k about once in ten thousand times.
    const expected = (SAMPLES * k) / length;
    const rank = Math.ceil(expected + 4 * Math.sqrt(expected) + 8);
    this.#narrow(this.#sample, SAMPLES, this.#none, rank, BOUND_DIGITS);
    const arrays = [source, this.#selection, masks, this.#blockCounts, candidates];
    this.#recorder.run(topKMark, arrays, workgroups, integers);
    this.#recorder.run(topKCandidateScan, arrays, 1, integers);
    this.#recorder.run(topKGather, arrays, workgroups, integers);
    return room;
  }

  #open(length: number, k: number): Room {
    const capacity = 4 * k + 65536;
    if (this.#room !== null && this.#room.length >= length && this.#room.capacity >= capacity) {
      return this.#room;
    }
    if (this.#room !== null) {
      this.#recorder.free(this.#room.masks);
      this.#recorder.free(this.#room.candidates);
    }
    const most = Math.max(length, this.#room?.length ?? 0);
    const largest = Math.max(capacity, this.#room?.capacity ?? 0);
    const masks = this.#memory.create('words', 4 * Math.ceil(most / 128));
    const candidates = this.#memory.create('words', 4 + 2 * largest);
    this.#room = { length: most, capacity: largest, masks, candidates };
    return this.#room;
  }
}
