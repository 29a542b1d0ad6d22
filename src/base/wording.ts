/** How refusals speak of what was given and of what there is: whatever that was, they stay one sentence. */

/** Characters of what somebody wrote that are repeated to them. */
const MOST_SHOWN = 40;
/** Characters of a list that is still read to its end. */
const MOST_LISTED = 110;
const NEAREST = 5;

/** What was given, quoted, and cut where it gets long. */
export function shown(given: unknown): string {
  const text = JSON.stringify(given) ?? String(given);
  return text.length <= MOST_SHOWN
    ? text
    : `${text.slice(0, MOST_SHOWN - 2)}…${text.startsWith('"') ? '"' : ''}`;
}

/** Letters to change, add or leave out until one word is the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** All there is, if that is short; else what is nearest to what was asked for, and how much there is. */
export function available(names: readonly string[], wanted: string): string {
  const all = names.join(', ');
  if (all.length <= MOST_LISTED) return `there are ${all}`;
  const asked = wanted.slice(0, MOST_SHOWN);
  // A name that contains what was asked for is near, however long it is.
  const far = (name: string) => distance(asked, name) - (asked !== '' && name.includes(asked) ? 100 : 0);
  const nearest = [...names].sort((a, b) => far(a) - far(b)).slice(0, NEAREST);
  return `of ${names.length} the nearest are ${nearest.join(', ')}`;
}
