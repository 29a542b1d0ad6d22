/**
 * A tab in the background goes on training: page timers are slowed there, a worker's are not. Proved in a
 * Chromium that really slows hidden pages, which is checked first.
 */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LabServer, serveLab } from '../experiments/lab-server.ts';
import { snapshotOf, until } from '../tests/lab.ts';
import { advance, agreed, eventually, start } from './flock.ts';
import { openThrottlingChromium, type ThrottlingChromium } from './throttling-chromium.ts';

/** Two windows fit on the screen. */
const WINDOW_WIDTH = 620;

let server: LabServer;
let chromium: ThrottlingChromium;

beforeAll(async () => {
  server = await serveLab(() => undefined);
  chromium = await openThrottlingChromium();
}, 300_000);
afterAll(async () => {
  await chromium?.close();
  await server?.close();
});

/** Starts to count the ticks of a 10 ms timer in the page. */
function countTicks(page: Page): Promise<void> {
  return page.evaluate(() => {
    Reflect.set(window, 'ticks', 0);
    setInterval(() => Reflect.set(window, 'ticks', Reflect.get(window, 'ticks') + 1), 10);
  });
}

const ticksOf = (page: Page): Promise<number> => page.evaluate(() => Number(Reflect.get(window, 'ticks')));
const visibility = (page: Page) => page.evaluate(() => document.visibilityState);

interface Pace {
  readonly roundsPerSecond: number;
  readonly ticksPerSecond: number;
}

/** Rounds and page timer ticks a second, over so many rounds and at least so many seconds. */
async function pace(page: Page, rounds: number, seconds: number): Promise<Pace> {
  const from = { at: Date.now(), round: (await snapshotOf(page)).round, ticks: await ticksOf(page) };
  let latest: Pace & { round: number; seconds: number };
  const look = async () => {
    const { round } = await snapshotOf(page);
    const ticks = await ticksOf(page);
    const elapsed = (Date.now() - from.at) / 1000;
    latest = {
      round: round - from.round,
      seconds: elapsed,
      roundsPerSecond: (round - from.round) / elapsed,
      ticksPerSecond: (ticks - from.ticks) / elapsed,
    };
    return latest.round >= rounds && latest.seconds >= seconds ? latest : null;
  };
  return eventually(look, () => `${rounds} rounds; so far ${JSON.stringify(latest)}`, 180_000);
}

it('training goes on in a hidden tab, whose page timers tick once a second', async () => {
  const [context] = chromium.browser.contexts();
  const [cover] = context?.pages() ?? [];
  if (context === undefined || cover === undefined) throw new Error('Chromium has no window.');
  const errors: string[] = [];
  context.on('page', (page) => page.on('pageerror', (error) => errors.push(error.message)));

  // The hidden tab shares its window with an empty one; the other tab has a window of its own.
  const hidden = await context.newPage();
  await hidden.goto(new URL('?model.hidden=16&evalEvery=50#room=hidden', server.url).href);
  await until(hidden, ({ phase }) => phase !== 'starting');
  const devtools = await chromium.browser.newBrowserCDPSession();
  const opening = context.waitForEvent('page');
  await devtools.send('Target.createTarget', { url: 'about:blank', newWindow: true });
  const front = await opening;
  await front.goto(new URL('#room=hidden', server.url).href);
  await until(front, ({ phase }) => phase !== 'starting');
  // Side by side: a window that another one covers may count as hidden too.
  for (const [page, left] of [
    [hidden, 0],
    [front, WINDOW_WIDTH],
  ] as const) {
    const session = await context.newCDPSession(page);
    const { windowId } = await session.send('Browser.getWindowForTarget');
    const bounds = { left, top: 0, width: WINDOW_WIDTH, height: 700 };
    await session.send('Browser.setWindowBounds', { windowId, bounds });
    await session.detach();
  }
  await agreed([hidden, front], 2);
  await start(front);
  await advance([hidden, front], 20);

  await countTicks(hidden);
  const before = await eventually(
    async () => {
      const look = await pace(hidden, 200, 5);
      const shown = [await visibility(hidden), await visibility(front)].every((state) => state === 'visible');
      return shown && look.ticksPerSecond > 10 ? look : null;
    },
    () => 'both tabs are visible, and timers tick there',
  );

  await cover.bringToFront();
  await eventually(
    async () => ((await visibility(hidden)) === 'hidden' ? true : null),
    () => 'the tab behind the empty one is hidden',
  );
  expect(await visibility(front)).toBe('visible');
  // Both tabs know.
  for (const page of [hidden, front]) {
    await until(page, ({ workers }) => workers.filter((worker) => worker.hidden).length === 1);
  }
  expect((await snapshotOf(hidden)).workers.find(({ mine }) => mine)?.hidden).toBe(true);
  expect((await snapshotOf(front)).workers.find(({ mine }) => !mine)).toMatchObject({
    hidden: true,
    health: 'hidden',
  });

  // The precondition: this browser does slow the page down. It may take it a moment.
  const slow = await eventually(
    async () => {
      const look = await pace(hidden, 0, 5);
      return look.ticksPerSecond < 2 ? look : null;
    },
    () => 'the hidden page’s timers are slowed',
  );
  expect(slow.ticksPerSecond).toBeLessThan(2);

  const after = await pace(hidden, 200, 20);
  expect(after.ticksPerSecond).toBeLessThan(2);
  // Far from the pace of the page's timers, and not far from the pace before.
  expect(after.roundsPerSecond).toBeGreaterThan(5 * after.ticksPerSecond);
  expect(after.roundsPerSecond).toBeGreaterThan(before.roundsPerSecond / 3);
  expect((await snapshotOf(front)).workers.map(({ health }) => health).sort()).toEqual(['active', 'hidden']);

  await hidden.bringToFront();
  await until(front, ({ workers }) => workers.every((worker) => !worker.hidden));
  expect(errors).toEqual([]);
});
