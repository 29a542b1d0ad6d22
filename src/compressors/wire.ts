/**
 * Words on the wire: 32-bit little-endian, whatever the machine, and the check every decoder makes.
 *
 * Bits of f32 values travel inside the words. Decoders read a subnormal number (below 2^-126 in
 * magnitude) as a zero of the same sign: WGSL lets a device flush subnormals whenever it likes, so this is
 * the only reading on which all devices agree. No message format lives here.
 */
import type { DecodeResult } from './compressor.ts';

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The words as bytes; shares their memory where the machine is little-endian. */
export function bytesOfWords(words: Uint32Array): Uint8Array {
  if (littleEndian) return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const bytes = new Uint8Array(words.byteLength);
  const view = new DataView(bytes.buffer);
  words.forEach((word, at) => {
    view.setUint32(4 * at, word, true);
  });
  return bytes;
}

/** A copy of the bytes as words, from any alignment. The length must be a multiple of 4. */
export function wordsOfBytes(bytes: Uint8Array): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(bytes.length / 4);
  if (littleEndian) {
    new Uint8Array(words.buffer).set(bytes);
    return words;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < words.length; at++) words[at] = view.getUint32(4 * at, true);
  return words;
}

/** The words' bits read as f32, in the same memory. */
export function floatsOfWords(words: Uint32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return new Float32Array(words.buffer, words.byteOffset, words.length);
}

const EXPONENT = 0x7f800000;
const SIGN = 0x80000000;

/**
 * Checks that words [start, end) are finite f32 values, and reads subnormal ones as zero in place.
 * Returns the place of the first NaN or infinity, or -1.
 */
export function settleFloats(words: Uint32Array<ArrayBuffer>, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const exponent = (words[at] ?? 0) & EXPONENT;
    if (exponent === EXPONENT) return at;
    if (exponent === 0) words[at] = (words[at] ?? 0) & SIGN;
  }
  return -1;
}

export const OK: DecodeResult = { ok: true };

export function wrongSize(id: string, bytes: number, expected: number): DecodeResult {
  return {
    ok: false,
    error: 'size',
    message: `A ${id} message of this model has ${expected} bytes; this one has ${bytes}.`,
  };
}

export function notFinite(id: string, what: string): DecodeResult {
  return {
    ok: false,
    error: 'not-finite',
    message: `A ${id} message holds a ${what} that is not a finite number; the sender's model may have diverged.`,
  };
}
