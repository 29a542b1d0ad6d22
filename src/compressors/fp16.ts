/**
 * `fp16`: every number as a half-precision float (IEEE 754 binary16), 16 bits.
 *
 * Rounded to the nearest half, ties to even, in integer arithmetic on every device. Between 2^-14 and 65504
 * in magnitude the error is at most 2^-11 of the number; larger numbers are sent as ±65504, smaller ones
 * to the nearest multiple of 2^-24, below 2^-25 as 0. A vector of such small numbers is lost as a whole,
 * which is why this is no contraction in the strict sense. Exact when applied again.
 *
 * Message: ⌈d/2⌉ words of two halves, the even coordinate in the low one; a missing last half is sent as 0
 * and ignored. NaN and infinities stay what they are, and receivers refuse them.
 */
import type { Compute, Vector, Words, WriteMode } from '../compute/compute.ts';
import type { Codec, CompressorEntry, DecodeResult } from './compressor.ts';
import { bytesOfWords, notFinite, OK, wordsOfBytes, wrongSize } from './wire.ts';

const ID = 'fp16';

export const fp16: CompressorEntry = {
  id: ID,
  wire: 4,
  label: '16 bits',
  description: 'Every number as a 16-bit float: half the bytes, about three decimal digits.',
  class: 'neither',
  options: {},
  bytes: ({ length }) => 4 * Math.ceil(length / 2),
  create: (compute, layout) => new HalfCodec(compute, layout.length),
};

class HalfCodec implements Codec {
  readonly bytes: number;
  readonly #compute: Compute;
  readonly #length: number;
  readonly #message: Words;

  constructor(compute: Compute, length: number) {
    const words = Math.ceil(length / 2);
    this.bytes = 4 * words;
    this.#compute = compute;
    this.#length = length;
    this.#message = compute.words(words);
  }

  async encode(source: Vector): Promise<Uint8Array> {
    this.#compute.quantization.packHalves(source, this.#message);
    return bytesOfWords(await this.#compute.readWords(this.#message));
  }

  decode(bytes: Uint8Array, dest: Vector, weight: number, mode: WriteMode): DecodeResult {
    if (bytes.length !== this.bytes) return wrongSize(ID, bytes.length, this.bytes);
    const words = wordsOfBytes(bytes);
    if (!areFinite(words, this.#length)) return notFinite(ID, 'value');
    this.#compute.uploadWords(this.#message, words);
    this.#compute.quantization.unpackHalves(this.#message, dest, weight, mode);
    return OK;
  }

  destroy(): void {
    this.#compute.free(this.#message);
  }
}

/** Whether the first `length` halves are numbers: an exponent of all ones is an infinity or NaN. */
function areFinite(words: Uint32Array, length: number): boolean {
  for (let k = 0; k < length; k += 2) {
    const word = words[k >>> 1] ?? 0;
    if ((word & 0x7c00) === 0x7c00) return false;
    if (k + 1 < length && (word & 0x7c000000) === 0x7c000000) return false;
  }
  return true;
}
