/**
 * Models that are kept, in a real Chromium: the library outlives a crash, a full disk and damage, and says
 * so; what leaves for other programs computes there what it computes here.
 */
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { assembled, Lab, until } from './lab.ts';

let lab: Lab;
let context: BrowserContext;

beforeAll(async () => {
  ort.env.wasm.numThreads = 1;
  lab = await Lab.open();
});
afterAll(() => lab.close());
beforeEach(async () => {
  context = await lab.browser.newContext({ acceptDownloads: true });
});
afterEach(async () => {
  await context.close();
  expect(lab.errors.splice(0)).toEqual([]);
});

const ADDRESS = '?dataset=moons&workers=2&rounds=40&evalEvery=20&lr=0.3&transport=memory';
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const rows = (page: Page) => page.locator('.library tbody tr');

async function trained(): Promise<Page> {
  const page = await lab.tab(context, ADDRESS);
  await assembled([page], 2);
  await press(page, 'Start');
  await until(page, ({ phase }) => phase === 'finished');
  await press(page, 'Keep it');
  return page;
}

async function save(page: Page, name: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.keyboard.press('Enter');
}

async function downloaded(page: Page, name: string): Promise<Uint8Array> {
  const [download] = await Promise.all([page.waitForEvent('download'), press(page, name)]);
  return new Uint8Array(await readFile(await download.path()));
}

it('outlives a tab that crashes, and its newest automatic copy is resumed', async () => {
  const page = await lab.tab(context, `${ADDRESS.replace('rounds=40', 'rounds=0')}&evalEvery=5`);
  await assembled([page], 2);
  await press(page, 'Keep it');
  await page.getByLabel('Save my model automatically').check();
  await page.getByLabel('every', { exact: true }).fill('1');
  await press(page, 'Start');
  await rows(page).waitFor();
  const crashed = page.waitForEvent('crash');
  const cdp = await context.newCDPSession(page);
  // Nobody is left to answer.
  cdp.send('Page.crash').catch(() => undefined);
  await crashed;

  const next = await lab.tab(context, ADDRESS);
  await assembled([next], 2);
  await press(next, 'Keep it');
  await rows(next).waitFor();
  const round = await rows(next).locator('small').textContent();
  expect(Number(round?.replace(/\D/g, ''))).toBeGreaterThan(0);
  await rows(next).getByRole('button', { name: /^Load/ }).click();
  await until(next, ({ notices }) => notices.some(({ id }) => id === 'loaded-model'));
  await press(next, 'Start');
  await until(next, ({ phase }) => phase === 'finished');
});

it('keeps what it has when the browser has no room for more, and says what to do', async () => {
  // The browser looks at the quota now and then only: it is set before anything is kept.
  const other = await context.newPage();
  await other.goto(new URL('favicon.svg', lab.server.url).href);
  const quota = { origin: new URL(lab.server.url).origin, quotaSize: 1_000_000 };
  await (await context.newCDPSession(other)).send('Storage.overrideQuotaForOrigin', quota);
  const small = await trained();
  await save(small, 'the first');
  await small.getByText('Saved as “the first”.').waitFor();
  await small.close();

  // More than three million bytes of parameters.
  const page = await lab.tab(context, '?model.hidden=1024&transport=memory&backend=cpu');
  await until(page, ({ phase }) => phase === 'idle');
  await press(page, 'Keep it');
  await save(page, 'one too many');
  await page.getByText('This browser has no room left for models: delete some below').waitFor();
  // The name is still there to try again with.
  expect(await page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('one too many');
  expect(await rows(page).count()).toBe(1);
  await rows(page).filter({ hasText: 'the first' }).waitFor();
  await page
    .getByLabel('Load a file')
    .setInputFiles({ name: 'a.safetensors', mimeType: '', buffer: Buffer.from('hello, hello, hello') });
  await page.getByText('This is not a safetensors file of 32-bit numbers').waitFor();

  // The same for files of data.
  await press(page, 'Data');
  const text = { name: 'long.txt', mimeType: 'text/plain', buffer: Buffer.alloc(5_000_000, 'murmur ') };
  await page.locator('.data-panel input[type=file]').first().setInputFiles(text);
  await page
    .getByRole('alert')
    .filter({ hasText: 'This browser has no room left for long.txt with 5 MB' })
    .waitFor();
  await page.getByText('Nothing yet. Drop a file').waitFor();
});

it('says what is damaged, leaves the rest alone, and lets go of it when asked to', async () => {
  const page = await trained();
  for (const name of ['sound', 'flipped', 'garbled', 'lost']) {
    await save(page, name);
    await rows(page).filter({ hasText: name }).waitFor();
  }
  await page.evaluate(async () => {
    const done = <Result>(request: IDBRequest<Result>) =>
      new Promise<Result>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const store = (await done(indexedDB.open('murmuration-models')))
      .transaction('models', 'readwrite')
      .objectStore('models');
    const keys = (await done(store.getAllKeys())).map(String).filter((key) => key.startsWith('about:'));
    for (const key of keys) {
      const about = await done(store.get(key));
      const model = key.replace('about:', 'model:');
      if (about.name === 'flipped') {
        const bytes: Uint8Array = await done(store.get(model));
        bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
        await done(store.put(bytes, model));
      }
      if (about.name === 'garbled') await done(store.put({ name: 'garbled', round: 'many' }, key));
      if (about.name === 'lost') await done(store.delete(model));
    }
  });
  await page.reload();
  await until(page, ({ phase }) => phase === 'idle');
  await press(page, 'Keep it');
  await rows(page).filter({ hasText: 'garbled' }).getByText('can no longer be read here').waitFor();
  await rows(page).filter({ hasText: 'lost' }).getByText('Its file is gone').waitFor();
  await press(page, 'Load flipped');
  await page.getByText('This saved model is damaged: its numbers are not those that were saved.').waitFor();
  // Its bytes can be had all the same.
  expect((await downloaded(page, 'Download garbled')).length).toBe(
    (await downloaded(page, 'Download flipped')).length,
  );
  for (const name of ['flipped', 'garbled', 'lost']) {
    await page.getByRole('button', { name: `Delete ${name}` }).focus();
    await page.keyboard.press('Enter');
    // It asks; Escape lets go, and a second Enter does it.
    await page.getByRole('button', { name: `Really delete ${name}?` }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: `Delete ${name}`, exact: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await rows(page).filter({ hasText: name }).waitFor({ state: 'detached' });
  }
  expect(await rows(page).count()).toBe(1);
  await press(page, 'Load sound');
  await until(page, ({ notices }) => notices.some(({ id }) => id === 'loaded-model'));
});

it('leaves as ONNX, which onnxruntime runs with the same answers', async () => {
  const page = await trained();
  await page.getByLabel('Which model').selectOption('reported');
  const session = await ort.InferenceSession.create(await downloaded(page, 'Download ONNX'));
  const points = Array.from({ length: 40 }, (_, k) => Math.sin(k * 7));
  const ours = await page.evaluate(async (features) => {
    const of = ['reported'] as const;
    const answer = await window.murmuration?.ask('predict', { features: Float32Array.from(features), of });
    return [...(answer?.predictions[0]?.outputs ?? [])];
  }, points);
  const input = new ort.Tensor('float32', Float32Array.from(points), [20, 2]);
  const { probabilities } = await session.run({ input });
  await session.release();
  expect(ours.length).toBe(40);
  ours.forEach((value, at) => {
    expect(Math.abs(value - Number(probabilities?.data[at]))).toBeLessThan(1e-4);
  });
});
