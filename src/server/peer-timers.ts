/**
 * PeerServer (peer 1.0.2) has two timers that re-arm themselves for ever and cannot be stopped: a process
 * with a closed server would never end. Both are armed synchronously, at start and at the end of their own
 * callbacks; so during exactly those calls `setTimeout` hands such a timer to us, and our clock drives it.
 * This can go when PeerServer learns to stop.
 */
import type { Clock } from '../base/clock.ts';

/** Delays that tell its timers from those of `ws`, whose close timer may be armed inside a callback. */
const CHECK_MILLISECONDS = 300;
export const CLEANUP_MILLISECONDS = 1001;

/** Runs `start`, which makes a PeerServer with `cleanup_out_msgs: CLEANUP_MILLISECONDS`; returns its end. */
export function startStoppable(clock: Clock, start: () => void): () => void {
  const cancels = new Map<number, () => void>();
  let stopped = false;

  const capture = (run: () => void) => {
    const real = globalThis.setTimeout;
    const captured: { action: () => void; delay: number }[] = [];
    const ours = (action: () => void, delay?: number, ...rest: unknown[]) => {
      if (delay !== CHECK_MILLISECONDS && delay !== CLEANUP_MILLISECONDS) return real(action, delay, ...rest);
      captured.push({ action, delay });
      return undefined;
    };
    Reflect.set(globalThis, 'setTimeout', ours);
    try {
      run();
    } finally {
      Reflect.set(globalThis, 'setTimeout', real);
    }
    if (stopped) return;
    for (const { action, delay } of captured) {
      cancels.set(
        delay,
        clock.after(delay, () => capture(action)),
      );
    }
  };

  capture(start);
  return () => {
    stopped = true;
    for (const cancel of cancels.values()) cancel();
  };
}
