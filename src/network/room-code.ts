/**
 * Room codes: short enough to say aloud in a classroom. They keep rooms apart; they are no secret.
 */
import type { RandomFill } from './identity.ts';

/** No vowels, so that no words come out; none of 0/O, 1/I/L. */
const LETTERS = 'BCDFGHJKMNPQRSTVWXZ23456789';
export const ROOM_CODE_LENGTH = 6;

/** A fresh code. `fill` puts random bytes into the array, as `crypto.getRandomValues` does. */
export function roomCode(fill: RandomFill): string {
  const bytes = new Uint8Array(ROOM_CODE_LENGTH);
  fill(bytes);
  return [...bytes].map((byte) => LETTERS[byte % LETTERS.length]).join('');
}
