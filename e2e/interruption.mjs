/**
 * What ends a command-line program early, and what must not. A first Ctrl-C, SIGTERM or SIGHUP, or an error
 * that nobody caught, aborts a signal, so that the program can write what it has. A closed pipe (`| head`,
 * a `tee` that Ctrl-C ended, a terminal that is gone) ends nothing: there is merely nobody to tell.
 */

/**
 * A terminal's Ctrl-C reaches npm and the program alike, and npm hands it on: twice within moments is one
 * wish. Pressed again after that, it means "at once".
 */
const SAME_WISH_MS = 1000;

/** A sentence for an error that should not have been; where it came from if DEBUG asks. */
export function complain(error) {
  if (process.env.DEBUG) {
    console.error(error);
    return;
  }
  const text = error instanceof Error ? error.message : String(error);
  const line = text.replace(/\s+/g, ' ').trim();
  const short = line.length > 240 ? `${line.slice(0, 239)}…` : line;
  console.error(`Something went wrong: ${short} (DEBUG=1 shows where.)`);
}

/** Has the program outlive whoever reads its output; `failed` if the output went to a file that took no more. */
export function outlive() {
  let failed = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code }) => {
      const nobody = code === 'EPIPE' || code === 'EIO' || code === 'ERR_STREAM_DESTROYED';
      if (!nobody && stream === process.stdout) failed = true;
    });
  }
  return { failed: () => failed };
}

/** The signal, and how many errors nobody caught. */
export function interruption() {
  const controller = new AbortController();
  let stoppedAt = 0;
  let faults = 0;
  const stop = (why) => {
    if (!controller.signal.aborted) stoppedAt = performance.now();
    controller.abort(new Error(why));
  };
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.on(name, () => {
      if (controller.signal.aborted && performance.now() - stoppedAt > SAME_WISH_MS) process.exit(130);
      stop(`stopped by ${name}`);
    });
  }
  // A terminal that closes may say so twice, whenever its shell gets to it: never "at once".
  process.on('SIGHUP', () => stop('stopped by SIGHUP'));
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error) => {
      faults += 1;
      // The first is the cause, and what follows from it would drown it.
      if (faults === 1) complain(error);
      stop('an error that nobody caught');
    });
  }
  return { signal: controller.signal, faults: () => faults };
}
