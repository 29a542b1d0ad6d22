/**
 * The clock contract: the only way time passes below the page.
 *
 * `setTimeout`, `Date` and `performance.now` are used in `realClock` alone; everything else takes a
 * `Clock`, so that the simulator can run the same code under virtual time.
 */
export interface Clock {
  /** Time here is simulated: the same run takes the same time, every time. */
  readonly virtual?: true;
  /**
   * The same time, for what a simulation is about: computing, and messages on their way. While nobody
   * sleeps on it there is nothing but housekeeping (heartbeats, snapshots), which goes on for ever.
   */
  readonly work?: Clock;
  /** Milliseconds since some fixed start; never goes back. */
  now(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason if it aborts first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Calls `action` once after `milliseconds`; the returned function cancels it. */
  after(milliseconds: number, action: () => void): () => void;
}

/** A clock's `sleep` made from its `after`. */
export function sleepWith(after: Clock['after'], milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const cancel = after(milliseconds, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    const stop = () => {
      cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Calls `action` in a task of its own, without a timer's delay. */
function soon(action: () => void): () => void {
  const { port1, port2 } = new MessageChannel();
  let cancelled = false;
  port1.onmessage = () => {
    port1.close();
    if (!cancelled) action();
  };
  port2.postMessage(null);
  return () => {
    cancelled = true;
  };
}

/** Wall-clock time, for pages, workers and command-line runs. */
export const realClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, action) {
    // Browsers stretch nested zero timers to 4 ms; a message to oneself comes at once.
    if (milliseconds <= 0) return soon(action);
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
  sleep: (milliseconds, signal) => sleepWith(realClock.after, milliseconds, signal),
};
