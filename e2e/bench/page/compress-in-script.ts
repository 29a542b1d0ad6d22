/**
 * Compression in JavaScript as fast as we know how to write it, for who reads whole vectors back: scaled
 * signs, and exact top-k by radix selection. Same choices and same sizes as our messages.
 */

/** Mean magnitude of every block, then a bit for every number: 1 where it is not negative. */
export function oneBitInScript(values: Float32Array, block: number): Uint32Array {
  const { length } = values;
  const blocks = Math.ceil(length / block);
  const message = new Uint32Array(blocks + Math.ceil(length / 32));
  const scales = new Float32Array(message.buffer, 0, blocks);
  for (let b = 0; b < blocks; b++) {
    const end = Math.min((b + 1) * block, length);
    let sum = 0;
    for (let k = b * block; k < end; k++) sum += Math.abs(values[k] as number);
    scales[b] = sum / (end - b * block);
  }
  const patterns = new Uint32Array(values.buffer, values.byteOffset, length);
  let word = blocks;
  for (let first = 0; first < length; first += 32) {
    const end = Math.min(first + 32, length);
    let bits = 0;
    for (let k = first; k < end; k++) bits |= (~(patterns[k] as number) >>> 31) << (k - first);
    message[word++] = bits;
  }
  return message;
}

/** Indices of the k largest magnitudes (ties: lower index), then their bits. */
export function topKInScript(values: Float32Array, k: number): Uint32Array {
  const { length } = values;
  const patterns = new Uint32Array(values.buffer, values.byteOffset, length);
  const coarse = new Uint32Array(1 << 16);
  for (let i = 0; i < length; i++) {
    const digit = ((patterns[i] as number) & 0x7fffffff) >>> 15;
    coarse[digit] = (coarse[digit] as number) + 1;
  }
  let rest = k;
  let high = coarse.length - 1;
  while (high > 0 && (coarse[high] as number) < rest) rest -= coarse[high--] as number;
  // Few share their upper bits with the k-th, so the lower ones are sorted out among those alone.
  const candidates = new Uint32Array(coarse[high] as number);
  let found = 0;
  for (let i = 0; i < length; i++) {
    const magnitude = (patterns[i] as number) & 0x7fffffff;
    if (magnitude >>> 15 === high) candidates[found++] = magnitude;
  }
  candidates.sort();
  const threshold = candidates[candidates.length - rest] as number;
  let ties = rest;
  for (let c = candidates.length - 1; c >= 0 && (candidates[c] as number) > threshold; c--) ties--;
  const message = new Uint32Array(2 * k);
  let place = 0;
  for (let i = 0; place < k && i < length; i++) {
    const pattern = patterns[i] as number;
    const magnitude = pattern & 0x7fffffff;
    if (magnitude < threshold || (magnitude === threshold && ties-- <= 0)) continue;
    message[place] = i;
    message[k + place] = pattern;
    place++;
  }
  return message;
}
