/**
 * A person's own data in a real page: IDX files and tables are dropped, recognised, used by the room and
 * still there after a reload; tabs with private files of their own learn together; bad files are told.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { zipSync } from 'fflate';
import type { BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { writeIdx } from '../../src/data/idx-format.ts';
import { main } from '../experiments/main.ts';
import { assembled, Lab, PATIENCE_MS, snapshotOf, until } from './lab.ts';

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

type Files = Readonly<Record<string, Uint8Array | string>>;

/** Drops files on the page, as a file manager would. */
async function drop(page: Page, files: Files): Promise<void> {
  const given = Object.entries(files).map(([name, content]) => ({
    name,
    bytes: [...(typeof content === 'string' ? new TextEncoder().encode(content) : content)],
  }));
  await page.evaluate((all) => {
    const transfer = new DataTransfer();
    for (const { name, bytes } of all) transfer.items.add(new File([new Uint8Array(bytes)], name));
    for (const kind of ['dragover', 'drop']) {
      const event = new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
    }
  }, given);
}

/** Pictures of 16 × 16: class 0 is bright on the left, class 1 on the right. */
function pictures(rows: number): { readonly images: Uint8Array; readonly labels: Uint8Array } {
  const values = new Uint8Array(rows * 256);
  const labels = Uint8Array.from({ length: rows }, (_, row) => row % 2);
  for (let at = 0; at < values.length; at++) {
    const side = at % 16 < 8 ? 0 : 1;
    values[at] = (side === Math.floor(at / 256) % 2 ? 170 : 20) + ((at * 37) % 60);
  }
  return {
    images: writeIdx({ dimensions: [rows, 16, 16], values }),
    labels: writeIdx({ dimensions: [rows], values: labels }),
  };
}

/** Two classes on either side of x = 0. */
const table = (rows: number, shift: number) =>
  `x,y,side\n${Array.from({ length: rows }, (_, row) => {
    const x = (row % 2 === 0 ? -1 : 1) * (0.5 + ((row * 7) % 10) / 10);
    return `${x},${(row % 5) + shift},${row % 2 === 0 ? 'left' : 'right'}`;
  }).join('\n')}\n`;

const panel = (page: Page) => page.getByRole('dialog', { name: 'Your own data' });
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const shown = (page: Page, text: string | RegExp) =>
  panel(page).getByText(text).first().waitFor({ timeout: PATIENCE_MS });

it('takes IDX files that are dropped, trains LeNet on them, and still has them after a reload', async () => {
  const page = await lab.tab(
    context,
    '?rounds=30&evalEvery=30&lr=0.1&model=lenet&transport=memory&workers=2',
  );
  const [train, test] = [pictures(120), pictures(40)];
  await drop(page, {
    'train-images-idx3-ubyte': train.images,
    'train-labels-idx1-ubyte': train.labels,
    't10k-images-idx3-ubyte': test.images,
    't10k-labels-idx1-ubyte': test.labels,
  });
  await shown(page, 'train-images-idx3-ubyte + 3: IDX pictures');
  await shown(page, '120 to train on, 40 for testing');
  await shown(page, '16 × 16 pixels, grey');
  await press(page, 'Use it');
  await until(page, ({ recipe, phase }) => recipe.dataset.id === 'idx' && phase === 'idle');
  await press(page, 'Data');
  await panel(page).getByRole('img', { name: 'Worker 0: 60 rows.' }).waitFor({ timeout: PATIENCE_MS });
  await page.keyboard.press('Escape');
  await press(page, 'Start');
  await until(page, ({ phase }) => phase === 'finished');
  const { workers } = await snapshotOf(page);
  expect(workers.map(({ rows }) => rows)).toEqual([60, 60]);
  for (const { testAccuracy } of workers) expect(testAccuracy).toBeGreaterThan(0.9);

  await page.reload();
  await until(page, ({ recipe, phase }) => recipe.dataset.id === 'idx' && phase === 'idle');
  await press(page, 'Start');
  await until(page, ({ round }) => round > 0);
  await press(page, 'Data');
  await panel(page).getByRole('button', { name: 'Delete train-images-idx3-ubyte + 3' }).click();
  await shown(page, /Nothing yet/);
});

