/**
 * The graphics process dies in mid-run and takes every device with it: the workers get a new one (or the
 * processor), go on from what the last evaluation saved, and say so.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import type { Point } from '../../src/session/snapshot.ts';
import { Lab, record, snapshotOf } from '../tests/lab.ts';
import { advance, agreed, eventually, start } from './flock.ts';

type Evaluation = Extract<Point, { kind: 'evaluation' }>;

async function evaluations(page: Page): Promise<readonly Evaluation[]> {
  const all: readonly Point[] = await page.evaluate(() => Reflect.get(window, 'recorded'));
  return all.filter((point): point is Evaluation => point.kind === 'evaluation');
}

/** Keeps the ids of all notices that were ever shown, for `noticed`. */
async function recordNotices(page: Page): Promise<void> {
  await page.evaluate(() => {
    const texts: string[] = [];
    Reflect.set(window, 'noticed', texts);
    window.murmuration?.subscribe((report) => {
      if (report.kind !== 'snapshot') return;
      for (const { id, what } of report.snapshot.notices) {
        const text = `${id}: ${what}`;
        if (!texts.includes(text)) texts.push(text);
      }
    });
  });
}

const noticed = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => Reflect.get(window, 'noticed'));

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('when the graphics process crashes', () => {
  it.each([
    ['a tab with three virtual workers', 1, 3],
    ['two tabs', 2, 1],
  ])('%s goes on from where it was', async (_, tabs, workers) => {
    const lab = await Lab.open();
    try {
      const context = await lab.browser.newContext();
      const pages: Page[] = [];
      for (let tab = 0; tab < tabs; tab += 1) {
        const address = `?model.hidden=32&lr=0.03&evalEvery=10&workers=${workers}#room=crash-${tabs}`;
        pages.push(await lab.tab(context, address));
      }
      const [first] = pages;
      if (first === undefined) throw new Error('There is a first tab.');
      await agreed(pages, tabs * workers);
      for (const page of pages) {
        await record(page);
        await recordNotices(page);
      }
      expect((await snapshotOf(first)).backend).toBe('webgpu');
      await start(first);
      await advance(pages, 150);

      const devtools = await lab.browser.newBrowserCDPSession();
      const before = await Promise.all(pages.map(evaluations));
      const { round } = await snapshotOf(first);
      const losses = before.flat().filter((point) => point.round > round - 30);
      const lossBefore = mean(losses.map(({ testLoss }) => testLoss));
      const scratch = mean(
        before
          .flat()
          .filter((point) => point.round === 10)
          .map(({ testLoss }) => testLoss),
      );
      // Training had got somewhere: a restart could not hide.
      expect(lossBefore).toBeLessThan(scratch / 2);

      // Its answer may die with the process.
      devtools.send('Browser.crashGpuProcess').catch(() => undefined);
      for (const page of pages) {
        await eventually(
          async () => ((await noticed(page)).some((text) => text.startsWith('backend: ')) ? true : null),
          () => 'the page says that the device was lost or is back',
        );
      }
      const counts = before.map((points) => points.length);
      await advance(pages, 50);
      const snapshots = await agreed(pages, tabs * workers);
      for (const [index, page] of pages.entries()) {
        const after = (await evaluations(page)).slice(counts[index]);
        // Each worker's first evaluations after the crash tell where it went on from.
        expect(new Set(after.map(({ seat }) => seat)).size).toBe(tabs * workers);
        for (const { testLoss } of after) expect(testLoss).toBeLessThan((lossBefore + scratch) / 2);
        expect(snapshots[index]?.phase).toBe('running');
        console.info(
          tabs,
          { scratch, lossBefore, round },
          after.map((p) => [p.seat, p.round, p.testLoss]).join(' | '),
          await noticed(page),
        );
      }
      expect(lab.errors).toEqual([]);
    } finally {
      await lab.close();
    }
  });
});
