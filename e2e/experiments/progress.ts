/** The progress line of a run on standard error: rewritten in place on a terminal, now and then in a log. */

export interface Progress {
  /** What is being done right now; replaces what was said before. */
  update(line: string): void;
  /** Something worth keeping. */
  note(line: string): void;
  end(): void;
}

/** Between two lines about the same activity in a log file, in milliseconds. */
const LOG_EVERY = 5000;

export function openProgress(stream: NodeJS.WriteStream): Progress {
  let written = Number.NEGATIVE_INFINITY;
  let activity = '';
  let pending = false;
  const clear = () => {
    if (stream.isTTY && pending) stream.write('\r\x1b[K');
    pending = false;
  };
  return {
    update(line) {
      if (stream.isTTY) {
        stream.write(`\r\x1b[K${line.slice(0, stream.columns - 1)}`);
        pending = true;
        return;
      }
      const [word = ''] = line.split(' ');
      if (word !== activity || performance.now() - written >= LOG_EVERY) {
        stream.write(`${line}\n`);
        written = performance.now();
        activity = word;
      }
    },
    note(line) {
      clear();
      stream.write(`${line}\n`);
    },
    end: clear,
  };
}
