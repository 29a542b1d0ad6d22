/**
 * The main job, end to end: tabs in a real Chromium find each other over the lab's own signalling server,
 * form a ring over real data channels, train real digits with WGSL kernels, and survive what tabs do.
 */
import type { BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Point } from '../../src/session/snapshot.ts';
import { assembled, Lab, record, snapshotOf, until } from './lab.ts';

let lab: Lab;
let context: BrowserContext;

beforeAll(async () => {
  lab = await Lab.open();
});
afterAll(() => lab.close());
beforeEach(async () => {
  context = await lab.browser.newContext();
});
afterEach(async () => {
  await context.close();
  expect(lab.errors.splice(0)).toEqual([]);
});

async function ring(path: string, tabs: number, workers: number): Promise<Page[]> {
  const pages: Page[] = [];
  for (let tab = 0; tab < tabs; tab += 1) pages.push(await lab.tab(context, path));
  await assembled(pages, tabs * workers);
  return pages;
}

async function points<Kind extends Point['kind']>(page: Page, kind: Kind) {
  const all: readonly Point[] = await page.evaluate(() => Reflect.get(window, 'recorded'));
  return all.filter((point): point is Extract<Point, { kind: Kind }> => point.kind === kind);
}

/** Resolves once this page has the consensus distance of this round. */
async function measured(page: Page, round: number): Promise<void> {
  await page.waitForFunction(
    (end) =>
      Reflect.get(window, 'recorded').some((each: Point) => each.kind === 'consensus' && each.round === end),
    round,
  );
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

describe('three tabs with two workers each', () => {
  const ROUNDS = 64;
  const RUN = `rounds=${ROUNDS}&evalEvery=32&workers=2&lr=0.2`;
  let withoutGossip = 0;

  it('drift apart without gossip', async () => {
    const pages = await ring(`?topology=isolated&${RUN}#room=drift`, 3, 2);
    const [first] = pages as [Page];
    await record(first);
    await press(first, 'Start');
    await until(first, ({ phase }) => phase === 'finished');
    await measured(first, ROUNDS);
    withoutGossip = (await points(first, 'consensus')).at(-1)?.value ?? 0;
    expect(withoutGossip).toBeGreaterThan(0);
  });

  it.each([
    ['none', 'algorithm=d-psgd'],
    ['one-bit', 'algorithm=choco-sgd&compressor=one-bit&algorithm.eta=0.5'],
    ['top-k', 'algorithm=choco-sgd&compressor=top-k&compressor.ratio=0.1&algorithm.eta=0.4'],
  ])('form a ring of six over WebRTC and learn with %s', async (name, choice) => {
    const pages = await ring(`?${choice}&${RUN}#room=six-${name}`, 3, 2);
    const [first, second] = pages as [Page, Page];
    await record(first);
    const before = await snapshotOf(first);
    expect(before.edges).toHaveLength(6);
    expect(before.edges.filter(({ carrier }) => carrier === 'webrtc').length).toBeGreaterThanOrEqual(2);
    expect(before.backend).toBe('webgpu');
    await press(second, 'Start');
    await Promise.all(pages.map((page) => until(page, ({ phase }) => phase === 'finished')));
    for (const page of pages) {
      const { workers, round, totals } = await snapshotOf(page);
      expect(round).toBe(ROUNDS);
      const mine = workers.filter((worker) => worker.mine);
      expect(mine).toHaveLength(2);
      for (const { testAccuracy } of mine) expect(testAccuracy).toBeGreaterThan(0.7);
      if (name === 'none') expect(totals.bytesSent).toBe(totals.bytesUncompressed);
      else expect(totals.bytesSent).toBeLessThan(totals.bytesUncompressed / 4);
    }
    await measured(first, ROUNDS);
    const consensus = (await points(first, 'consensus')).at(-1);
    expect(consensus?.exact).toBe(false);
    expect(consensus?.value).toBeLessThan(withoutGossip / 3);
  });
});

describe('one tab', () => {
  it('shows a ring of eight virtual workers that learn, exactly measured', async () => {
    const page = await lab.tab(context, '?workers=8&rounds=40&evalEvery=20&lr=0.2#room=eight');
    await assembled([page], 8);
    await record(page);
    await press(page, 'Start');
    await until(page, ({ phase }) => phase === 'finished');
    const { edges, workers } = await snapshotOf(page);
    expect(edges).toHaveLength(8);
    expect(edges.every(({ carrier }) => carrier === 'memory')).toBe(true);
    for (const { testAccuracy } of workers) expect(testAccuracy).toBeGreaterThan(0.6);
    expect((await points(page, 'consensus')).at(-1)?.exact).toBe(true);
    expect((await points(page, 'model')).at(-1)?.testAccuracy).toBeGreaterThan(0.7);
  });

  it('contracts as the spectral gap predicts when learning stops', async () => {
    const page = await lab.tab(
      context,
      '?workers=6&evalEvery=1&lr=0.3&partition=shards:2&model.hidden=16#room=contract',
    );
    await assembled([page], 6);
    await record(page);
    await press(page, 'Start');
    await until(page, ({ round }) => round >= 10);
    await page.evaluate(() => {
      const recipe = window.murmuration?.snapshot()?.recipe;
      const text = JSON.stringify({ ...recipe, lr: 0 });
      window.murmuration?.send({ kind: 'command', command: { kind: 'recipe', recipe: text } });
    });
    await until(page, ({ recipe }) => recipe.lr === 0);
    const { round, spectrum } = await snapshotOf(page);
    await until(page, (snapshot, end) => snapshot.round >= end, round + 12);
    const after = (await points(page, 'consensus')).filter((point) => point.round > round + 2);
    expect(after.length).toBeGreaterThan(5);
    const lambda2 = spectrum?.lambda2 ?? 0;
    for (const [k, point] of after.entries()) {
      const before = after[k - 1];
      if (before === undefined || point.round !== before.round + 1 || point.value < 1e-4) continue;
      // λn = -1/3 decays faster: what is left is governed by λ2.
      expect(point.value / before.value).toBeLessThan(lambda2 + 0.01);
    }

    // What only the mathematics is against runs from beside its refusal, and the sentence says what it is.
    await page.getByTitle('What is sent', { exact: true }).click();
    await page.getByRole('radio', { name: /^1 bit D-PSGD/ }).click();
    const editor = page.getByRole('dialog', { name: 'What is sent' });
    expect(await editor.getByRole('status').textContent()).toMatch(/its error would never shrink/);
    expect(await editor.getByRole('button', { name: 'Use this' }).isDisabled()).toBe(true);
    await editor.getByRole('button', { name: 'Run it all the same' }).press('Enter');
    await until(page, ({ recipe }) => recipe.allow === 'whole-numbers');
    await until(page, ({ refusal }) => refusal === null);
    await page.getByText('a negative control that allows').waitFor();
    expect(new URL(page.url()).searchParams.get('allow')).toBe('whole-numbers');
  });
});

describe('the membership', () => {
  it('goes on when a tab closes, when one reloads and when one comes late', async () => {
    const pages = await ring('?evalEvery=20&algorithm=choco-sgd&compressor=one-bit#room=members', 3, 1);
    const [first, second, third] = pages as [Page, Page, Page];
    await press(first, 'Start');
    await until(first, ({ round }) => round >= 20);

    await third.close({ runBeforeUnload: false });
    const closedAt = Date.now();
    await assembled([first, second], 2);
    const { round } = await snapshotOf(first);
    await until(first, (snapshot, at) => snapshot.round > at, round + 1);
    expect(Date.now() - closedAt).toBeLessThan(6000);
    expect((await snapshotOf(first)).workers.some(({ health }) => health === 'gone')).toBe(true);

    await second.reload();
    await until(second, ({ phase }) => phase === 'running');
    await assembled([first, second], 2);
    const again = await snapshotOf(second);
    await until(second, (snapshot, at) => snapshot.round > at, again.round + 2);

    const late = await lab.tab(context, '#room=members');
    await assembled([first, second, late], 3);
    await until(late, ({ phase, round: at }) => phase === 'running' && at > 0);
    const joined = await snapshotOf(late);
    expect(joined.recipe.evalEvery).toBe(20);
    await until(late, (snapshot, at) => snapshot.round >= at, joined.round + 25);
    const { workers } = await snapshotOf(late);
    // It did not start from scratch: it is as good as the others from its first evaluation on.
    for (const { testAccuracy } of workers) expect(testAccuracy ?? 1).toBeGreaterThan(0.6);
  });

  it('starts, steps, pauses and resets for all from any tab', async () => {
    const [first, second] = (await ring('#room=commands', 2, 1)) as [Page, Page];
    await press(first, 'Step');
    await Promise.all([first, second].map((page) => until(page, ({ round }) => round === 1)));
    await press(second, 'Start');
    await until(first, ({ round, phase }) => round > 5 && phase === 'running');
    await press(first, 'Pause');
    await Promise.all([first, second].map((page) => until(page, ({ phase }) => phase === 'paused')));
    const rounds = await Promise.all([first, second].map(async (page) => (await snapshotOf(page)).round));
    expect(rounds[0]).toBe(rounds[1]);
    await press(second, 'Reset');
    await Promise.all(
      [first, second].map((page) => until(page, ({ phase, round }) => phase === 'idle' && round === 0)),
    );
  });

  it('of a plain address is one room, and #room=new another', async () => {
    const a = await lab.tab(context, '');
    const b = await lab.tab(context, '');
    const c = await lab.tab(context, '#room=new');
    await assembled([a, b], 2);
    expect((await snapshotOf(a)).room.code).toBe((await snapshotOf(b)).room.code);
    const { room, workers } = await snapshotOf(c);
    expect(workers).toHaveLength(1);
    expect(new URL(c.url()).hash).toBe(`#room=${room.code}`);
    const d = await lab.tab(context, `#room=${room.code}`);
    await assembled([c, d], 2);
  });
});

describe('a room', () => {
  /** Marks this document: gone once the page has left the room. */
  const mark = (page: Page) => page.evaluate(() => Reflect.set(window, 'marked', true));
  const marked = (page: Page) => page.evaluate(() => Reflect.get(window, 'marked') === true);
  const fragment = (page: Page) => new URL(page.url()).hash;
  const turn = (page: Page, hash: string) =>
    page.evaluate((to) => {
      window.location.hash = to;
    }, hash);

  it('is left for another room alone, whatever becomes of the fragment', async () => {
    const page = await lab.tab(context, '?workers=2&model.hidden=16#room=stay');
    // The first stop of the keyboard.
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the flock');
    await press(page, 'Start');
    await until(page, ({ round }) => round > 3);
    await mark(page);
    await page.getByRole('button', { name: 'Skip to the flock' }).press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('flock');
    expect(fragment(page)).toBe('#room=stay');

    for (const harmless of ['#flock', '#room=STAY', '#room=a/b']) await turn(page, harmless);
    await page.getByText('whose name cannot be used: “a/b”').waitFor();
    await page.goBack();
    await page.goForward();
    expect(fragment(page)).toBe('#room=stay');
    const { round } = await snapshotOf(page);
    await until(page, (snapshot, at) => snapshot.phase === 'running' && snapshot.round > at, round + 3);
    expect(await marked(page)).toBe(true);

    await turn(page, '#room=go');
    await until(page, ({ room, workers }) => room.code === 'go' && workers.length > 0);
    expect(await marked(page)).toBe(false);
    await page.goBack();
    await until(page, ({ room }) => room.code === 'stay');
  });

  it('has the name that people write; a name that cannot be joins nobody, and leads on', async () => {
    const page = await context.newPage();
    await page.goto(new URL('?model.hidden=16#room=5b%2F日本', lab.server.url).href);
    await page.getByRole('heading', { name: 'This room’s name cannot be used' }).waitFor();
    await page.getByText('It contains “/”.').waitFor();
    expect(fragment(page)).toBe('#room=5b%2F%E6%97%A5%E6%9C%AC');
    expect(await page.evaluate(() => window.murmuration)).toBeUndefined();

    const name = page.getByLabel('Choose another');
    await name.fill('5b|日本');
    await press(page, 'Go to this room');
    await page.getByText('It contains “|”.').waitFor();
    await name.fill(' 5b 日本_1.2-3 ');
    await press(page, 'Go to this room');
    await until(page, ({ room, workers }) => room.code === '5b 日本_1.2-3' && workers.length > 0);
    expect(decodeURIComponent(fragment(page))).toBe('#room=5b 日本_1.2-3');
    const other = await lab.tab(context, '#room=5B 日本_1.2-3');
    await assembled([page, other], 2);
  });
});
