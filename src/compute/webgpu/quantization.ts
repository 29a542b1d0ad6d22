/**
 * Quantization on the device: how each operation is cut into dispatches; the arithmetic is in
 * `shaders/half-*.wgsl`, `shaders/quantize-*.wgsl` and `shaders/ternary-pack.wgsl`.
 */
import { checkBounds } from '../chunks.ts';
import type { ChunkBounds, Vector, Words, WriteMode } from '../compute.ts';
import {
  type CodedWords,
  type CodeRule,
  checkRule,
  codedLength,
  codeShape,
  codeWords,
  type NormKind,
  type Quantization,
} from '../quantization.ts';
import type { Access } from './access.ts';
import { blockOf, forEachSpan } from './compression.ts';
import type { Kernel } from './kernels.ts';
import type { DeviceArray } from './memory.ts';
import { wordKernel } from './quantization-kernels.ts';

/** Lanes over all chunks of a dispatch: few chunks get many lanes each, many chunks few. */
const PARTIALS = 65536;
/** Chunks of one dispatch, at most. */
const CHUNKS = 1024;
/** Ranks of -0 and of nothing at all: where the thresholds of pairs start. */
const START = { zero: 0x7fffffff, mean: 0 } as const;
const KINDS: readonly NormKind[] = ['norm', 'rms', 'rms-nonzero'];

export class QuantizationOperations implements Quantization {
  readonly #access: Access;
  /** Made when first used: four numbers a lane, and a threshold a chunk. */
  #partials: DeviceArray | null = null;
  #thresholds: DeviceArray | null = null;

  constructor(access: Access) {
    this.#access = access;
  }

  packHalves(source: Vector, out: Words): void {
    const from = this.#access.vector(source);
    const words = this.#access.words(out, Math.ceil(from.length / 2));
    const { kernels, recorder } = this.#access;
    recorder.run(kernels.halfPack, [from, words], Math.ceil(from.length / 1024), [from.length]);
  }

  unpackHalves(source: Words, dest: Vector, weight: number, mode: WriteMode): void {
    const to = this.#access.vector(dest);
    const words = this.#access.words(source, Math.ceil(to.length / 2));
    const { kernels, recorder } = this.#access;
    const integers = [to.length, mode === 'add' ? 1 : 0, weight === 1 ? 1 : 0];
    recorder.run(kernels.halfUnpack, [words, to], Math.ceil(to.length / 1024), integers, [weight]);
  }

