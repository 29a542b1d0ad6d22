/**
 * Radix selection: the k-th largest magnitude of f32 numbers by counting digits of their bits. Without
 * the sign, order of bits is order of magnitude, with NaN above infinity: no sort, no comparison of floats.
 */

/** Most significant first: 11, 10 and 10 bits of the 31 of a magnitude. */
const DIGITS = [
  { shift: 20, bits: 11 },
  { shift: 10, bits: 10 },
  { shift: 0, bits: 10 },
] as const;

/**
 * The magnitude (as bits) of the k-th largest of these numbers (given as bits, 1 <= k <= their count), and
 * how many of exactly that magnitude belong to the k largest.
 */
export function kthMagnitude(patterns: Uint32Array, k: number): { threshold: number; ties: number } {
  let prefix = 0;
  let rest = k;
  for (const { shift, bits } of DIGITS) {
    const counts = new Uint32Array(1 << bits);
    const mask = (1 << bits) - 1;
    const above = shift + bits;
    for (let i = 0; i < patterns.length; i++) {
      const magnitude = (patterns[i] as number) & 0x7fffffff;
      if (above === 31 || magnitude >>> above === prefix) {
        const digit = (magnitude >>> shift) & mask;
        counts[digit] = (counts[digit] as number) + 1;
      }
    }
    let digit = mask;
    while (digit > 0 && (counts[digit] as number) < rest) {
      rest -= counts[digit] as number;
      digit--;
    }
    prefix = (prefix << bits) | digit;
  }
  return { threshold: prefix, ties: rest };
}
