/** The training step against TensorFlow.js and jax-js, and what it costs in JavaScript. */
import type { Browser } from 'playwright';
import type { Bench } from './page/main.ts';
import { type Row, row } from './rows.ts';

const BATCHES = [32, 64];
const TURNS = 7;
const STEPS = 10;
/** The subjects took the same steps from the same start; in f32 they agree to about this. */
const LOSS_TOLERANCE = 1e-3;

function runSteps([batch, turns, steps]: [number, number, number]) {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.steps(batch, turns, steps);
}

export async function benchSteps(browser: Browser, url: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const batch of BATCHES) {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction(() => Reflect.has(window, 'bench'));
    const times = await page.evaluate(runSteps, [batch, TURNS, STEPS] satisfies [number, number, number]);
    await page.close();
    const { Murmuration: ours = Number.NaN, ...peers } = times.step;
    const losses = Object.values(times.loss);
    if (!(Math.max(...losses) - Math.min(...losses) <= LOSS_TOLERANCE)) {
      throw new Error(`The subjects do not compute the same: losses ${JSON.stringify(times.loss)}.`);
    }
    const subject = `MLP 784-128-10, batch ${batch}`;
    for (const [name, value] of Object.entries(peers)) {
      rows.push(row('sgd-step', subject, 'ms', times.adapter, ours, { name, value }));
    }
    rows.push(row('script-per-step', subject, 'ms', times.adapter, times.script));
  }
  return rows;
}
