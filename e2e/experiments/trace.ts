/**
 * `trace.jsonl`, of runs under the virtual clock: who computed, sent and applied what, and when. One JSON
 * object a line, in the order in which things happened; together with the recipe in `run.json` it is enough
 * to compute every model of the run again (`simulated.unit.test.ts` does so from the equations).
 *
 *   every line     time (simulated seconds since the start), kind, seat (whose event it is), round (the
 *                  seat's own, from 0)
 *   computing      a gradient is begun, at the model that the seat holds now, on its batch of this round
 *                  (step: which gradient of the round, from 0)
 *   computed       the gradient is there; with step as above
 *   sent           to (seat), tag (what kind of message; named at the top of the algorithm's file), step
 *                  (its number, as the algorithm counts), bytes (with its frame)
 *   applied        from (seat), tag, step, bytes as sent, and sentIn (the sender's round): the message is
 *                  taken out of the inbox and made use of; it may have arrived before
 *   committed      the round is done, its gradient applied
 *   rolled-back    the round is given up and will be done again: its gradient has not been applied, and of a
 *                  synchronous algorithm nothing else in it; what an asynchronous one has applied stays
 *
 * A message is told by sender, receiver, tag, step and the sender's round. What a message holds is what the
 * sender had at the time of `sent`, unless the algorithm's equations say that it was encoded before.
 */
import type { TraceEvent } from '../../src/session/emulation.ts';
import type { RunFolder } from './folder.ts';

/** Events to a chunk of text: a long run has millions. */
const CHUNK = 10_000;

function* lines(trace: readonly TraceEvent[], startedAt: number): Iterable<string> {
  for (let first = 0; first < trace.length; first += CHUNK) {
    yield trace
      .slice(first, first + CHUNK)
      .map(({ at, ...event }) => `${JSON.stringify({ time: (at - startedAt) / 1000, ...event })}\n`)
      .join('');
  }
}

/**
 * @param startedAt what the clock of the events showed at the start, in ms.
 * @throws {OutputError}
 */
export async function writeTrace(
  folder: RunFolder,
  trace: readonly TraceEvent[],
  startedAt: number,
): Promise<void> {
  await folder.write('trace.jsonl', lines(trace, startedAt));
}
