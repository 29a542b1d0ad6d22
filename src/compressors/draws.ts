/**
 * The random words of a message: those of Philox keyed by all of (seed, round, seat, tag).
 *
 * A message has more to its name than the counter has room beside the place of a word, so one block mixes
 * the name into the key and counter of the words themselves.
 */
import type { WordsKey } from '../compute/random-words.ts';
import { PURPOSE, philox4x32 } from '../math/random.ts';
import type { MessageKey } from './compressor.ts';

export function drawsOf({ seed, round, seat, tag }: MessageKey): WordsKey {
  const high = Math.floor(seed / 2 ** 32) >>> 0;
  const [a, b, c, d] = philox4x32(
    [tag >>> 0, round >>> 0, seat >>> 0, high],
    [seed >>> 0, PURPOSE.compressor],
  );
  return { counter: [a, b, 0], key: [c, d] };
}
