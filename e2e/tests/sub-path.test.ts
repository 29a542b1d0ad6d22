/**
 * The lab below a path: on a host that knows nothing but files, and behind proxies that strip the path or
 * keep it. And what becomes of the page where files of it do not come.
 */
import { stat } from 'node:fs/promises';
import type { Locator, Page } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reverseProxy, staticHost } from './hosts.ts';
import { assembled, Lab, snapshotOf, until } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.open();
});
afterAll(() => lab.close());

/** Bytes of the model that is saved without any panel. */
async function downloaded(page: Page, within: Locator): Promise<number> {
  const saved = page.waitForEvent('download');
  await within.getByRole('button', { name: 'Download my model' }).click();
  return (await stat(await (await saved).path())).size;
}

it('on a host of mere files, the tabs of one browser find each other, and are told that only they can', async () => {
  const host = await staticHost('/a/b/');
  try {
    const context = await lab.browser.newContext();
    const a = await lab.tab(context, 'a/b/?backend=cpu', host.url);
    const b = await lab.tab(context, 'a/b/index.html?backend=cpu', host.url);
    await assembled([a, b], 2);
    expect((await snapshotOf(a)).edges.map(({ carrier }) => carrier)).toEqual(['broadcast']);
    await a.getByText('only the tabs of this browser can join').waitFor();
    await b.getByRole('button', { name: 'Start', exact: true }).click();
    await until(a, ({ round }) => round > 10);
  } finally {
    host.close();
  }
});

it('behind a proxy, whether it strips the path or keeps it, tabs meet over WebRTC', async () => {
  const proxy = await reverseProxy(lab.server.url);
  // Browsers of their own: nothing but signalling brings their tabs together.
  const contexts = await Promise.all([lab.browser.newContext(), lab.browser.newContext()]);
  const meet = async (path: string) => {
    const slash = [`${path}/`, path];
    const pages = await Promise.all(
      contexts.map((context, at) => lab.tab(context, `${slash[at]}?backend=cpu#room=${path}`, proxy.url)),
    );
    await assembled(pages, 2);
    for (const page of pages) {
      expect(new URL(page.url()).pathname).toBe(`/${path}/`);
      const { edges, notices } = await snapshotOf(page);
      expect(edges.map(({ carrier }) => carrier)).toEqual(['webrtc']);
      expect(notices.map(({ id }) => id)).not.toContain('no-server');
    }
  };
  try {
    await Promise.all(['strip', 'keep'].map(meet));
  } finally {
    for (const context of contexts) await context.close();
    proxy.close();
  }
});

it('what does not come, or fails, says so in its place; the rest goes on, and trying again helps', async () => {
  const context = await lab.browser.newContext();
  const lost = /\/assets\/(keep-it|charts)-/;
  // As where another version has taken the place of this one.
  await context.route(lost, (route) => route.fulfill({ status: 404, body: 'Not here' }));
  const page = await lab.tab(context, '?workers=2&rounds=100000&backend=cpu#room=lost');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByText('“Measurements” could not be fetched').waitFor();
  await page.getByRole('button', { name: 'Keep it' }).click();
  const panel = page.locator('#model-panel').getByRole('alert');
  await panel.getByText('“Keep it” could not be fetched: the lab’s server does not answer').waitFor();
  expect(await downloaded(page, panel)).toBeGreaterThan(400_000);
  await page.getByRole('button', { name: 'How well' }).click();
  await page.getByText('Rows: what it is').waitFor();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await panel.waitFor();
  await context.unroute(lost);
  await panel.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'Download safetensors' }).waitFor();

  // The whole page.
  await page.evaluate(() => {
    const Real = URL;
    Reflect.set(window, 'Real', Real);
    window.URL = class extends Real {
      constructor(...given: ConstructorParameters<typeof URL>) {
        super(...given);
        throw new Error('out of order');
      }
    };
  });
  await page.getByRole('button', { name: 'Projector' }).click();
  await page.getByText('This page could not be shown: out of order').waitFor();
  const { round } = await snapshotOf(page);
  await until(page, (snapshot, at) => snapshot.phase === 'running' && snapshot.round > at, round + 5);
  expect(await downloaded(page, page.getByRole('main'))).toBeGreaterThan(400_000);
  await page.evaluate(() => Reflect.set(window, 'URL', Reflect.get(window, 'Real')));
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'Leave projector view' }).waitFor();
});

it('a page whose files, or whose thread’s, do not come says so', async () => {
  const page = await lab.browser.newPage();
  await page.route(/\/assets\/index-.*\.js$/, (route) => route.abort());
  await page.goto(lab.server.url);
  await page.getByText('some of its files did not come from the server').waitFor();
  await page.unroute(/\/assets\/index-.*\.js$/);
  await page.route(/\/assets\/thread-.*\.js$/, (route) => route.abort());
  await page.reload();
  await page.getByText('its thread does not run (a file of it did not come').waitFor();
});
