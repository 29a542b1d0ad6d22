/**
 * The codec of all compressors whose messages are a few statistics a chunk and a code a coordinate.
 *
 * Message: the statistics of all chunks (f32), then the codes. Each format says how its statistics are
 * taken and what levels they mean; the levels, times the weight, are worked out here on the host, in
 * double precision and rounded once, and the device looks them up: hence the same bits everywhere.
 */
import type { ChunkBounds, Compute, Vector, Words, WriteMode } from '../compute/compute.ts';
import { codedLength } from '../compute/quantization.ts';
import type { Codec, DecodeResult, MessageKey } from './compressor.ts';
import { drawsOf } from './draws.ts';
import { codeFault } from './packing.ts';
import { bytesOfWords, floatsOfWords, notFinite, OK, settleFloats, wordsOfBytes, wrongSize } from './wire.ts';

export interface LevelFormat {
  readonly id: string;
  /** Statistics a chunk, and what to call one that is no number. */
  readonly fields: number;
  readonly statistic: string;
  readonly bits: number;
  readonly form: 'stream' | 'planes';
  /** Levels that a code may name; codes from here on are refused unless `valid` says otherwise. */
  readonly levels: number;
  /** Whether a code has a meaning; by default where it is below `levels`. */
  valid?(code: number): boolean;
  /** True if encoding draws a random word for every coordinate. */
  readonly draws: boolean;
  /** Records the statistics of all chunks to `message`, and the codes from word `offset` on. */
  encode(task: EncodeTask): void;
  /** Writes the level of every code of a chunk with these statistics; false if they are not finite. */
  decode(statistics: Float32Array, levels: Float64Array): boolean;
}

export interface EncodeTask {
  readonly compute: Compute;
  readonly source: Vector;
  readonly bounds: ChunkBounds;
  readonly message: Words;
  readonly offset: number;
  readonly random: Words | null;
}

/** Words of a message of `length` coordinates in these chunks. */
export function messageWords(
  { fields, bits, form }: Pick<LevelFormat, 'fields' | 'bits' | 'form'>,
  length: number,
  bounds: ChunkBounds,
): number {
  const offset = fields * (bounds.length - 1);
  return offset + codedLength({ row: 0, bits, offset, form }, length);
}

/** The smallest normal number: decoders read what is smaller as 0, for a device may flush it. */
const SMALLEST = 2 ** -126;

export class LevelCodec implements Codec {
  readonly bytes: number;
  readonly #format: LevelFormat;
  readonly #compute: Compute;
  readonly #bounds: ChunkBounds;
  readonly #length: number;
  /** Words of statistics, and of codes. */
  readonly #head: number;
  readonly #codes: number;
  /** A message on its way out, or a table of levels and codes on their way in. */
  readonly #words: Words;
  readonly #random: Words | null;
  /** Levels a chunk in the table: one for every pattern of bits, so that none points beyond. */
  readonly #row: number;

  constructor(format: LevelFormat, compute: Compute, length: number, bounds: ChunkBounds) {
    const chunks = bounds.length - 1;
    this.#format = format;
    this.#compute = compute;
    this.#bounds = bounds;
    this.#length = length;
    this.#head = format.fields * chunks;
    this.#codes = messageWords(format, length, bounds) - this.#head;
    this.#row = 2 ** format.bits;
    this.bytes = 4 * (this.#head + this.#codes);
    this.#words = compute.words(Math.max(this.#head, this.#row * chunks) + this.#codes);
    this.#random = format.draws ? compute.words(length) : null;
  }

  async encode(source: Vector, key: MessageKey): Promise<Uint8Array> {
    const compute = this.#compute;
    if (this.#random !== null) compute.randomWords.fill(this.#random, drawsOf(key));
    this.#format.encode({
      compute,
      source,
      bounds: this.#bounds,
      message: this.#words,
      offset: this.#head,
      random: this.#random,
    });
    return bytesOfWords(await compute.readWords(this.#words, this.#head + this.#codes));
  }

  decode(bytes: Uint8Array, dest: Vector, weight: number, mode: WriteMode): DecodeResult {
    const format = this.#format;
    if (bytes.length !== this.bytes) return wrongSize(format.id, bytes.length, this.bytes);
    const words = wordsOfBytes(bytes);
    if (settleFloats(words, 0, this.#head) >= 0) return notFinite(format.id, format.statistic);
    const fault = codeFault(words, this.#head, this.#length, format);
    if (fault !== null) return { ok: false, error: 'index', message: fault };
    const table = this.#table(words, Math.fround(weight));
    if (table === null) return notFinite(format.id, format.statistic);
    const offset = table.length - this.#codes;
    table.set(words.subarray(this.#head), offset);
    this.#compute.uploadWords(this.#words, table);
    const coded = { row: this.#row, bits: format.bits, offset, form: format.form };
    this.#compute.quantization.unpackLevels(this.#words, this.#bounds, coded, dest, mode);
    return OK;
  }

  /** The levels of all chunks times the weight, with room for the codes; null if one is not finite. */
  #table(words: Uint32Array<ArrayBuffer>, weight: number): Uint32Array<ArrayBuffer> | null {
    const { fields, decode } = this.#format;
    const chunks = this.#bounds.length - 1;
    const statistics = floatsOfWords(words);
    const table = new Uint32Array(chunks * this.#row + this.#codes);
    const out = floatsOfWords(table);
    const levels = new Float64Array(this.#row);
    for (let c = 0; c < chunks; c++) {
      if (!decode(statistics.subarray(c * fields, (c + 1) * fields), levels)) return null;
      for (let j = 0; j < this.#row; j++) {
        const level = settled(Math.fround(levels[j] ?? 0));
        out[c * this.#row + j] = settled(Math.fround(weight * level));
      }
    }
    return table;
  }

  destroy(): void {
    this.#compute.free(this.#words);
    if (this.#random !== null) this.#compute.free(this.#random);
  }
}

function settled(value: number): number {
  return Math.abs(value) < SMALLEST ? 0 : value;
}
