/** Products of square matrices, ours in both families, against TensorFlow.js, jax-js and onnxruntime-web. */
import type { Browser } from 'playwright';
import type { Bench } from './page/main.ts';
import type { Course } from './page/race.ts';
import { type Row, row } from './rows.ts';

/** `aims`: what our rate should at least be of each peer's. */
const CASES: readonly (readonly [number, Course, Readonly<Record<string, number>>])[] = [
  [256, { warmUp: 2, turns: 9, turnMs: 120 }, {}],
  [512, { warmUp: 1, turns: 7, turnMs: 200 }, { 'jax-js': 1, 'TensorFlow.js': 4 }],
  [1024, { warmUp: 1, turns: 5, turnMs: 200 }, {}],
];
const FAMILIES = ['direct', 'tiled'];
/** The checks are of the order of one; sums of a thousand f32 products agree to about this. */
const TOLERANCE = 1e-3;

type Arguments = readonly [number, Course];

function runProducts([n, course]: Arguments) {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.products(n, course);
}

export async function benchProducts(browser: Browser, url: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [n, course, aims] of CASES) {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction(() => Reflect.has(window, 'bench'));
    const given: Arguments = [n, course];
    const times = await page.evaluate(runProducts, given);
    await page.close();
    const checks = Object.values(times.check);
    if (!(Math.max(...checks) - Math.min(...checks) <= TOLERANCE)) {
      throw new Error(`The subjects do not compute the same: ${JSON.stringify(times.check)}.`);
    }
    const { adapter, chosen, milliseconds, peak } = times;
    const rate = (name: string) => (2 * n ** 3) / (milliseconds[name] ?? Number.NaN) / 1e6;
    const subject = (family: string) => `${n} cubed, ${family}${family === chosen ? ' (chosen here)' : ''}`;
    const share = (100 * rate(chosen)) / peak;
    const bound = `${share.toFixed(0)} % of the ${peak.toFixed(0)} GFLOP/s that this adapter reaches out of registers`;
    for (const name of Object.keys(milliseconds)) {
      if (name === chosen) continue;
      if (FAMILIES.includes(name)) {
        rows.push(row('matmul', subject(name), 'GFLOP/s', adapter, rate(name)));
        continue;
      }
      const aim = aims[name];
      const goal = aim === undefined ? null : { at: 'least' as const, value: aim, bound };
      const peer = { name, value: rate(name) };
      rows.push(row('matmul', subject(chosen), 'GFLOP/s', adapter, rate(chosen), peer, goal));
    }
  }
  return rows;
}
