/**
 * Names of views: 64 bits of a SHA-256 over counter, leader and parent. A leader makes at most one child
 * of a view, so the name stands for the content, and the two halves of a partition never share one.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { PeerId } from '../network/transport.ts';

/** 16 hex digits. */
export function viewId(counter: number, leader: PeerId, parent: string): string {
  return bytesToHex(sha256(utf8ToBytes(`${counter} ${parent} ${leader}`))).slice(0, 16);
}

/** 64 hex digits: tells whether two peers have the same recipe without sending it. */
export function textHash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
