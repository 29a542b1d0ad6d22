/**
 * What the long tests share: when all living tabs agree, that rounds go on, and short runs' addresses.
 * Everything waits on a condition; on failure it says what was seen last.
 */
import type { Page } from 'playwright';
import type { Request, Snapshot } from '../../src/session/snapshot.ts';
import { PATIENCE_MS, snapshotOf, until } from '../tests/lab.ts';

const POLL_MS = 100;

/** Calls `look` until it gives something. @throws with what `describe` says when patience ends. */
export async function eventually<T>(
  look: () => Promise<T | null>,
  describe: () => string,
  patience = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > end) throw new Error(`Not within ${patience / 1000} s: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The living workers of a tab's view, as one text: seat and peer of each. */
function living({ workers }: Snapshot): readonly string[] {
  return workers.filter(({ health }) => health !== 'gone').map(({ seat, peer }) => `${seat}@${peer}`);
}

function brief(snapshot: Snapshot): string {
  const { phase, view, round, waiting, notices } = snapshot;
  const notes = notices.map(({ id, what }) => `${id}: ${what}`);
  return JSON.stringify({ phase, view, round, waiting, living: living(snapshot), notes });
}

/** Waits until all tabs are in one view of exactly these many workers; returns the last snapshots. */
export async function agreed(pages: readonly Page[], workers: number): Promise<readonly Snapshot[]> {
  let seen: readonly Snapshot[] = [];
  return eventually(
    async () => {
      seen = await Promise.all(pages.map(snapshotOf));
      const views = seen.map((snapshot) => `${snapshot.view.counter} ${living(snapshot).join(' ')}`);
      const one = new Set(views).size === 1 && seen.every((each) => living(each).length === workers);
      return one ? seen : null;
    },
    () => `${pages.length} tabs agree on ${workers} workers\n${seen.map(brief).join('\n')}`,
  );
}

/** Waits until every tab has done `more` rounds beyond the farthest now. */
export async function advance(pages: readonly Page[], more: number): Promise<void> {
  let seen = await Promise.all(pages.map(snapshotOf));
  const target = more + Math.max(...seen.map(({ round }) => round));
  await eventually(
    async () => {
      seen = await Promise.all(pages.map(snapshotOf));
      return seen.every(({ round }) => round >= target) ? true : null;
    },
    () => `round ${target} in every tab\n${seen.map(brief).join('\n')}`,
  );
}

export function send(page: Page, request: Request): Promise<void> {
  return page.evaluate((wanted) => window.murmuration?.send(wanted), request);
}

export async function start(page: Page): Promise<void> {
  await send(page, { kind: 'command', command: { kind: 'start', stopAt: null } });
  await until(page, ({ phase }) => phase === 'running');
}
