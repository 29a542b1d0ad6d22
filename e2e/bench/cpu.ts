/** The training step without a GPU, against TensorFlow.js on its wasm and cpu backends. */
import type { Browser } from 'playwright';
import type { Bench } from './page/main.ts';
import { type Row, row } from './rows.ts';

/** `warmUp`: steps before the clock runs. A step of LeNet takes TensorFlow.js's cpu backend a second. */
const CASES = [
  { model: 'mlp', batch: 32, subject: 'MLP 784-128-10, batch 32', warmUp: 10, turns: 9 },
  { model: 'mlp', batch: 64, subject: 'MLP 784-128-10, batch 64', warmUp: 10, turns: 9 },
  { model: 'lenet', batch: 32, subject: 'LeNet 8-16-120, batch 32', warmUp: 2, turns: 5 },
] as const;
const TURN_MS = 120;
/** The subjects took the same steps from the same start; in f32 they agree to about this. */
const LOSS_TOLERANCE = 1e-3;
/** What our backend calls itself where it has its kernels, and without them. */
const [OURS, FALLBACK] = ['WebAssembly SIMD', 'TypeScript'];

type Arguments = readonly ['mlp' | 'lenet', number, number, number, number];

function runSteps([model, batch, warmUp, turns, milliseconds]: Arguments) {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.cpuSteps(model, batch, warmUp, turns, milliseconds);
}

export async function benchCpu(browser: Browser, url: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { model, batch, subject, warmUp, turns } of CASES) {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction(() => Reflect.has(window, 'bench'));
    const given: Arguments = [model, batch, warmUp, turns, TURN_MS];
    const times = await page.evaluate(runSteps, given);
    await page.close();
    const { [OURS]: ours, [FALLBACK]: fallback, ...peers } = times.step;
    if (ours === undefined || fallback === undefined) {
      throw new Error('This browser has no WebAssembly SIMD, so there is nothing to compare.');
    }
    const losses = Object.values(times.loss);
    if (!(Math.max(...losses) - Math.min(...losses) <= LOSS_TOLERANCE)) {
      throw new Error(`The subjects do not compute the same: losses ${JSON.stringify(times.loss)}.`);
    }
    for (const [name, value] of Object.entries(peers)) {
      const threads = times.threads === 1 ? 'one thread' : `${times.threads} threads`;
      const peer = name.endsWith('wasm') ? `${name}, ${threads}` : name;
      rows.push(row('cpu-step', subject, 'ms', OURS, ours, { name: peer, value }));
    }
    rows.push(row('cpu-step', subject, 'ms', OURS, ours, { name: `our ${FALLBACK}`, value: fallback }));
  }
  return rows;
}
