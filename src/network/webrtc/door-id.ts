/** The id of a room's door on the signalling server (see `door.ts`). */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { PeerId } from '../transport.ts';

/** The room's hash, since ids allow fewer characters than people may want. `room`: its `roomId`. */
export function doorId(room: string): PeerId {
  return `murmuration-door-${bytesToHex(sha256(utf8ToBytes(room))).slice(0, 24)}`;
}
