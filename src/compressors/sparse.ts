/**
 * What compressors that send a few coordinates have in common: the options that say how many, the check of
 * indices, and the message of pairs: k indices (u32, strictly ascending), then k values (f32) in the same
 * order, 8k bytes. How the coordinates are chosen is each compressor's own business.
 */
import { numberOption, type OptionSchema, type Options } from '../base/options.ts';
import type { Compute, Vector, Words, WriteMode } from '../compute/compute.ts';
import type { Codec, DecodeResult, MessageKey } from './compressor.ts';
import { bytesOfWords, notFinite, OK, settleFloats, wordsOfBytes, wrongSize } from './wire.ts';

export const SPARSE_OPTIONS = {
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
} as const satisfies OptionSchema;

/** k, or ⌊ratio · d⌋ where k is 0; at least 1, at most d. */
export function keptCount(length: number, options: Options): number {
  const k = numberOption(options, 'k');
  const wanted = k > 0 ? k : Math.floor(numberOption(options, 'ratio') * length);
  return Math.min(length, Math.max(1, wanted));
}

/** Reads back the choice: k indices, then k values. `message` is room for it on the device. */
type Choose = (source: Vector, message: Words, key: MessageKey) => Promise<Uint32Array>;

/** The codec of a message of k pairs. */
export class PairsCodec implements Codec {
  readonly bytes: number;
  readonly #id: string;
  readonly #compute: Compute;
  readonly #length: number;
  readonly #k: number;
  readonly #choose: Choose;
  readonly #message: Words;

  constructor(id: string, compute: Compute, length: number, k: number, choose: Choose) {
    this.bytes = 8 * k;
    this.#id = id;
    this.#compute = compute;
    this.#length = length;
    this.#k = k;
    this.#choose = choose;
    this.#message = compute.words(2 * k);
  }

  async encode(source: Vector, key: MessageKey): Promise<Uint8Array> {
    return bytesOfWords(await this.#choose(source, this.#message, key));
  }

  decode(bytes: Uint8Array, dest: Vector, weight: number, mode: WriteMode): DecodeResult {
    if (bytes.length !== this.bytes) return wrongSize(this.#id, bytes.length, this.bytes);
    const words = wordsOfBytes(bytes);
    const fault = pairsFault(this.#id, words, this.#k, this.#length);
    if (fault !== null) return fault;
    this.#compute.uploadWords(this.#message, words);
    this.#compute.scatter(this.#message, this.#k, dest, weight, mode);
    return OK;
  }

  destroy(): void {
    this.#compute.free(this.#message);
  }
}

/** What is wrong with `k` indices into `length` coordinates and the values after them, or null. */
export function pairsFault(
  id: string,
  words: Uint32Array<ArrayBuffer>,
  k: number,
  length: number,
): DecodeResult | null {
  const message = indexFault(id, words, k, length);
  if (message !== null) return { ok: false, error: 'index', message };
  return settleFloats(words, k, 2 * k) >= 0 ? notFinite(id, 'value') : null;
}

function indexFault(id: string, words: Uint32Array, k: number, length: number): string | null {
  let previous = -1;
  for (let j = 0; j < k; j++) {
    const index = words[j] ?? 0;
    if (index >= length) return `A ${id} message names coordinate ${index} of a model that has ${length}.`;
    if (index <= previous)
      return `A ${id} message names coordinate ${index} after ${previous}; they must rise.`;
    previous = index;
  }
  return null;
}