it('lets tabs learn from private tables of their own, and waits with whoever has none', async () => {
  const path = '?rounds=60&evalEvery=30&lr=0.2&transport=broadcast#room=private';
  const first = await lab.tab(context, path);
  await drop(first, { 'mine.csv': table(60, 0) });
  await shown(first, 'mine.csv: a table');
  await panel(first).getByText('2 classes').waitFor();
  await panel(first)
    .getByRole('checkbox', { name: /Every tab brings/ })
    .check();
  await press(first, 'Use it');
  await until(first, ({ recipe, phase }) => recipe.dataset.options.private === true && phase === 'idle');

  const second = await lab.tab(context, path);
  await until(second, ({ notices }) =>
    notices.some(({ what }) => what.includes('drop yours here to take part')),
  );
  await assembled([first], 1);
  await drop(second, { 'yours.csv': table(40, 3) });
  await shown(second, 'yours.csv: a table');
  await press(second, 'Take part with it');
  await assembled([first, second], 2);
  await until(second, ({ phase }) => phase === 'idle');
  await press(first, 'Start');
  for (const page of [first, second]) await until(page, ({ phase }) => phase === 'finished');
  // A file without the agreed columns is told in one sentence; the tab that dropped it is not taken along.
  const third = await lab.tab(context, path);
  await until(third, ({ notices }) => notices.some(({ what }) => what.includes('drop yours here')));
  await drop(third, { 'other.csv': 'a,side\n1,left\n2,right\n' });
  await shown(third, 'other.csv: a table');
  await press(third, 'Take part with it');
  await panel(third)
    .or(third.getByRole('region', { name: 'Notices' }))
    .getByText('other.csv has no column "x"')
    .first()
    .waitFor({ timeout: PATIENCE_MS });
  await assembled([first, second], 2);
  for (const [page, rows] of [
    [first, 48],
    [second, 32],
  ] as const) {
    const mine = (await snapshotOf(page)).workers.find((worker) => worker.mine);
    expect(mine?.rows).toBe(rows);
    expect(mine?.testAccuracy).toBeGreaterThan(0.9);
  }
});

it('leaves out columns that cannot be used, and measures how different the workers are, by keyboard', async () => {
  const page = await lab.tab(context, '?workers=2&transport=memory');
  const lines = Array.from(
    { length: 80 },
    (_, row) =>
      `guest ${row},${row === 5 ? '' : row},${row % 2},${(row * 7) % 9},${row % 2 === 0 ? 'in' : 'out'}`,
  );
  await drop(page, { 'guests.csv': `name,age,first,second,where\n${lines.join('\n')}\n` });
  await shown(page, /"name" has more than 64 different texts/);
  await shown(page, /row 7: the column "age" is empty/);
  await shown(page, '5 columns, 2 not used');
  const second = panel(page).getByRole('checkbox', { name: 'Predict from second' });
  await second.focus();
  await page.keyboard.press('Space');
  await shown(page, '5 columns, 3 not used');
  // What is left is the last: it stays.
  expect(await panel(page).getByRole('checkbox', { name: 'Predict from first' }).isDisabled()).toBe(true);
  await panel(page).getByRole('button', { name: 'Use it' }).focus();
  await page.keyboard.press('Enter');
  await until(page, ({ recipe, phase }) => recipe.dataset.options.columns === 'first' && phase === 'idle');
  await page.getByRole('button', { name: 'Data', exact: true }).focus();
  await page.keyboard.press('Enter');
  await panel(page).getByRole('button', { name: 'Measure' }).focus();
  await page.keyboard.press('Enter');
  const measured = panel(page).getByRole('status', { name: 'Difference of gradients, ζ²' });
  await measured.waitFor();
  expect(Number(await measured.textContent())).toBeGreaterThanOrEqual(0);
});

