/**
 * `none`: the vector as it is, d little-endian f32 values in 4d bytes.
 *
 * The yardstick every other compressor is measured against, and the format in which a newcomer receives
 * parameters. Exact for all but subnormal values, which a decoder reads as zero (see `wire.ts`).
 */
import type { Compute, Vector, WriteMode } from '../compute/compute.ts';
import type { Codec, CompressorEntry, DecodeResult } from './compressor.ts';
import { bytesOfWords, floatsOfWords, notFinite, OK, settleFloats, wordsOfBytes, wrongSize } from './wire.ts';

const ID = 'none';

export const none: CompressorEntry = {
  id: ID,
  wire: 1,
  label: 'no compression',
  description: 'Every number as a 32-bit float.',
  class: 'lossless',
  options: {},
  bytes: (layout) => 4 * layout.length,
  create: (compute, layout) => new NoneCodec(compute, layout.length),
};

class NoneCodec implements Codec {
  readonly bytes: number;
  readonly #compute: Compute;
  readonly #decoded: Vector;

  constructor(compute: Compute, length: number) {
    this.bytes = 4 * length;
    this.#compute = compute;
    this.#decoded = compute.vector(length);
  }

  async encode(source: Vector): Promise<Uint8Array> {
    const values = await this.#compute.read(source);
    return bytesOfWords(new Uint32Array(values.buffer, values.byteOffset, values.length));
  }

  decode(bytes: Uint8Array, dest: Vector, weight: number, mode: WriteMode): DecodeResult {
    if (bytes.length !== this.bytes) return wrongSize(ID, bytes.length, this.bytes);
    const words = wordsOfBytes(bytes);
    if (settleFloats(words, 0, words.length) >= 0) return notFinite(ID, 'value');
    const values = floatsOfWords(words);
    if (mode === 'set' && weight === 1) {
      this.#compute.upload(dest, values);
      return OK;
    }
    this.#compute.upload(this.#decoded, values);
    const term = [weight, this.#decoded] as const;
    this.#compute.linear(dest, mode === 'set' ? [term] : [[1, dest], term]);
    return OK;
  }

  destroy(): void {
    this.#compute.free(this.#decoded);
  }
}
