/** Random words on the TypeScript backend: one Philox block for every four words. */
import { philox4x32 } from '../../math/random.ts';
import type { Words } from '../compute.ts';
import type { RandomWords, WordsKey } from '../random-words.ts';
import type { Access } from './access.ts';

export class CpuRandomWords implements RandomWords {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  fill(out: Words, { counter, key }: WordsKey): void {
    const words = this.#access.words(out);
    for (let first = 0, block = 0; first < words.length; first += 4, block++) {
      const four = philox4x32([block, ...counter], key);
      for (let i = 0; i < 4 && first + i < words.length; i++) words[first + i] = four[i] as number;
    }
  }
}
