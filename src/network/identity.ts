/**
 * Random ids. A peer id is an address on an untrusted signalling server: long enough that nobody guesses
 * or meets it by chance, and never used twice.
 */
import type { PeerId } from './transport.ts';

/** Fills the array with random bytes, as `crypto.getRandomValues` does. */
export type RandomFill = (bytes: Uint8Array<ArrayBuffer>) => void;

/** Lower-case hexadecimal, 120 bits: 30 characters. */
export function randomPeerId(fill: RandomFill): PeerId {
  const bytes = new Uint8Array(15);
  fill(bytes);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Uniform in [0, 1). */
export function randomFraction(fill: RandomFill): number {
  const bytes = new Uint8Array(4);
  fill(bytes);
  return new DataView(bytes.buffer).getUint32(0) / 2 ** 32;
}
