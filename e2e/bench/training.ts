/** The longest time that the page thread of a training tab stood still: two tabs, whole models, WebRTC. */
import type { Browser, Page } from 'playwright';
import { roomCode } from '../../src/network/room-code.ts';
import { buildRecipe } from '../../src/recipe/schema.ts';
import { DEFAULT_LOCAL, urlOf } from '../../src/recipe/url.ts';
import { type Row, row } from './rows.ts';

const TABS = 2;
/** Rounds before measuring: loading and compiling are over. */
const WARM_ROUNDS = 20;
const MEASURE_MS = 15_000;

function whenConnected(workers: number): boolean {
  const snapshot = window.murmuration?.snapshot() ?? null;
  return snapshot?.workers.filter(({ health }) => health !== 'gone').length === workers;
}

function whenAtRound(round: number): boolean {
  return (window.murmuration?.snapshot()?.round ?? 0) >= round;
}

function start(): void {
  window.murmuration?.send({ kind: 'command', command: { kind: 'start', stopAt: null } });
}

/** In the page: how late a timer of 0 ms comes at worst, and how many rounds went by meanwhile. */
async function watchPage(milliseconds: number) {
  const round = () => window.murmuration?.snapshot()?.round ?? 0;
  const firstRound = round();
  const started = performance.now();
  let last = started;
  let stall = 0;
  while (last - started < milliseconds) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    const now = performance.now();
    stall = Math.max(stall, now - last);
    last = now;
  }
  return {
    stall,
    rounds: round() - firstRound,
    adapter: window.murmuration?.snapshot()?.adapter ?? 'unknown',
  };
}

export async function benchTraining(browser: Browser, url: string): Promise<readonly Row[]> {
  const context = await browser.newContext();
  const room = roomCode((bytes) => crypto.getRandomValues(bytes));
  const recipe = buildRecipe({ algorithm: { id: 'd-psgd' }, compressor: { id: 'none' } });
  const address = new URL(urlOf(recipe, { ...DEFAULT_LOCAL, transport: 'webrtc' }, room), url).href;
  const pages: Page[] = [];
  for (let tab = 0; tab < TABS; tab++) {
    const page = await context.newPage();
    await page.goto(address);
    pages.push(page);
  }
  const everywhere = (condition: (value: number) => boolean, value: number) =>
    Promise.all(
      pages.map((page) => page.waitForFunction(condition, value, { polling: 100, timeout: 60_000 })),
    );
  await everywhere(whenConnected, TABS);
  await pages[0]?.evaluate(start);
  await everywhere(whenAtRound, WARM_ROUNDS);
  const watched = await Promise.all(pages.map((page) => page.evaluate(watchPage, MEASURE_MS)));
  await context.close();
  const [first] = watched;
  if (first === undefined || watched.some(({ rounds }) => rounds === 0)) {
    throw new Error('The tabs did not train while they were watched.');
  }
  const stall = Math.max(...watched.map((each) => each.stall));
  const rate = (Math.min(...watched.map(({ rounds }) => rounds)) / MEASURE_MS) * 1000;
  const subject = `${TABS} tabs, d-psgd, none, WebRTC`;
  return [
    row('page-stall', `longest, ${subject}`, 'ms', first.adapter, stall),
    row('rounds', subject, 'rounds/s', first.adapter, rate),
  ];
}
