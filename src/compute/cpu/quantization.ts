/**
 * Quantization on the TypeScript backend: handles and shapes are checked here; the arithmetic is in
 * `halves.ts`, `quantize-statistics.ts` and `quantize-codes.ts`.
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
import * as halves from './halves.ts';
import * as codes from './quantize-codes.ts';
import * as statistics from './quantize-statistics.ts';

export class CpuQuantization implements Quantization {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  packHalves(source: Vector, out: Words): void {
    halves.packHalves(this.#singles(source), this.#access.words(out, Math.ceil(source.length / 2)));
  }

  unpackHalves(source: Words, dest: Vector, weight: number, mode: WriteMode): void {
    const words = this.#access.words(source, Math.ceil(dest.length / 2));
    halves.unpackHalves(words, this.#access.vector(dest), weight, mode);
  }

  chunkNorms(source: Vector, bounds: ChunkBounds, kind: NormKind, out: Words, offset: number): void {
    const words = this.#statistics(bounds, 1, out, offset);
    statistics.chunkNorms(this.#chunked(source, bounds), bounds, kind, words, offset);
  }

  chunkRanges(source: Vector, bounds: ChunkBounds, out: Words, offset: number): void {
    const words = this.#statistics(bounds, 2, out, offset);
    statistics.chunkRanges(this.#chunked(source, bounds), bounds, words, offset);
  }

  chunkPairs(
    source: Vector,
    bounds: ChunkBounds,
    start: 'zero' | 'mean',
    iterations: number,
    out: Words,
    offset: number,
  ): void {
    const words = this.#statistics(bounds, 2, out, offset);
    statistics.chunkPairs(this.#chunked(source, bounds), bounds, start, iterations, words, offset);
  }

  chunkLevels(source: Vector, bounds: ChunkBounds, levels: 3 | 5 | 9, out: Words, offset: number): void {
    const words = this.#statistics(bounds, levels, out, offset);
    statistics.chunkLevels(this.#chunked(source, bounds), bounds, levels, words, offset);
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
    this.#statistics(bounds, fields, out, 0);
    const words = this.#access.words(out, codeWords(source.length, bits), offset);
    const draws = random === null ? null : this.#access.words(random);
    codes.packCodes(this.#chunked(source, bounds), bounds, rule, draws, words, offset);
  }

  packTernary(source: Vector, out: Words, offset: number): void {
    const words = this.#access.words(out, 2 * Math.ceil(source.length / 32), offset);
    codes.packTernary(this.#singles(source), words, offset);
  }

  unpackLevels(source: Words, bounds: ChunkBounds, coded: CodedWords, dest: Vector, mode: WriteMode): void {
    checkBounds(bounds, dest.length);
    this.#access.words(source, (bounds.length - 1) * coded.row);
    const words = this.#access.words(source, codedLength(coded, dest.length), coded.offset);
    codes.unpackLevels(words, bounds, coded, this.#access.vector(dest), mode);
  }

  /** The vector in single precision: itself, but for a Compute in double precision. */
  #singles(source: Vector): Float32Array<ArrayBuffer> {
    const numbers = this.#access.vector(source);
    return numbers instanceof Float32Array ? numbers : new Float32Array(numbers);
  }

  #chunked(source: Vector, bounds: ChunkBounds): Float32Array<ArrayBuffer> {
    checkBounds(bounds, source.length);
    return this.#singles(source);
  }

  #statistics(bounds: ChunkBounds, fields: number, out: Words, offset: number): Uint32Array<ArrayBuffer> {
    return this.#access.words(out, (bounds.length - 1) * fields, offset);
  }
}
