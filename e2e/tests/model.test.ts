/**
 * A model that can be used: drawn on, judged, taken out as a file, brought back after a reload, and resumed
 * by every tab of the room. In a real Chromium, through the page's own controls.
 */
import { readFile } from 'node:fs/promises';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decodeSafetensors } from '../../src/models/safetensors.ts';
import { assembled, Lab, snapshotOf, until } from './lab.ts';

let lab: Lab;
let context: BrowserContext;

beforeAll(async () => {
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

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

async function downloaded(page: Page, name: string): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent('download'), press(page, name)]);
  return readFile(await download.path());
}

/** Draws through these points, given as shares of the paper. */
async function draw(page: Page, points: readonly (readonly [number, number])[]): Promise<void> {
  const paper = page.getByRole('img', { name: 'Draw here' });
  await paper.scrollIntoViewIfNeeded();
  const box = await paper.boundingBox();
  if (box === null) throw new Error('There is no paper.');
  const at = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  const [first, ...rest] = points;
  if (first === undefined) return;
  await page.mouse.move(...at(first));
  await page.mouse.down();
  for (const point of rest) await page.mouse.move(...at(point));
  await page.mouse.up();
}

const CIRCLE = Array.from({ length: 25 }, (_, k) => {
  const angle = (2 * Math.PI * k) / 24;
  return [0.5 + 0.22 * Math.sin(angle), 0.5 - 0.32 * Math.cos(angle)] as const;
});

describe('the model', () => {
  it('reads a drawn digit, leaves as a file, and is resumed from it after a reload, in two tabs', {
    timeout: 240_000,
  }, async () => {
    const address = '?workers=2&rounds=80&evalEvery=20&lr=0.2&model.hidden=32#room=model';
    const page = await lab.tab(context, address);
    const other = await lab.tab(context, '#room=model');
    await assembled([page, other], 3);
    await press(page, 'Start');
    await until(page, ({ phase }) => phase === 'finished');

    await press(page, 'Try it');
    await draw(page, CIRCLE);
    const said = page.locator('.predictions li');
    // Two workers of this tab, and the average of all three.
    await expect.poll(() => said.count(), { timeout: 20_000 }).toBe(3);
    await expect
      .poll(async () => (await said.locator('.said b').allTextContents()).join(), { timeout: 20_000 })
      .toBe('0,0,0');
    // The same by keyboard: a test example.
    await page.getByRole('button', { name: 'Next test example' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Test example 1 of 2').waitFor();

    await press(page, 'How well');
    await page.getByText(/right of 2.000 test rows/).waitFor();
    const cells = await page.locator('.confusion tbody td:not(:last-child)').allTextContents();
    const total = cells.reduce((sum, text) => sum + Number(text.replace(/\D/g, '') || 0), 0);
    expect(total).toBe(2000);
    expect(await page.locator('.mistakes canvas').count()).toBe(12);

    await press(page, 'Keep it');
    const file = await downloaded(page, 'Download safetensors');
    const { metadata, tensors } = decodeSafetensors(file);
    expect(metadata).toMatchObject({ round: '80', seed: '1' });
    expect(tensors.map(({ name }) => name)).toContain('layers.0.weight');
    await press(page, 'Save in this browser');
    await page.locator('.library tbody tr').waitFor();
    const { config, provenance } = JSON.parse((await downloaded(page, 'run.json')).toString());
    expect(config.seed).toBe(1);
    expect(Date.parse(provenance.startedAt)).toBeGreaterThan(Date.parse(provenance.builtAt));
    expect(provenance.lockfile).toMatch(/^[0-9a-f]{64}$/);
    expect((await downloaded(page, 'metrics.csv')).toString().split('\n').length).toBeGreaterThan(6);
    expect((await downloaded(page, 'Charts as SVG')).toString()).toMatch(/^<svg .*Training loss/s);
    expect((await downloaded(page, 'Charts as PNG')).subarray(1, 4).toString()).toBe('PNG');

    await page.reload();
    await until(page, ({ phase }) => phase !== 'starting');
    await assembled([page, other], 3);
    await press(page, 'Keep it');
    // The library outlived the page.
    await page.locator('.library tbody tr').waitFor();
    const before = (await snapshotOf(page)).view.epoch;
    await page
      .getByLabel('Load a file')
      .setInputFiles({ name: 'model.safetensors', mimeType: 'application/octet-stream', buffer: file });
    await Promise.all(
      [page, other].map((tab) =>
        until(
          tab,
          ({ view, round, phase }, epoch) => view.epoch > epoch && round === 0 && phase === 'idle',
          before,
        ),
      ),
    );
    await Promise.all([page, other].map((tab) => tab.getByText('Somebody loaded a model').first().waitFor()));
    await press(other, 'Start');
    await until(other, ({ workers }) =>
      workers.some(({ round, testLoss }) => round >= 20 && testLoss !== null),
    );
    const { workers } = await snapshotOf(other);
    for (const { testAccuracy } of workers)
      if (testAccuracy !== null) expect(testAccuracy).toBeGreaterThan(0.8);

    // And from the library, by its own button; a model of another layout is refused with the reason.
    const epoch = (await snapshotOf(page)).view.epoch;
    await page.locator('.library tbody').getByRole('button', { name: /^Load/ }).click();
    await until(page, ({ view }, at) => view.epoch > at, epoch);
    await page.evaluate(() => {
      const recipe = window.murmuration?.snapshot()?.recipe;
      const text = JSON.stringify({ ...recipe, model: { id: 'mlp', options: { hidden: [16] } } });
      window.murmuration?.send({ kind: 'command', command: { kind: 'recipe', recipe: text } });
    });
    await until(page, ({ parameters }) => parameters === 784 * 16 + 16 + 160 + 10);
    await page.locator('.library tbody').getByRole('button', { name: /^Load/ }).click();
    await page.getByText(/is \[32, 784\], here it is \[16, 784\]/).waitFor();
    await press(page, 'Use its recipe for the room');
    await until(page, ({ parameters }) => parameters === 784 * 32 + 32 + 320 + 10);
  });

  it('draws where the line runs on a plane, and saves itself', async () => {
    const page = await lab.tab(context, '?dataset=moons&workers=3&evalEvery=5&lr=0.3#room=plane');
    await assembled([page], 3);
    await press(page, 'Keep it');
    await page.getByLabel('Save my model automatically').check();
    await page.getByLabel('every', { exact: true }).fill('1');
    await press(page, 'Start');
    await page.locator('.library tbody tr').waitFor();
    await press(page, 'Try it');
    await expect.poll(() => page.locator('.boundary canvas').count(), { timeout: 20_000 }).toBe(4);
    await page
      .locator('.boundary canvas')
      .first()
      .click({ position: { x: 20, y: 20 } });
    await expect.poll(() => page.locator('.predictions li').count(), { timeout: 20_000 }).toBe(4);
    await page.getByLabel('Left to right').focus();
    const before = await page.locator('.plane p b').textContent();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.locator('.plane p b').textContent()).not.toBe(before);
  });
});
