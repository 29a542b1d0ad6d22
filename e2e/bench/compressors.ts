/** What compressing costs: one million numbers, on both backends, and against reading them back whole. */
import type { Browser } from 'playwright';
import type { Bench } from './page/main.ts';
import { type Aim, type Row, row } from './rows.ts';

const LENGTH = 1_000_000;
const TURNS = 9;
/** Encodings that should cost no more than reading the whole vector back and compressing in JavaScript. */
const AIMED = ['one-bit', 'top-k'];

function runCompressors([length, turns]: [number, number]) {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.compressors(length, turns);
}

export async function benchCompressors(browser: Browser, url: string): Promise<readonly Row[]> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction(() => Reflect.has(window, 'bench'));
  const { cpuAdapter, gpuAdapter, roundTrip, wholeReadBack, onePass, times } = await page.evaluate(
    runCompressors,
    [LENGTH, TURNS] satisfies [number, number],
  );
  await page.close();
  const entries = Object.entries(times);
  const size = (bytes: number) => `${Math.round(bytes / 1000)} kB`;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const aimOf = (id: string): Aim | null => {
    const passing = `one pass over all numbers and a round trip take ${ms(onePass)}, a round trip alone ${ms(roundTrip)}`;
    const bound = `${passing}; the peer reads all back in ${ms(wholeReadBack)}, the rest of its time is JavaScript`;
    return AIMED.includes(id) ? { at: 'most', value: 1, bound } : null;
  };
  return [
    // What no encoding can do without: a round trip; all of the numbers read back, or looked at on the device.
    row('compress', 'bound: one word read back', 'ms', gpuAdapter, roundTrip),
    row('compress', 'bound: 1M f32 read back', 'ms', gpuAdapter, wholeReadBack),
    row('compress', 'bound: 1M f32 summed, one word read back', 'ms', gpuAdapter, onePass),
    ...entries.map(([id, { bytes, gpuEncode, readBack }]) =>
      row(
        'compress',
        `${id}, encode 1M f32 to ${size(bytes)}`,
        'ms',
        gpuAdapter,
        gpuEncode,
        readBack,
        aimOf(id),
      ),
    ),
    ...entries.map(([id, { gpuDecode }]) => row('compress', `${id}, decode`, 'ms', gpuAdapter, gpuDecode)),
    ...entries.map(([id, { cpuEncode }]) => row('compress', `${id}, encode`, 'ms', cpuAdapter, cpuEncode)),
    ...entries.map(([id, { cpuDecode }]) => row('compress', `${id}, decode`, 'ms', cpuAdapter, cpuDecode)),
  ];
}