  chunkNorms(source: Vector, bounds: ChunkBounds, kind: NormKind, out: Words, offset: number): void {
    const { from, words } = this.#statistics(source, bounds, 1, out, offset);
    const { quantizeNormsPartial, quantizeNormsTotal } = this.#access.kernels;
    const { partials } = this.#scratch();
    const more = [KINDS.indexOf(kind)];
    this.#reduce(bounds, offset, 1, (lists, run) => {
      run('lanes', quantizeNormsPartial, [from, lists, partials], more);
      run('chunks', quantizeNormsTotal, [partials, lists, words], more);
    });
  }

  chunkRanges(source: Vector, bounds: ChunkBounds, out: Words, offset: number): void {
    const { from, words } = this.#statistics(source, bounds, 2, out, offset);
    const { quantizeRangesPartial, quantizeRangesTotal } = this.#access.kernels;
    const { partials } = this.#scratch();
    this.#reduce(bounds, offset, 2, (lists, run) => {
      run('lanes', quantizeRangesPartial, [from, lists, partials], []);
      run('chunks', quantizeRangesTotal, [partials, lists, words], []);
    });
  }

  chunkPairs(
    source: Vector,
    bounds: ChunkBounds,
    start: 'zero' | 'mean',
    iterations: number,
    out: Words,
    offset: number,
  ): void {
    const { from, words } = this.#statistics(source, bounds, 2, out, offset);
    const { quantizePairsPartial, quantizePairsTotal } = this.#access.kernels;
    const { partials, thresholds } = this.#scratch();
    const steps = iterations + (start === 'mean' ? 1 : 0);
    this.#reduce(bounds, offset, 2, (lists, run) => {
      for (let step = 0; step < steps; step++) {
        const more = [step === 0 ? 1 : 0, START[start]];
        run('lanes', quantizePairsPartial, [from, lists, thresholds, partials], more);
        run('chunks', quantizePairsTotal, [partials, lists, thresholds, words], more);
      }
    });
  }

  chunkLevels(source: Vector, bounds: ChunkBounds, levels: 3 | 5 | 9, out: Words, offset: number): void {
    const { from, words } = this.#statistics(source, bounds, levels, out, offset);
    const { kernels, recorder } = this.#access;
    const stages = Math.log2(levels - 1);
    forEachSpan(bounds, (first, chunks) => {
      const list = recorder.stage(bounds.slice(first, first + chunks + 1));
      const integers = [chunks, list, offset + first * levels, levels, stages];
      recorder.run(kernels.quantizeLevels, [from, recorder.lists, words], chunks, integers);
    });
  }

  packCodes(
    source: Vector,
    bounds: ChunkBounds,
    rule: CodeRule,
    random: Words | null,
    out: Words,
    offset: number,
  ): void {
    checkRule(rule, random, source.length);
    const { fields, bits } = codeShape(rule);
    const { from } = this.#statistics(source, bounds, fields, out, 0);
    const words = this.#access.words(out, codeWords(from.length, bits), offset);
    // Rules that draw nothing read nothing there.
    const draws = random === null ? from : this.#access.words(random);
    const { kernels, recorder } = this.#access;
    const kernel = {
      uniform: kernels.quantizePackUniform,
      'min-max': kernels.quantizePackMinMax,
      signed: kernels.quantizePackSigned,
      levels: kernels.quantizePackLevels,
      nearest: kernels.quantizePackNearest,
    }[rule.kind];
    const levels = 'levels' in rule ? rule.levels : 2;
    const count = rule.kind === 'uniform' ? levels - 1 : levels;
    forEachSpan(bounds, (first, chunks) => {
      const start = bounds[first] ?? 0;
      const end = bounds[first + chunks] ?? 0;
      const list = recorder.stage(bounds.slice(first, first + chunks + 1));
      const integers = [start, end, chunks, list, first, offset, fields, bits, count, 0];
      const workgroups = Math.ceil((Math.ceil(end / 32) - Math.floor(start / 32)) / 64);
      recorder.run(kernel, [from, recorder.lists, draws, words], workgroups, integers);
    });
  }

  packTernary(source: Vector, out: Words, offset: number): void {
    const from = this.#access.vector(source);
    const plane = Math.ceil(from.length / 32);
    const words = this.#access.words(out, 2 * plane, offset);
    const { kernels, recorder } = this.#access;
    recorder.run(kernels.ternaryPack, [from, words], Math.ceil(plane / 64), [from.length, offset, plane]);
  }

  unpackLevels(source: Words, bounds: ChunkBounds, coded: CodedWords, dest: Vector, mode: WriteMode): void {
    const to = this.#access.vector(dest);
    checkBounds(bounds, to.length);
    const { row, bits, offset, form } = coded;
    this.#access.words(source, (bounds.length - 1) * row);
    const words = this.#access.words(source, codedLength(coded, to.length), offset);
    const { kernels, recorder } = this.#access;
    const plane = form === 'planes' ? Math.ceil(to.length / 32) : 0;
    const block = blockOf(bounds);
    const inWords = block === null ? null : wordKernel(coded, mode);
    forEachSpan(bounds, (first, chunks) => {
      const start = bounds[first] ?? 0;
      const end = bounds[first + chunks] ?? 0;
      const list = recorder.stage(bounds.slice(first, first + chunks + 1));
      if (block !== null && inWords !== null) {
        const integers = [start, end, chunks, list, first, offset, row, plane, block];
        const parts = Math.ceil((end - start) / 32);
        recorder.run(kernels[inWords], [words, recorder.lists, to], Math.ceil(parts / 64), integers);
        return;
      }
      const add = mode === 'add' ? 1 : 0;
      const integers = [start, end, chunks, list, first, offset, row, bits, plane, add];
      const workgroups = Math.ceil((Math.ceil(end / 4) - Math.floor(start / 4)) / 512);
      recorder.run(kernels.quantizeUnpack, [words, recorder.lists, to], workgroups, integers);
    });
  }

  #statistics(source: Vector, bounds: ChunkBounds, fields: number, out: Words, offset: number) {
    const from = this.#access.vector(source);
    checkBounds(bounds, from.length);
    return { from, words: this.#access.words(out, (bounds.length - 1) * fields, offset) };
  }

  #scratch(): { readonly partials: DeviceArray; readonly thresholds: DeviceArray } {
    const { memory } = this.#access;
    this.#partials ??= memory.create('vector', 4 * PARTIALS);
    this.#thresholds ??= memory.create('words', CHUNKS);
    return { partials: this.#partials, thresholds: this.#thresholds };
  }

  /**
   * Calls `record` span by span with the lists to bind, and what records a dispatch of one invocation a
   * lane or a chunk. Every dispatch stages its bounds: a submit may come between any two.
   */
  #reduce(
    bounds: ChunkBounds,
    offset: number,
    fields: number,
    record: (
      lists: DeviceArray,
      run: (
        over: 'lanes' | 'chunks',
        kernel: Kernel,
        arrays: readonly DeviceArray[],
        more: readonly number[],
      ) => void,
    ) => void,
  ): void {
    const { recorder } = this.#access;
    forEachSpan(bounds, (first, chunks) => {
      const span = bounds.slice(first, first + chunks + 1);
      const lanes = chunks <= PARTIALS / 1024 ? 1024 : 64;
      record(recorder.lists, (over, kernel, arrays, more) => {
        const workgroups = over === 'lanes' ? (chunks * lanes) / 64 : Math.ceil(chunks / 64);
        const integers = [chunks, recorder.stage(span), offset + first * fields, lanes];
        recorder.run(kernel, arrays, workgroups, [...integers, ...more]);
      });
    });
  }
}
