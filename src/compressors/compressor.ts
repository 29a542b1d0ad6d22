/**
 * The Compressor contract: how a vector becomes bytes and comes back.
 *
 * One wire format for both backends: decoding gives the same bits everywhere, encoding the same bits
 * given the same scales and thresholds. The sender's own view of what it sent is always its decoded
 * message. `decode` is total: any bytes give a result or a named error, and nothing is written to the
 * destination unless all of the message is valid (finite values, indices in range, exact size).
 */
import type { OptionSchema, Options } from '../base/options.ts';
import type { Compute, Vector, WriteMode } from '../compute/compute.ts';
import type { Layout } from '../models/model.ts';

/**
 * `lossless`: decode(encode(v)) = v. `contraction`: E‖C(v) - v‖² <= (1 - δ)‖v‖², δ in (0, 1].
 * `unbiased`: E C(v) = v.
 */
export type CompressorClass = 'lossless' | 'contraction' | 'unbiased' | 'neither';

export type DecodeResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: 'size' | 'not-finite' | 'index'; readonly message: string };

/**
 * What tells a message from every other of the run: the key of the random numbers of compressors that
 * draw any (stochastic rounding, random coordinates). The same key gives the same draws everywhere.
 */
export interface MessageKey {
  /** The recipe's seed. */
  readonly seed: number;
  readonly round: number;
  /** The sender's seat. */
  readonly seat: number;
  /** Which of the round's messages of this sender: its tag, and the part of a longer vector. */
  readonly tag: number;
}

/** A compressor bound to a Compute and a layout. */
export interface Codec {
  /** Size in bytes of every message of this codec (no header); the largest, if the entry is `variable`. */
  readonly bytes: number;
  /**
   * Encodes `source`, which must stay as it is until this resolves. Reads back the message, or as little more
   * as lets the host make it, never the vector. `key` matters to random compressors only.
   */
  encode(source: Vector, key: MessageKey): Promise<Uint8Array>;
  /** Checks on the host, then records dest = or += weight · decoded. */
  decode(bytes: Uint8Array, dest: Vector, weight: number, mode: WriteMode): DecodeResult;
  destroy(): void;
}

export interface CompressorEntry {
  readonly id: string;
  /** Number in a frame's header. Never reused. */
  readonly wire: number;
  readonly label: string;
  readonly description: string;
  /** The class with default options; `classOf` where it depends on them. */
  readonly class: CompressorClass;
  classOf?(options: Options): CompressorClass;
  readonly options: OptionSchema;
  /** True if messages may be shorter than `bytes`, because how much is sent depends on the values. */
  readonly variable?: true;
  /** Message size in bytes (the largest, if `variable`) for a vector of this layout, without a device. */
  bytes(layout: Layout, options: Options): number;
  create(compute: Compute, layout: Layout, options: Options): Codec;
  /** Of unbiased compressors: α² with E‖C(v) - v‖² <= α² ‖v‖² for every vector of this layout. */
  noise?(layout: Layout, options: Options): number;
}

/**
 * The factor that makes a contraction of a compressor: C / (1 + α²) of an unbiased one is one, with
 * δ = 1 / (1 + α²) (among the operators of Koloskova, Stich, Jaggi, arXiv 1902.00340); 1 for all others.
 */
export function contractionOf(entry: CompressorEntry, layout: Layout, options: Options): number {
  const unbiased = (entry.classOf?.(options) ?? entry.class) === 'unbiased';
  return unbiased ? 1 / (1 + (entry.noise?.(layout, options) ?? 0)) : 1;
}
