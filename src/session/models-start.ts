/**
 * Parameters that an epoch starts from instead of the seed's: those of a file that somebody loaded. The
 * view names them by their hash (room/view.ts); who does not have them asks the members, one after the
 * other, and takes no answer whose hash is another. Everybody starts from the same bits, or not at all.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Clock } from '../base/clock.ts';
import type { SeatHolder, View } from '../room/view.ts';
import { bytesOfFloats } from './floats.ts';
import type { Sponsorship } from './sponsor.ts';

/** Models kept: the one of this epoch and the one before, which a view on its way may still name. */
const KEPT = 2;
/** How often all members are asked, and the time between, in ms. */
const ATTEMPTS = 4;
const PAUSE_MS = 500;

export function parametersHash(parameters: Float32Array): string {
  return bytesToHex(sha256(bytesOfFloats(parameters)));
}

export class Starts {
  readonly #held = new Map<string, Float32Array>();

  /** Keeps parameters; gives the hash by which they are asked for. */
  hold(parameters: Float32Array): string {
    const hash = parametersHash(parameters);
    this.#held.delete(hash);
    this.#held.set(hash, parameters);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= KEPT) break;
      this.#held.delete(oldest);
    }
    return hash;
  }

  of(hash: string): Float32Array | null {
    return this.#held.get(hash) ?? null;
  }

  /**
   * The parameters that this view's epoch starts from.
   * @throws the signal's reason when it aborts; an Error if no member has them.
   */
  async obtain(
    hash: string,
    view: View,
    me: SeatHolder,
    length: number,
    parts: { readonly clock: Clock; readonly sponsorship: Sponsorship },
    signal: AbortSignal,
  ): Promise<Float32Array> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const held = this.of(hash);
      if (held?.length === length) return held;
      const given = await parts.sponsorship.fetchStart(view, me, hash, length, signal);
      if (given !== null && parametersHash(given) === hash) {
        this.hold(given);
        return given;
      }
      await parts.clock.sleep(PAUSE_MS, signal);
    }
    throw new Error('Nobody here has the model that this run starts from any more. Press Reset.');
  }
}
