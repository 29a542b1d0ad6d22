/** What compressing costs: one million numbers, on both backends, and against reading them back whole. */
import type { Browser } from 'playwright';
import type { Bench } from './page/main.ts';
import { type Row, row } from './rows.ts';

const LENGTH = 1_000_000;
const TURNS = 9;

function runCompressors([length, turns]: [number, number]) {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.compressors(length, turns);
}

export async function benchCompressors(browser: Browser, url: string): Promise<readonly Row[]> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction(() => Reflect.has(window, 'bench'));
  const { cpuAdapter, gpuAdapter, times } = await page.evaluate(runCompressors, [LENGTH, TURNS] satisfies [
    number,
    number,
  ]);
  await page.close();
  return Object.entries(times).flatMap(([id, time]) => [
    row('compress', `${id}, encode 1M f32`, 'ms', gpuAdapter, time.gpuEncode, time.readBack),
    row('compress', `${id}, decode 1M f32`, 'ms', gpuAdapter, time.gpuDecode),
    row('compress', `${id}, encode 1M f32`, 'ms', cpuAdapter, time.cpuEncode),
    row('compress', `${id}, decode 1M f32`, 'ms', cpuAdapter, time.cpuDecode),
  ]);
}
