/**
 * `top-k`: the k coordinates of largest magnitude, exactly; all others count as zero.
 *
 * Stich, Cordonnier and Jaggi, "Sparsified SGD with memory", 2018 (arXiv 1809.07599). A contraction with
 * δ >= k/d. Ties go to the lower index, so that every device picks the same set; NaN counts as the largest
 * magnitude, so that a diverged vector is refused by its receivers instead of passing for a finite one.
 *
 * Message: k indices (u32, strictly ascending), then k values (f32) in the same order: 8k bytes. Indices
 * are sent whole; ⌈log2 d⌉ bits each would do, at the price of a bit unpacker in every kernel.
 */
import { numberOption, type Options } from '../base/options.ts';
import type { Compute, Vector, Words, WriteMode } from '../compute/compute.ts';
import type { Codec, CompressorEntry, DecodeResult } from './compressor.ts';
import { bytesOfWords, notFinite, OK, settleFloats, wordsOfBytes, wrongSize } from './wire.ts';

const ID = 'top-k';

export const topK: CompressorEntry = {
  id: ID,
  wire: 3,
  label: 'top-k',
  description: 'Only the numbers of largest magnitude, with their places.',
  class: 'contraction',
  options: {
    ratio: {
      kind: 'number',
      label: 'share kept',
      help: 'Share of all coordinates that is sent; 0.01 is one in a hundred, and at least one is.',
      default: 0.01,
      min: 0.000001,
      max: 1,
    },
    k: {
      kind: 'number',
      label: 'number kept',
      help: 'How many coordinates are sent, whatever the size of the model; 0 leaves it to the share.',
      default: 0,
      min: 0,
      max: 16_777_216,
      integer: true,
    },
  },
  bytes: (layout, options) => 8 * count(layout.length, options),
  create: (compute, layout, options) => new TopKCodec(compute, layout.length, count(layout.length, options)),
};

/** k, or ⌊ratio · d⌋ where k is 0; at least 1, at most d. */
function count(length: number, options: Options): number {
  const k = numberOption(options, 'k');
  const wanted = k > 0 ? k : Math.floor(numberOption(options, 'ratio') * length);
  return Math.min(length, Math.max(1, wanted));
}

class TopKCodec implements Codec {
  readonly bytes: number;
  readonly #compute: Compute;
  readonly #length: number;
  readonly #k: number;
  readonly #message: Words;

  constructor(compute: Compute, length: number, k: number) {
    this.bytes = 8 * k;
    this.#compute = compute;
    this.#length = length;
    this.#k = k;
    this.#message = compute.words(2 * k);
  }

  async encode(source: Vector): Promise<Uint8Array> {
    this.#compute.topK(source, this.#k, this.#message);
    return bytesOfWords(await this.#compute.readWords(this.#message));
  }

  decode(bytes: Uint8Array, dest: Vector, weight: number, mode: WriteMode): DecodeResult {
    if (bytes.length !== this.bytes) return wrongSize(ID, bytes.length, this.bytes);
    const words = wordsOfBytes(bytes);
    const fault = indexFault(words, this.#k, this.#length);
    if (fault !== null) return { ok: false, error: 'index', message: fault };
    if (settleFloats(words, this.#k, 2 * this.#k) >= 0) return notFinite(ID, 'value');
    this.#compute.uploadWords(this.#message, words);
    this.#compute.scatter(this.#message, this.#k, dest, weight, mode);
    return OK;
  }

  destroy(): void {
    this.#compute.free(this.#message);
  }
}

/** What is wrong with the first k words as indices into d coordinates, or null. */
function indexFault(words: Uint32Array, k: number, length: number): string | null {
  let previous = -1;
  for (let j = 0; j < k; j++) {
    const index = words[j] ?? 0;
    if (index >= length) return `A ${ID} message names coordinate ${index} of a model that has ${length}.`;
    if (index <= previous)
      return `A ${ID} message names coordinate ${index} after ${previous}; they must rise.`;
    previous = index;
  }
  return null;
}
