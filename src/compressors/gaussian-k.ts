/**
 * `gaussian-k`: the coordinates above a threshold that would keep k of them if they were normal.
 *
 * Shi et al., "Understanding top-k sparsification in distributed deep learning", 2019 (arXiv 1911.08772):
 * mean and standard deviation give the threshold through the normal distribution, T = |μ| + zσ with
 * P(|Z| > z) = k/d; it is halved or raised by half, up to three times, until two to four thirds of k reach
 * it, and the first k that do are sent. Differences: |μ| in place of μ, so that C(-v) = -C(v); and where the
 * corrections end with nothing, the last threshold that something reached counts. Hence a contraction: all
 * that is sent has at least an eighth of the first threshold, and if it is less than k numbers, the largest
 * is among them.
 *
 * Message of n <= k numbers: n (u32), n indices (u32, strictly ascending), n values (f32) in the same
 * order: 4 + 8n bytes.
 */
import type { Compute, Vector, Words, WriteMode } from '../compute/compute.ts';
import { normalTail } from '../math/normal-quantile.ts';
import type { Codec, CompressorEntry, DecodeResult } from './compressor.ts';
import { keptCount, pairsFault, SPARSE_OPTIONS } from './sparse.ts';
import { bytesOfWords, OK, wordsOfBytes } from './wire.ts';

const ID = 'gaussian-k';

export const gaussianK: CompressorEntry = {
  id: ID,
  wire: 14,
  label: 'Gaussian-k',
  description: 'The numbers above a threshold guessed from mean and spread, with their places.',
  class: 'contraction',
  options: SPARSE_OPTIONS,
  variable: true,
  bytes: (layout, options) => 4 + 8 * keptCount(layout.length, options),
  create: (compute, layout, options) =>
    new GaussianKCodec(compute, layout.length, keptCount(layout.length, options)),
};

class GaussianKCodec implements Codec {
  readonly bytes: number;
  readonly #compute: Compute;
  readonly #length: number;
  readonly #k: number;
  readonly #z: number;
  readonly #message: Words;

  constructor(compute: Compute, length: number, k: number) {
    this.bytes = 4 + 8 * k;
    this.#compute = compute;
    this.#length = length;
    this.#k = k;
    this.#z = normalTail(k / length);
    this.#message = compute.words(1 + 2 * k);
  }

  async encode(source: Vector): Promise<Uint8Array> {
    this.#compute.sparsification.thresholdTopK(source, this.#k, this.#z, this.#message);
    const words = await this.#compute.readWords(this.#message);
    return bytesOfWords(words.subarray(0, 1 + 2 * (words[0] ?? 0)));
  }

  decode(bytes: Uint8Array, dest: Vector, weight: number, mode: WriteMode): DecodeResult {
    const fault = this.#sizeFault(bytes.length);
    if (fault !== null) return { ok: false, error: 'size', message: fault };
    const words = wordsOfBytes(bytes);
    const pairs = words.slice(1);
    const count = pairs.length / 2;
    if (words[0] !== count) {
      const message = `A ${ID} message of ${words[0]} numbers has ${4 + 8 * (words[0] ?? 0)} bytes; this one has ${bytes.length}.`;
      return { ok: false, error: 'size', message };
    }
    const wrong = pairsFault(ID, pairs, count, this.#length);
    if (wrong !== null) return wrong;
    this.#compute.uploadWords(this.#message, pairs);
    this.#compute.scatter(this.#message, count, dest, weight, mode);
    return OK;
  }

  destroy(): void {
    this.#compute.free(this.#message);
  }

  #sizeFault(bytes: number): string | null {
    if (bytes > this.bytes) {
      return `A ${ID} message of this model has at most ${this.bytes} bytes; this one has ${bytes}.`;
    }
    if (bytes % 8 !== 4) return `A ${ID} message of n numbers has 4 + 8n bytes; this one has ${bytes}.`;
    return null;
  }
}