it('takes a table from the command line into every tab', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'murmuration-tabs-'));
  const err: string[] = [];
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(() => undefined),
    vi.spyOn(console, 'error').mockImplementation((text) => void err.push(String(text))),
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
  ];
  const run = (name: string, more: readonly string[]) =>
    main(
      [
        ...['--tabs', '3', '--transport', 'broadcast', '--rounds', '60', '--eval-every', '30', '--lr', '0.2'],
        ...['--dataset', `csv:${path.join(folder, 'my sides.csv')}`, '--target', 'side'],
        ...['--out', path.join(folder, name), '--set', 'dataset.test=0.2', ...more],
      ],
      new AbortController().signal,
    );
  try {
    await writeFile(path.join(folder, 'my sides.csv'), table(90, 0));
    expect({ code: await run('dealt', []), err }).toEqual({ code: 0, err: [] });
    const read = async (name: string) =>
      JSON.parse(await readFile(path.join(folder, name, 'run.json'), 'utf8'));
    const dealt = await read('dealt');
    expect(dealt.workers.map(({ rows }: { rows: number }) => rows)).toEqual([24, 24, 24]);
    expect(dealt.summary).toMatchObject({ rounds: 60, stoppedBy: 'rounds' });
    expect(dealt.summary.ownTestAccuracy.worst).toBeGreaterThan(0.9);
    // The same command works again from what was written: the file's path is as it was given.
    expect(dealt.config.dataset.options.file).toBe(path.join(folder, 'my sides.csv'));

    expect({ code: await run('own', ['--set', 'dataset.private=true']), err }).toEqual({ code: 0, err: [] });
    const own = await read('own');
    expect(own.workers.map(({ rows }: { rows: number }) => rows)).toEqual([72, 72, 72]);

    await writeFile(path.join(folder, 'my sides.csv'), 'x,side\n1,left\n2,right,3\n');
    expect(await run('ragged', [])).toBe(1);
    expect(err.join()).toMatch(/my sides\.csv, row 3: it has 3 cells/);
  } finally {
    for (const spy of spies) spy.mockRestore();
    await rm(folder, { recursive: true });
  }
});

it('reads PNG and JPEG pictures in class folders of a zip, and says which of them is none', async () => {
  const page = await lab.tab(context, '?rounds=20&evalEvery=20&transport=memory');
  // Dark and light pictures, as the browser's own encoders make them.
  const made = await page.evaluate(async () => {
    const files: Record<string, number[]> = {};
    for (let i = 0; i < 20; i += 1) {
      for (const [kind, grey] of [
        ['dark', 20 + i],
        ['light', 200 + i],
      ] as const) {
        const canvas = new OffscreenCanvas(40, 30);
        const context = canvas.getContext('2d');
        if (context === null) throw new Error('There is no canvas.');
        context.fillStyle = `rgb(${grey}, ${grey}, ${grey})`;
        context.fillRect(0, 0, 40, 30);
        const type = i % 2 === 0 ? 'png' : 'jpeg';
        const blob = await canvas.convertToBlob({ type: `image/${type}` });
        files[`shades/${kind}/${i}.${type}`] = [...new Uint8Array(await blob.arrayBuffer())];
      }
    }
    return files;
  });
  const files = Object.fromEntries(
    Object.entries(made).map(([path, bytes]) => [path, Uint8Array.from(bytes)]),
  );
  await drop(page, { 'shades.zip': zipSync(files) });
  await shown(page, 'shades.zip: pictures in class folders');
  await shown(page, '32 to train on, 8 for testing');
  await shown(page, '28 × 28 pixels, grey');
  await panel(page).getByLabel('Scale pictures to').selectOption('16');
  await shown(page, '16 × 16 pixels, grey');
  await press(page, 'Use it');
  await until(page, ({ recipe, phase }) => recipe.dataset.id === 'images' && phase === 'idle');
  await press(page, 'Start');
  await until(page, ({ phase }) => phase === 'finished');
  expect((await snapshotOf(page)).workers[0]?.testAccuracy).toBe(1);
  await press(page, 'Data');
  const broken = {
    ...files,
    'shades/dark/4.png': (files['shades/dark/4.png'] ?? new Uint8Array()).subarray(0, 60),
  };
  await drop(page, { 'broken.zip': zipSync(broken) });
  await panel(page)
    .getByRole('alert')
    .filter({ hasText: 'broken.zip: shades/dark/4.png is damaged' })
    .waitFor({ timeout: PATIENCE_MS });
});

it('says in one sentence what is wrong with a file, and keeps nothing of it', async () => {
  const page = await lab.tab(context, '?transport=memory');
  await drop(page, { 'ragged.csv': 'a,b\n1,2\n1,2,3\n' });
  await panel(page)
    .getByRole('alert')
    .filter({ hasText: 'ragged.csv, row 3: it has 3 cells where the first row has 2' })
    .waitFor({ timeout: PATIENCE_MS });
  await shown(page, /Nothing yet/);
  await drop(page, { 'train-images-idx3-ubyte': pictures(3).images });
  await panel(page)
    .getByRole('alert')
    .filter({ hasText: 'is one IDX file' })
    .waitFor({ timeout: PATIENCE_MS });
  expect((await snapshotOf(page)).phase).toBe('idle');
});
