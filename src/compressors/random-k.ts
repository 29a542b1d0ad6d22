/**
 * `random-k`: k coordinates drawn at random, each set of k equally likely; all others count as zero.
 *
 * Stich, Cordonnier and Jaggi, "Sparsified SGD with memory", 2018 (arXiv 1809.07599). As it is, a
 * contraction with δ = k/d; with `rescale`, values times d/k, and unbiased with α² = d/k - 1. The draw is
 * seeded by the message's key, and only its 32-bit seed is sent: the receiver draws the same coordinates.
 * A NaN that is not drawn is not sent, so a diverged vector may take a few messages to be noticed.
 *
 * Message: the draw's seed (u32), then k values (f32) by rising coordinate: 4k + 4 bytes.
 */
import { booleanOption, type Options } from '../base/options.ts';
import type { Compute, Vector, Words, WriteMode } from '../compute/compute.ts';
import type { Codec, CompressorEntry, DecodeResult, MessageKey } from './compressor.ts';
import { drawIndices, drawSeed } from './random-indices.ts';
import { keptCount, SPARSE_OPTIONS } from './sparse.ts';
import { bytesOfWords, notFinite, OK, settleFloats, wordsOfBytes, wrongSize } from './wire.ts';

const ID = 'random-k';

export const randomK: CompressorEntry = {
  id: ID,
  wire: 12,
  label: 'random-k',
  description: 'Numbers drawn at random; the receiver knows their places from the seed.',
  class: 'contraction',
  classOf: (options) => (booleanOption(options, 'rescale') ? 'unbiased' : 'contraction'),
  options: {
    ...SPARSE_OPTIONS,
    rescale: {
      kind: 'boolean',
      label: 'rescale',
      help: 'Multiplies what is sent by d/k, so that it is right on average (unbiased) but varies more.',
      default: false,
    },
  },
  bytes: (layout, options) => 4 + 4 * keptCount(layout.length, options),
  noise: ({ length }, options) => length / keptCount(length, options) - 1,
  create: (compute, layout, options) => new RandomKCodec(compute, layout.length, options),
};

class RandomKCodec implements Codec {
  readonly bytes: number;
  readonly #compute: Compute;
  readonly #length: number;
  readonly #k: number;
  readonly #factor: number;
  readonly #places: Words;
  readonly #values: Words;
  /** Indices, then values. */
  readonly #pairs: Words;
  /** The sender decodes its own message: the last draw is often wanted again. */
  #drawn: { readonly seed: number; readonly indices: Uint32Array } | null = null;

  constructor(compute: Compute, length: number, options: Options) {
    const k = keptCount(length, options);
    this.bytes = 4 + 4 * k;
    this.#compute = compute;
    this.#length = length;
    this.#k = k;
    this.#factor = booleanOption(options, 'rescale') ? length / k : 1;
    this.#places = compute.words(k);
    this.#values = compute.words(k);
    this.#pairs = compute.words(2 * k);
  }

  async encode(source: Vector, key: MessageKey): Promise<Uint8Array> {
    const k = this.#k;
    const seed = drawSeed(key);
    this.#compute.uploadWords(this.#places, this.#indices(seed));
    this.#compute.sparsification.gather(source, this.#places, k, this.#factor, this.#values);
    const words = new Uint32Array(1 + k);
    words[0] = seed;
    words.set(await this.#compute.readWords(this.#values), 1);
    return bytesOfWords(words);
  }

  decode(bytes: Uint8Array, dest: Vector, weight: number, mode: WriteMode): DecodeResult {
    if (bytes.length !== this.bytes) return wrongSize(ID, bytes.length, this.bytes);
    const k = this.#k;
    const words = wordsOfBytes(bytes);
    if (settleFloats(words, 1, 1 + k) >= 0) return notFinite(ID, 'value');
    const pairs = new Uint32Array(2 * k);
    pairs.set(this.#indices(words[0] ?? 0));
    pairs.set(words.subarray(1), k);
    this.#compute.uploadWords(this.#pairs, pairs);
    this.#compute.scatter(this.#pairs, k, dest, weight, mode);
    return OK;
  }

  destroy(): void {
    this.#compute.free(this.#places, this.#values, this.#pairs);
  }

  #indices(seed: number): Uint32Array {
    if (this.#drawn?.seed !== seed) {
      this.#drawn = { seed, indices: drawIndices(seed, this.#length, this.#k) };
    }
    return this.#drawn.indices;
  }
}
