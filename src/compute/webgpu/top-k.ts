/**
 * Exact top-k: how it is cut between device and host; the arithmetic is in `shaders/top-k-*.wgsl`.
 *
 * On a device every dispatch costs, and so does every word read back. A sample suggests a bound that somewhat
 * more than k magnitudes reach; one pass over the data collects those; and the host, which gets them instead
 * of the k pairs, selects among them. A bound is never trusted: where the candidates are fewer than k or too
 * many, or k is too large a share for this to pay, the device selects from the whole vector by radix passes.
 * The result is the same to the bit.
 */
import { HandleError } from '../compute.ts';
import {
  type CandidateRoom,
  candidatesOffset,
  candidateWords,
  largestCandidates,
  STRIP,
} from './candidates.ts';
import type { Kernels } from './kernels.ts';
import type { DeviceArray, Memory } from './memory.ts';
import type { Recorder } from './recorder.ts';

/** Blocks of the compaction at most; its scan is one workgroup's work. */
const BLOCKS = 16384;
/** Elements sampled, as in top-k-bound.wgsl. */
const SAMPLES = 2048;
/** From shorter vectors, and where more than an eighth is wanted, the device selects. */
const SHORTEST = 4 * SAMPLES;
/** Places of candidates share a word with the number of a strip's candidates. */
const MOST_CANDIDATES = 2 ** 24 - 1;
/** Invocations that count, at most: they stride over the data together. */
const COUNTERS = 16384;
/** Digits of a magnitude's 31 bits, most significant first. */
const DIGITS = [
  { shift: 20, bits: 11 },
  { shift: 10, bits: 10 },
  { shift: 0, bits: 10 },
];

/** Records a copy of the first words and submits; resolves to them. */
export type Read = (source: DeviceArray, words: number) => Promise<Uint32Array>;

export class TopK {
  readonly #kernels: Kernels;
  readonly #memory: Memory;
  readonly #recorder: Recorder;
  readonly #read: Read;
  /** Prefix, remaining and 2048 counters (all zero between selections). */
  readonly #selection: DeviceArray;
  /** Two counters a block. */
  readonly #blockCounts: DeviceArray;
  /** What a collection needs, or a selection's pairs; it grows with the largest seen. */
  #room: DeviceArray;

  constructor(kernels: Kernels, memory: Memory, recorder: Recorder, read: Read) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#recorder = recorder;
    this.#read = read;
    this.#selection = memory.create('words', 2 + 2048);
    this.#blockCounts = memory.create('words', 2 * BLOCKS);
    this.#room = memory.create('words', 4);
  }

  /** As `Compute.topK` says. Reads once, or twice where the sample misled. */
  async select(source: DeviceArray, k: number): Promise<Uint32Array> {
    if (k === 0) return new Uint32Array(0);
    const { length } = source;
    if (length >= SHORTEST && 8 * k <= length) {
      const room = this.#collect(source, k);
      const words = await this.#read(this.#room, candidateWords(room));
      const pairs = largestCandidates(words, room, k);
      if (pairs !== null) return pairs;
      if (source.freed) throw new HandleError('The vector was freed while its largest entries were sought.');
    }
    this.#selectOnDevice(source, k);
    return this.#read(this.#room, 2 * k);
  }

  #collect(source: DeviceArray, k: number): CandidateRoom {
    const { length } = source;
    // Of the k largest about this many are in the sample; four standard deviations more make a bound that
    // leaves out one of the k about once in ten thousand times, and so much again is room for them.
    const margin = (expected: number) => Math.ceil(expected + 4 * Math.sqrt(expected) + 8);
    const rank = margin((SAMPLES * k) / length);
    const most = Math.ceil((margin(rank) * length) / SAMPLES);
    const room = { strips: Math.ceil(length / STRIP), capacity: Math.min(length, most, MOST_CANDIDATES) };
    const found = this.#open(candidateWords(room));
    const { topKBound, topKCollect } = this.#kernels;
    this.#recorder.run(topKBound, [source, found], 1, [length, rank]);
    const integers = [length, room.strips, room.capacity, candidatesOffset(room)];
    this.#recorder.run(topKCollect, [source, source, found], Math.ceil(room.strips / 64), integers);
    return room;
  }

  #selectOnDevice(source: DeviceArray, k: number): void {
    const { length } = source;
    const { topKCount, topKChoose, topKReduce, topKScan, topKWrite } = this.#kernels;
    const counters = Math.ceil(Math.min(COUNTERS, length / 256) / 64);
    for (const { shift, bits } of DIGITS) {
      const integers = [length, shift, bits, k];
      this.#recorder.run(topKCount, [this.#selection, source], counters, integers);
      this.#recorder.run(topKChoose, [this.#selection], 1, integers);
    }
    const blocks = Math.min(BLOCKS, Math.ceil(length / 256));
    const workgroups = Math.ceil(blocks / 64);
    const arrays = [this.#selection, this.#blockCounts, source, this.#open(2 * k)];
    const integers = [length, blocks, k];
    this.#recorder.run(topKReduce, arrays, workgroups, integers);
    this.#recorder.run(topKScan, arrays, 1, integers);
    this.#recorder.run(topKWrite, arrays, workgroups, integers);
  }

  #open(words: number): DeviceArray {
    if (this.#room.length < words) {
      this.#recorder.free(this.#room);
      this.#room = this.#memory.create('words', words);
    }
    return this.#room;
  }
}
