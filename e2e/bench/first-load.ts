/**
 * What a newcomer waits for: bytes of the first load (gzipped, before data and charts), and the time from
 * opening the page to the first finished round. Every visit has an empty cache.
 */
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright';
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

async function visit(page: Page, url: string): Promise<Visit> {
  const sizes: Promise<number>[] = [];
  page.on('response', (response) => {
    if (response.ok() && !LATER.test(new URL(response.url()).pathname)) {
      sizes.push(response.body().then((body) => gzipSync(body, { level: 9 }).length));
    }
  });
  const room = roomCode((bytes) => crypto.getRandomValues(bytes));
  await page.goto(`${url}#room=${room}`);
  const milliseconds = await page.evaluate(trainOneRound);
  const adapter = await page.evaluate(adapterOf);
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  return { bytes, milliseconds, adapter };
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
