/**
 * Random words on the device: Philox4x32-10 (`math/random.ts`), the same bits on every backend.
 *
 * Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A word is a pure
 * function of counter and key, so nothing is uploaded and no state is kept.
 */
import type { Words } from './compute.ts';

/** What a sequence of words follows from: three of the counter's four words, and the key. All u32. */
export interface WordsKey {
  readonly counter: readonly [number, number, number];
  readonly key: readonly [number, number];
}

export interface RandomWords {
  /** Word 4j + i of `out` = word i of philox4x32([j, ...counter], key); all of `out`. */
  fill(out: Words, from: WordsKey): void;
}
