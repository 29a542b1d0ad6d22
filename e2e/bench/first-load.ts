/**
 * What a newcomer waits for: bytes of the first load (gzipped, before data and charts), and the time from
 * opening the page to the first finished round. Every visit has an empty cache.
 */
import { gzipSync } from 'node:zlib';
import type { Browser, Page, Response } from 'playwright';
import { roomCode } from '../../src/network/room-code.ts';
import { median, type Row, row } from './rows.ts';

const VISITS = 5;
/** The data set, and the charts that load after the page can be used. */
const LATER = /\/data\/|chart/i;

interface Visit {
  readonly bytes: number;
  readonly milliseconds: number;
  readonly adapter: string;
}

/** In the page: starts as soon as there is a worker; resolves with the time since navigation. */
function trainOneRound(): Promise<number> {
  return new Promise((resolve, reject) => {
    let started = false;
    const look = () => {
      const lab = window.murmuration;
      const snapshot = lab?.snapshot() ?? null;
      if (lab !== undefined && snapshot !== null && snapshot.workers.length > 0 && !started) {
        started = true;
        lab.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
      }
      if (snapshot !== null && snapshot.round >= 1) resolve(performance.now());
      else if (performance.now() > 60_000) reject(new Error('No round was finished within 60 s.'));
      else setTimeout(look, 5);
    };
    look();
  });
}

function adapterOf(): string {
  return window.murmuration?.snapshot()?.adapter ?? 'unknown';
}

/** The page fetches nothing ahead, as where its person asked the browser to save data. Before it is opened. */
export function savingData(page: Page): Promise<unknown> {
  return page.addInitScript(() =>
    Object.defineProperty(navigator, 'connection', { value: { saveData: true }, configurable: true }),
  );
}

/**
 * Counts what this page and its worker fetch from now on, gzipped, before data and charts. What the worker
 * imports after the page comes from the browser's cache, once the server has said that it may.
 */
export function countBytes(page: Page): () => Promise<number> {
  const sizes: Promise<number>[] = [];
  const seen = new Set<string>();
  const sizeOf = async (response: Response, again: boolean) => {
    if (again && (await response.request().sizes()).responseBodySize === 0) return 0;
    return gzipSync(await response.body(), { level: 9 }).length;
  };
  page.on('response', (response) => {
    const url = response.url();
    if (!response.ok() || LATER.test(new URL(url).pathname)) return;
    sizes.push(sizeOf(response, seen.has(url)));
    seen.add(url);
  });
  return async () => (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function visit(page: Page, url: string): Promise<Visit> {
  await savingData(page);
  const bytes = countBytes(page);
  const room = roomCode((values) => crypto.getRandomValues(values));
  await page.goto(`${url}#room=${room}`);
  const milliseconds = await page.evaluate(trainOneRound);
  const adapter = await page.evaluate(adapterOf);
  return { bytes: await bytes(), milliseconds, adapter };
}

export async function benchFirstLoad(browser: Browser, url: string): Promise<readonly Row[]> {
  const visits: Visit[] = [];
  for (let count = 0; count < VISITS; count++) {
    const context = await browser.newContext();
    visits.push(await visit(await context.newPage(), url));
    await context.close();
  }
  const adapter = visits[0]?.adapter ?? 'unknown';
  const bytes = median(visits.map((each) => each.bytes));
  const time = median(visits.map((each) => each.milliseconds));
  return [
    row('first-load', 'gzipped, before data and charts', 'B', 'any', bytes),
    row('first-round', 'from opening the page', 'ms', adapter, time),
  ];
}
