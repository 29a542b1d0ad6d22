/**
 * `one-bit`: the sign of every coordinate, and one scale a chunk: the mean magnitude of its entries.
 *
 * The scaled sign of Karimireddy et al., "Error feedback fixes SignSGD", 2019 (arXiv 1901.09847): chunk
 * v_c of d_c coordinates becomes (‖v_c‖1 / d_c) · sign(v_c), a contraction with
 * δ_c = ‖v_c‖1² / (d_c ‖v_c‖2²), between 1/d_c and 1; about 2/π for normal data. Differences from the
 * paper: a bit cannot carry 0, so sign(0) = +1 (and -0 too); chunks are blocks of coordinates by default,
 * because one large entry spoils the scale of all that share it; padding never enters a scale.
 *
 * Message of m chunks: m f32 scales, then ⌈d/32⌉ words of bits, coordinate k being bit k & 31 of word
 * k >> 5, set where v_k >= 0. Padding bits are sent as 0 and ignored. A NaN or infinity in a chunk makes
 * its scale non-finite, so receivers refuse the message.
 */
import { choiceOption, numberOption, type Options } from '../base/options.ts';
import type { ChunkBounds, Compute, Vector, Words, WriteMode } from '../compute/compute.ts';
import type { Layout } from '../models/model.ts';
import type { Codec, CompressorEntry, DecodeResult } from './compressor.ts';
import { bytesOfWords, notFinite, OK, settleFloats, wordsOfBytes, wrongSize } from './wire.ts';

const ID = 'one-bit';

export const oneBit: CompressorEntry = {
  id: ID,
  wire: 2,
  label: '1 bit',
  description: 'The sign of every number, and one scale for each block or tensor.',
  class: 'contraction',
  options: {
    scale: {
      kind: 'choice',
      label: 'scale',
      help: 'What a sign is multiplied by: l1 is the mean magnitude of its chunk.',
      default: 'l1',
      choices: ['l1'],
    },
    granularity: {
      kind: 'choice',
      label: 'one scale for each',
      help: 'A block of consecutive coordinates, or a tensor (one weight matrix or bias) of the model.',
      default: 'block',
      choices: ['block', 'tensor'],
    },
    blockSize: {
      kind: 'number',
      label: 'block size',
      help: 'Coordinates that share a scale, where scales are kept by block; smaller is more exact and costs 4 bytes a block.',
      default: 4096,
      min: 32,
      max: 65536,
      integer: true,
    },
  },
  bytes: (layout, options) => messageWords(layout.length, chunkBounds(layout, options)) * 4,
  create: (compute, layout, options) => new OneBitCodec(compute, layout.length, chunkBounds(layout, options)),
};

/** Where each chunk starts, and d at the end. Tensors lie back to back, so their offsets are the bounds. */
function chunkBounds(layout: Layout, options: Options): ChunkBounds {
  const bounds: number[] = [];
  if (choiceOption(options, 'granularity') === 'tensor') {
    for (const tensor of layout.tensors) if (tensor.length > 0) bounds.push(tensor.offset);
  } else {
    const size = numberOption(options, 'blockSize');
    for (let start = 0; start < layout.length; start += size) bounds.push(start);
  }
  return [...bounds, layout.length];
}

function messageWords(length: number, bounds: ChunkBounds): number {
  return bounds.length - 1 + Math.ceil(length / 32);
}

class OneBitCodec implements Codec {
  readonly bytes: number;
  readonly #compute: Compute;
  readonly #bounds: ChunkBounds;
  readonly #chunks: number;
  readonly #message: Words;

  constructor(compute: Compute, length: number, bounds: ChunkBounds) {
    const words = messageWords(length, bounds);
    this.bytes = 4 * words;
    this.#compute = compute;
    this.#bounds = bounds;
    this.#chunks = bounds.length - 1;
    this.#message = compute.words(words);
  }

  async encode(source: Vector): Promise<Uint8Array> {
    this.#compute.chunkMeans(source, this.#bounds, this.#message, 0);
    this.#compute.signPack(source, this.#message, this.#chunks);
    return bytesOfWords(await this.#compute.readWords(this.#message));
  }

  decode(bytes: Uint8Array, dest: Vector, weight: number, mode: WriteMode): DecodeResult {
    if (bytes.length !== this.bytes) return wrongSize(ID, bytes.length, this.bytes);
    const words = wordsOfBytes(bytes);
    if (settleFloats(words, 0, this.#chunks) >= 0) return notFinite(ID, 'scale');
    this.#compute.uploadWords(this.#message, words);
    this.#compute.signUnpack(this.#message, this.#bounds, this.#chunks, dest, weight, mode);
    return OK;
  }

  destroy(): void {
    this.#compute.free(this.#message);
  }
}
