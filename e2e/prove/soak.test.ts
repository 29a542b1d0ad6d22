/**
 * Thousands of rounds take no more memory than the first quarter of them: neither in the page and its
 * session, nor on the device.
 */
import type { Browser, Page } from 'playwright';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type LabServer, serveLab } from '../experiments/lab-server.ts';
import { snapshotOf, until } from '../tests/lab.ts';
import { agreed, eventually, start } from './flock.ts';
import { allowed, launchMeasured, type Memory, measureMemory } from './memory.ts';

/** Megabytes that may come on top of a tenth: the charts fill up, and collectors take their time. */
const SCRIPT_SLACK = 4;
const SESSION_SLACK = 1;
const GRAPHICS_SLACK = 16;
const PATIENCE_MS = 540_000;

let server: LabServer;
let browser: Browser;
const errors: string[] = [];

beforeEach(async () => {
  server = await serveLab(() => undefined);
  browser = await launchMeasured();
});
afterEach(async () => {
  await browser.close();
  await server.close();
  expect(errors.splice(0)).toEqual([]);
});

async function reach(pages: readonly Page[], round: number): Promise<void> {
  let rounds: number[] = [];
  await eventually(
    async () => {
      rounds = (await Promise.all(pages.map(snapshotOf))).map((snapshot) => snapshot.round);
      return rounds.every((each) => each >= round) ? true : null;
    },
    () => `round ${round}; the tabs are at ${rounds.join(' and ')}`,
    PATIENCE_MS,
  );
}

it.each([
  ['one tab with four virtual workers', 1, 4, 12_000],
  ['two tabs over WebRTC', 2, 1, 6000],
])(
  'memory stays flat: %s',
  async (_, tabs, workers, rounds) => {
    const context = await browser.newContext();
    const pages: Page[] = [];
    for (let tab = 0; tab < tabs; tab += 1) {
      const page = await context.newPage();
      page.on('pageerror', (error) => errors.push(error.message));
      const query = `?model.hidden=16&batch=8&evalEvery=100&lr=0.02&workers=${workers}#room=soak`;
      await page.goto(new URL(query, server.url).href);
      await until(page, ({ phase }) => phase !== 'starting');
      pages.push(page);
    }
    const [first] = pages;
    if (first === undefined) throw new Error('There is a first tab.');
    const [seen] = await agreed(pages, tabs * workers);
    expect(seen?.backend).toBe('webgpu');
    await start(first);
    const measureAll = async () => {
      const use: Memory[] = [];
      for (const page of pages) use.push(await measureMemory(browser, page));
      return use;
    };
    await reach(pages, rounds / 4);
    const early = await measureAll();
    await reach(pages, rounds);
    const late = await measureAll();
    console.info(`memory after ${rounds / 4} and ${rounds} rounds`, early, late);
    for (const [index, before] of early.entries()) {
      const after = late[index];
      if (after === undefined) throw new Error('Every tab is measured both times.');
      expect(before.session).toBeGreaterThan(0);
      expect(after.session).toBeLessThan(allowed(before.session, SESSION_SLACK));
      expect(after.script).toBeLessThan(allowed(before.script, SCRIPT_SLACK));
      if (before.graphics === null || after.graphics === null) continue;
      expect(after.graphics).toBeLessThan(allowed(before.graphics, GRAPHICS_SLACK));
    }
  },
  2 * PATIENCE_MS,
);
