/** What is printed when something goes wrong: one line that a person can take in, whatever caused it. */

/** Characters. What is thrown here is shorter; this is for what nobody thought of. */
const MOST = 400;

/** The text on one line, cut where it gets long. */
export function oneLine(text: string, most = MOST): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

/** The first few of a list, and how many more there are. */
export function someOf(items: readonly string[], separator: string, most = 3): string {
  const left = items.length - most;
  return [...items.slice(0, most), ...(left > 0 ? [`and ${left} more`] : [])].join(separator);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A path as far as it helps to recognise it. */
export function placeOf(path: string, most = 100): string {
  return oneLine(
    path.length <= most ? path : `${path.slice(0, most / 2)}…${path.slice(-most / 2)}`,
    most + 1,
  );
}
