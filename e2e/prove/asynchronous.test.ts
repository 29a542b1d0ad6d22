/**
 * Really asynchronous: four tabs over real data channels, one of them four times slower by a delay that the
 * session injects, for the same number of seconds. Synchronous gossip goes at the pace of the slow tab;
 * AD-PSGD does not. How old gradients were is measured, written down, and shown in the page.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../experiments/main.ts';
import type { Summary, WorkerSummary } from '../experiments/summary.ts';
import { assembled, Lab, snapshotOf, until } from '../tests/lab.ts';
import { send } from './flock.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'murmuration-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly summary: Summary;
  readonly workers: readonly WorkerSummary[];
}

/** Gradients take a length of their own, so that it is not the tabs' common machine that sets the pace. */
async function experiment(name: string, flags: string): Promise<Run> {
  const out = path.join(folder, name);
  const common =
    '--tabs 4 --topology ring --compute 100ms --straggler 3:4x --seconds 20 --eval-every 100000 --seed 1 --json';
  const args = `${common} --out ${out} ${flags}`.split(' ');
  const code = await main(args, new AbortController().signal);
  if (code !== 0) throw new Error(`The experiment ended with ${code}: ${flags}`);
  return JSON.parse(readFileSync(path.join(out, 'run.json'), 'utf8'));
}

const steps = ({ workers }: Run, seat: number) =>
  workers.find((worker) => worker.seat === seat)?.rounds ?? Number.NaN;

describe('four tabs over WebRTC, one of them four times slower', () => {
  it('AD-PSGD does at least twice the gradient steps of D-PSGD', async () => {
    const synchronous = await experiment('d-psgd', '--algorithm d-psgd');
    const asynchronous = await experiment('ad-psgd', '--algorithm ad-psgd');
    const told = [synchronous, asynchronous].map(({ summary, workers }) => ({
      gradientSteps: summary.gradientSteps,
      rounds: workers.map(({ rounds }) => rounds),
      staleness: summary.staleness,
      accuracy: summary.finalTestAccuracy,
    }));
    const seen = JSON.stringify(told);
    for (const { summary } of [synchronous, asynchronous]) expect(summary.stoppedBy, seen).toBe('seconds');
    expect(asynchronous.summary.gradientSteps, seen).toBeGreaterThanOrEqual(
      2 * synchronous.summary.gradientSteps,
    );
    // The slow tab is slow, and nobody waits for it: the two that answer go on as fast as they can, and the
    // other one that asks has its answers from them.
    for (const seat of [0, 2]) {
      expect(steps(asynchronous, seat), seen).toBeGreaterThan(2 * steps(asynchronous, 3));
    }
    expect(steps(asynchronous, 1), seen).toBeGreaterThan(steps(asynchronous, 3));
    // Everybody learns: the models that are averaged are worth it.
    expect(asynchronous.summary.finalTestAccuracy ?? 0, seen).toBeGreaterThan(0.8);
    const { staleness } = asynchronous.summary;
    const measured = staleness?.histogram.reduce((sum, [, count]) => sum + count, 0) ?? 0;
    // As the tabs said last, a moment before they stopped.
    expect(measured, seen).toBeGreaterThan(0.9 * asynchronous.summary.gradientSteps);
    // While the slow one computes, its faster neighbours average with it.
    expect(staleness?.most ?? 0, seen).toBeGreaterThanOrEqual(2);
    expect(synchronous.summary.staleness, seen).toBeNull();
  });
});

describe('the page', () => {
  /** The rows of the histogram: updates from and to, and gradients. */
  const rowsIn = (page: Page) =>
    page.getByRole('table', { name: 'Staleness of gradients' }).evaluate((table) =>
      [...table.querySelectorAll('tbody tr')].map((row) => {
        const [updates = '', gradients = ''] = [...row.children].map((cell) => cell.textContent ?? '');
        const [first = Number.NaN, last = first] = updates
          .split('–')
          .map((text) => Number(text.replace(/\s/g, '')));
        return { first, last, gradients: Number(gradients.replace(/\s/g, '')) };
      }),
    );

  it('shows in a table what a tab measures', async () => {
    const lab = await Lab.open();
    try {
      const context = await lab.browser.newContext();
      const address = '?algorithm=ad-psgd&topology=path&rounds=120&straggler=1:4x#room=stale';
      const pages: Page[] = [];
      for (let tab = 0; tab < 3; tab += 1) pages.push(await lab.tab(context, address));
      await assembled(pages, 3);
      const [first] = pages as [Page];
      await send(first, { kind: 'command', command: { kind: 'start', stopAt: null } });
      await Promise.all(pages.map((page) => until(page, ({ phase }) => phase === 'finished')));
      for (const page of pages) {
        const { workers } = await snapshotOf(page);
        const mine = workers.find((worker) => worker.mine);
        const measured = mine?.staleness ?? [];
        expect(measured.reduce((sum, [, count]) => sum + count, 0)).toBe(120);
        await page.getByText('The flock as tables').click();
        await page
          .getByRole('button', { name: /\(you\)$/ })
          .first()
          .click();
        const rows = await rowsIn(page);
        expect(rows.length).toBeGreaterThan(0);
        for (const { first: from, last, gradients } of rows) {
          const within = measured.filter(([updates]) => updates >= from && updates <= last);
          expect(gradients).toBe(within.reduce((sum, [, count]) => sum + count, 0));
        }
        expect(rows.reduce((sum, { gradients }) => sum + gradients, 0)).toBe(120);
      }
      // The slow one in the middle of the path is asked, or asks, while it computes.
      const middle = (await snapshotOf(pages[1] ?? first)).workers.find(({ mine }) => mine);
      expect(middle?.staleness?.some(([updates]) => updates > 0)).toBe(true);
      expect(lab.errors).toEqual([]);
    } finally {
      await lab.close();
    }
  });
});
