/** Whether a build is still what its sources make is told from what is in the files. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { madeFromNow, madeFromThen } from './made-from.ts';

const root = mkdtempSync(join(tmpdir(), 'murmuration-made-from-'));
afterAll(() => rmSync(root, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
}

test('another source is another build; another time, a test or what a build makes is not', () => {
  write('index.html', '<html>');
  write('src/deep/a.ts', 'a');
  write('public/data/digits.bin', '1');
  const before = madeFromNow(root);
  utimesSync(join(root, 'index.html'), new Date(0), new Date(0));
  write('public/data/digits.bin', '2');
  write('src/deep/a.test.ts', 'a');
  write('results/run.json', '{}');
  expect(madeFromNow(root)).toEqual(before);
  for (const [name, text] of [
    ['src/deep/a.ts', 'b'],
    ['index.html', '<html >'],
    ['public/ring.png', ''],
    ['package-lock.json', '{}'],
    ['src/deep/b.ts', ''],
  ] as const) {
    const last = madeFromNow(root);
    write(name, text);
    expect(madeFromNow(root).files).not.toBe(last.files);
  }
});

test('a build that does not say what it was made from is none', () => {
  expect(madeFromThen(join(root, 'dist'))).toBeNull();
  for (const [text, known] of [
    ['', false],
    ['{"files": 3}', false],
    [JSON.stringify(madeFromNow(root)), true],
  ] as const) {
    write('dist/made-from.json', text);
    expect(madeFromThen(join(root, 'dist'))).toEqual(known ? madeFromNow(root) : null);
  }
});
