/** Random words on the device: one dispatch; see `shaders/random-words.wgsl`. */
import randomWords from '../../../shaders/random-words.wgsl?raw';
import type { Words } from '../compute.ts';
import type { RandomWords, WordsKey } from '../random-words.ts';
import type { Access } from './access.ts';

export const RANDOM_WORDS_KERNELS = {
  randomWords: { code: randomWords, entry: 'main', storage: 'w' },
};

export class RandomWordsOperations implements RandomWords {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  fill(out: Words, { counter, key }: WordsKey): void {
    const words = this.#access.words(out);
    const { kernels, recorder } = this.#access;
    const integers = [words.length, ...counter, ...key];
    recorder.run(kernels.randomWords, [words], Math.ceil(words.length / 256), integers);
  }
}
