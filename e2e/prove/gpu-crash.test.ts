/**
 * The graphics process dies in mid-run and takes every device with it: the workers get a new one (or the
 * processor), go on from what the last evaluation saved, and say so.
 */
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import type { Point } from '../../src/session/snapshot.ts';
import { Lab, snapshotOf } from '../tests/lab.ts';
import { advance, agreed, eventually, start } from './flock.ts';

type Evaluation = Extract<Point, { kind: 'evaluation' }>;

interface Diary {
  readonly notices: readonly string[];
  readonly before: readonly Evaluation[];
  /** Evaluations reported after the first word about a lost device. */
  readonly after: readonly Evaluation[];
}

/** Keeps, in the page, every notice and every evaluation, before and after the first notice. */
async function keepDiary(page: Page): Promise<void> {
  await page.evaluate(() => {
    const notices: string[] = [];
    const before: unknown[] = [];
    const after: unknown[] = [];
    Reflect.set(window, 'diary', { notices, before, after });
    window.murmuration?.subscribe((report) => {
      if (report.kind === 'points') {
        const evaluations = report.points.filter(({ kind }) => kind === 'evaluation');
        (notices.length === 0 ? before : after).push(...evaluations);
      }
      if (report.kind !== 'snapshot') return;
      for (const { id, what } of report.snapshot.notices) {
        const text = `${id}: ${what}`;
        if (!notices.includes(text)) notices.push(text);
      }
    });
  });
}

const diaryOf = (page: Page): Promise<Diary> => page.evaluate(() => Reflect.get(window, 'diary'));

function meanLoss(points: readonly Evaluation[]): number {
  return points.reduce((sum, { testLoss }) => sum + testLoss, 0) / points.length;
}

/** Rounds between evaluations, and so the most that a lost device costs. */
const EVALUATE_EVERY = 10;

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
        const address = `?model.hidden=32&lr=0.03&evalEvery=${EVALUATE_EVERY}&workers=${workers}#room=crash-${tabs}`;
        pages.push(await lab.tab(context, address));
      }
      const [first] = pages;
      if (first === undefined) throw new Error('There is a first tab.');
      await agreed(pages, tabs * workers);
      for (const page of pages) await keepDiary(page);
      expect((await snapshotOf(first)).backend).toBe('webgpu');
      await start(first);
      await advance(pages, 150);

      const { round } = await snapshotOf(first);
      const points = (await Promise.all(pages.map(diaryOf))).flatMap(({ before }) => before);
      const lossBefore = meanLoss(points.filter((point) => point.round > round - 30));
      const lossAtFirst = meanLoss(points.filter((point) => point.round === EVALUATE_EVERY));
      // Training had got somewhere: a restart could not hide.
      expect(lossBefore).toBeLessThan(lossAtFirst / 2);

      const devtools = await lab.browser.newBrowserCDPSession();
      // Its answer may die with the process.
      devtools.send('Browser.crashGpuProcess').catch(() => undefined);
      for (const page of pages) {
        await eventually(
          async () =>
            (await diaryOf(page)).notices.some((text) => text.startsWith('backend: ')) ? true : null,
          () => 'the page says that the device was lost, or is back',
        );
      }
      await advance(pages, 5 * EVALUATE_EVERY);
      for (const { phase, notices } of await agreed(pages, tabs * workers)) {
        expect(phase).toBe('running');
        expect(notices.map(({ id }) => id)).toEqual(['backend']);
      }
      for (const page of pages) {
        const { after } = await diaryOf(page);
        expect(new Set(after.map(({ seat }) => seat)).size).toBe(tabs * workers);
        // From the first evaluation on: what was lost is a few rounds.
        for (const { testLoss } of after) expect(testLoss).toBeLessThan(1.2 * lossBefore);
      }
      expect(lab.errors).toEqual([]);
    } finally {
      await lab.close();
    }
  });
});
