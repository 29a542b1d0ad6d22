/**
 * The check of packed codes on receipt: every code of the message must name a level. Padding bits are
 * ignored. Formats whose codes are all in use need no look at them.
 */
import type { LevelFormat } from './level-codec.ts';

/** What is wrong with the codes from word `offset` on, in a sentence; or null. */
export function codeFault(
  words: Uint32Array,
  offset: number,
  length: number,
  format: Pick<LevelFormat, 'id' | 'bits' | 'form' | 'levels' | 'valid'>,
): string | null {
  const { id, bits, form, levels, valid = (code) => code < levels } = format;
  const patterns = 2 ** bits;
  const allowed = Uint8Array.from({ length: patterns }, (_, code) => (valid(code) ? 1 : 0));
  if (!allowed.includes(0)) return null;
  const k =
    form === 'planes' ? bothPlanes(words, offset, length) : notAllowed(words, offset, length, bits, allowed);
  return k < 0 ? null : `A ${id} message has a code for coordinate ${k} that stands for no value.`;
}

/** The first coordinate whose bit is set in both of two planes, or -1. */
function bothPlanes(words: Uint32Array, offset: number, length: number): number {
  const plane = Math.ceil(length / 32);
  for (let word = 0; word < plane; word++) {
    const left = length - 32 * word;
    const mask = left >= 32 ? 0xffffffff : (1 << left) - 1;
    const both = (words[offset + word] ?? 0) & (words[offset + plane + word] ?? 0) & mask;
    if (both !== 0) return 32 * word + 31 - Math.clz32(both & -both);
  }
  return -1;
}

/** The first coordinate whose code in the stream is not allowed, or -1. */
function notAllowed(
  words: Uint32Array,
  offset: number,
  length: number,
  bits: number,
  allowed: Uint8Array,
): number {
  const mask = 2 ** bits - 1;
  let word = offset;
  let used = 0;
  for (let k = 0; k < length; k++) {
    let code = (words[word] ?? 0) >>> used;
    used += bits;
    if (used >= 32) {
      word++;
      used -= 32;
      if (used > 0) code |= (words[word] ?? 0) << (bits - used);
    }
    if (allowed[code & mask] === 0) return k;
  }
  return -1;
}
