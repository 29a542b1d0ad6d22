/**
 * Counter-based random numbers: Philox4x32-10.
 *
 * Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A number is a pure
 * function of (seed, purpose, worker, round, position), so any peer can compute any other's draws and no
 * generator state is ever sent or saved. Only 32-bit integer arithmetic is used (16-bit limbs for the
 * high half of a product), so a WGSL twin gives the same bits. Not for secrets.
 */
import { ln, unitCircle } from './portable.ts';

/** What a stream is for. Streams of different purposes never overlap. Numbers are never reused. */
export const PURPOSE = {
  initialisation: 1,
  split: 2,
  partition: 3,
  batch: 4,
  topology: 5,
  compressor: 6,
  sketch: 7,
  simulation: 8,
  algorithm: 9,
  data: 10,
  start: 11,
} as const;

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** Upper 32 bits of the 64-bit product of two u32. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // All sums stay below 2^33, exact in a double.
  const middle = aHigh * bLow + (Math.imul(aLow, bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0;
}

export type Block = readonly [number, number, number, number];

/** One block: four u32 from a counter of four u32 and a key of two u32. Ten rounds. */
export function philox4x32(counter: Block, key: readonly [number, number]): Block {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Anything that can be shuffled in place: an array or a typed array. */
interface Sequence<Item> {
  readonly length: number;
  [index: number]: Item;
}

export interface RandomStream {
  /** The next 32 random bits, as an integer in [0, 2^32). */
  u32(): number;
  /** In [0, 1), a multiple of 2^-53; takes two words. */
  uniform(): number;
  /** Standard normal (Box-Muller; every second call takes four words). Same bits in every engine. */
  normal(): number;
  /** An integer in [0, n), each equally likely. @throws {RangeError} unless n is in 1..2^32. */
  integer(n: number): number;
  /** Shuffles in place (Fisher-Yates) and returns its argument. */
  shuffle<Items extends Sequence<unknown>>(items: Items): Items;
}

class PhiloxStream implements RandomStream {
  readonly #key: readonly [number, number];
  readonly #worker: number;
  readonly #round: number;
  readonly #seedHigh: number;
  #block: Block = [0, 0, 0, 0];
  #counter = 0;
  #position = 4;
  #spare: number | null = null;

  constructor(seed: number, purpose: number, worker: number, round: number) {
    this.#key = [seed >>> 0, purpose >>> 0];
    this.#worker = worker >>> 0;
    this.#round = round >>> 0;
    this.#seedHigh = Math.floor(seed / 0x1_0000_0000) >>> 0;
  }

  u32(): number {
    if (this.#position === 4) {
      this.#block = philox4x32([this.#counter, this.#round, this.#worker, this.#seedHigh], this.#key);
      this.#counter = (this.#counter + 1) >>> 0;
      this.#position = 0;
    }
    const word = this.#block[this.#position] ?? 0;
    this.#position += 1;
    return word;
  }

  uniform(): number {
    const high = this.u32() >>> 5; // 27 bits
    const low = this.u32() >>> 6; // 26 bits
    return (high * 67_108_864 + low) / 9_007_199_254_740_992;
  }

  normal(): number {
    if (this.#spare !== null) {
      const value = this.#spare;
      this.#spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * ln(1 - this.uniform())); // 1 - u is in (0, 1]
    const [cosine, sine] = unitCircle(this.uniform());
    this.#spare = radius * sine;
    return radius * cosine;
  }

  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 0x1_0000_0000) {
      throw new RangeError(`integer(n) needs a whole n from 1 to 2^32, not ${n}.`);
    }
    // Refuse the words beyond the largest multiple of n, or small results would be favoured.
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % n);
    let word = this.u32();
    while (word >= limit) word = this.u32();
    return word % n;
  }

  shuffle<Items extends Sequence<unknown>>(items: Items): Items {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const held = items[last];
      items[last] = items[other];
      items[other] = held;
    }
    return items;
  }
}

/**
 * The stream of (seed, purpose, worker, round). `seed` is any safe integer; `purpose` one of `PURPOSE`;
 * `worker` and `round` are u32 (0 where they have no meaning). The key is (seed's low word, purpose),
 * the counter (block, round, worker, seed's high word).
 */
export function randomStream(seed: number, purpose: number, worker: number, round: number): RandomStream {
  return new PhiloxStream(seed, purpose, worker, round);
}
