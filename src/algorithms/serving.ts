/** Two things at once: a worker that computes a gradient, and meanwhile takes the messages that come. */
import type { Vector } from '../compute/compute.ts';
import type { Node } from './algorithm.ts';

/**
 * Waits for a gradient, calling `take` whenever messages with these tags may have come: before, in the
 * meantime, and once at the end; then goes on until `done` says that nothing more is waited for.
 */
export async function whileComputing(
  node: Node,
  computing: Promise<Vector>,
  tags: readonly number[],
  take: () => Promise<void>,
  done: () => boolean = () => true,
): Promise<Vector> {
  const outcome: { gradient?: Vector; failure?: { readonly error: unknown } } = {};
  const settled = computing.then(
    (gradient) => {
      outcome.gradient = gradient;
    },
    (error: unknown) => {
      outcome.failure = { error };
    },
  );
  for (;;) {
    await take();
    if (outcome.failure !== undefined) throw outcome.failure.error;
    if (outcome.gradient === undefined) await node.arrival(tags, settled);
    else if (done()) return outcome.gradient;
    else await node.arrival(tags);
  }
}
