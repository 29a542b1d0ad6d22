/**
 * `one-bit`: the sign of every coordinate, and one scale a chunk, or none at all.
 *
 * Scale `l1` is the scaled sign of Karimireddy et al., "Error feedback fixes SignSGD", 2019 (arXiv
 * 1901.09847): chunk v_c of d_c coordinates becomes (‖v_c‖1 / d_c) · sign(v_c), a contraction with
 * δ_c = ‖v_c‖1² / (d_c ‖v_c‖2²), between 1/d_c and 1; about 2/π for normal data. Scale `l2`, ‖v_c‖2 / √d_c, is
 * that of DoubleSqueeze (Tang et al. 2019, arXiv 1905.05957) and 1-bit Adam: it keeps the norm, but its
 * error 2 (1 - ‖v_c‖1 / (√d_c ‖v_c‖2)) ‖v_c‖2² may exceed the norm's square. Scale `none` sends signs
 * alone, ±1, for majority votes. Differences from the papers: a bit cannot carry 0, so sign(0) = +1 (and
 * -0 too); chunks are blocks of coordinates by default, because one large entry spoils the scale of all
 * that share it; padding never enters a scale.
 *
 * Message of m chunks: m f32 scales (without `none`), then ⌈d/32⌉ words of bits, coordinate k being bit
 * k & 31 of word k >> 5, set where v_k >= 0. Padding bits are sent as 0 and ignored. A NaN or infinity in a
 * chunk makes its scale non-finite, so receivers refuse the message; a message of signs alone cannot
 * show one, and a NaN is sent as -1.
 */
import { choiceOption, type Options } from '../base/options.ts';
import type { ChunkBounds, Compute, Vector, Words, WriteMode } from '../compute/compute.ts';
import type { Layout } from '../models/model.ts';
import { chunkBounds, chunkOptions } from './chunks.ts';
import type { Codec, CompressorEntry, DecodeResult } from './compressor.ts';
import { bytesOfWords, floatsOfWords, notFinite, OK, settleFloats, wordsOfBytes, wrongSize } from './wire.ts';

const ID = 'one-bit';

type Scale = 'l1' | 'l2' | 'none';
const SCALES: readonly Scale[] = ['l1', 'l2', 'none'];
const scaleOf = (options: Options): Scale =>
  SCALES.find((scale) => scale === choiceOption(options, 'scale')) ?? 'l1';

export const oneBit: CompressorEntry = {
  id: ID,
  wire: 2,
  label: '1 bit',
  description: 'The sign of every number, and one scale for each block or tensor.',
  class: 'contraction',
  classOf: (options) => (scaleOf(options) === 'l1' ? 'contraction' : 'neither'),
  options: {
    scale: {
      kind: 'choice',
      label: 'scale',
      help: 'What a sign is multiplied by: l1 is the mean magnitude of its chunk, l2 the root of its mean square, none sends ±1.',
      default: 'l1',
      choices: SCALES,
    },
    ...chunkOptions(32),
  },
  bytes: (layout, options) => 4 * (scaleCount(layout, options) + Math.ceil(layout.length / 32)),
  create: (compute, layout, options) =>
    new OneBitCodec(compute, layout.length, boundsOf(layout, options), scaleOf(options)),
};

/** Without scales all coordinates are of one chunk. */
function boundsOf(layout: Layout, options: Options): ChunkBounds {
  return scaleOf(options) === 'none' ? [0, layout.length] : chunkBounds(layout, options);
}

function scaleCount(layout: Layout, options: Options): number {
  return scaleOf(options) === 'none' ? 0 : chunkBounds(layout, options).length - 1;
}

class OneBitCodec implements Codec {
  readonly bytes: number;
  readonly #compute: Compute;
  readonly #bounds: ChunkBounds;
  readonly #scale: Scale;
  /** Scales in a message. */
  readonly #scales: number;
  /** A message; or, where it has no scale, the scale 1 and a message. */
  readonly #words: Words;

  constructor(compute: Compute, length: number, bounds: ChunkBounds, scale: Scale) {
    const chunks = bounds.length - 1;
    const bits = Math.ceil(length / 32);
    this.#compute = compute;
    this.#bounds = bounds;
    this.#scale = scale;
    this.#scales = scale === 'none' ? 0 : chunks;
    this.bytes = 4 * (this.#scales + bits);
    this.#words = compute.words(chunks + bits);
  }

  async encode(source: Vector): Promise<Uint8Array> {
    const compute = this.#compute;
    if (this.#scale === 'l1') {
      compute.signPackMeans(source, this.#bounds, this.#words);
    } else {
      if (this.#scale === 'l2') compute.quantization.chunkNorms(source, this.#bounds, 'rms', this.#words, 0);
      compute.signPack(source, this.#words, this.#scales);
    }
    return bytesOfWords(await compute.readWords(this.#words, this.bytes / 4));
  }

  decode(bytes: Uint8Array, dest: Vector, weight: number, mode: WriteMode): DecodeResult {
    if (bytes.length !== this.bytes) return wrongSize(ID, bytes.length, this.bytes);
    const words = wordsOfBytes(bytes);
    if (settleFloats(words, 0, this.#scales) >= 0) return notFinite(ID, 'scale');
    const chunks = this.#bounds.length - 1;
    if (this.#scale === 'none') this.#compute.uploadWords(this.#words, ones(chunks));
    this.#compute.uploadWords(this.#words, words, chunks - this.#scales);
    this.#compute.signUnpack(this.#words, this.#bounds, chunks, dest, weight, mode);
    return OK;
  }

  destroy(): void {
    this.#compute.free(this.#words);
  }
}

function ones(count: number): Uint32Array {
  const words = new Uint32Array(count);
  floatsOfWords(words).fill(1);
  return words;
}
