/** The training step without a GPU, against TensorFlow.js on its wasm and cpu backends. */
import type { Browser } from 'playwright';
import type { Bench } from './page/main.ts';
import { type Row, row } from './rows.ts';

/** `aims`: what our time may be of each peer's. A step of LeNet takes TensorFlow.js's cpu backend a second. */
const CASES = [
  ...([32, 64] as const).map((batch) => ({
    model: 'mlp' as const,
    batch,
    subject: `MLP 784-128-10, batch ${batch}`,
    course: { warmUp: 10, turns: 9, turnMs: 120 },
    aims: { 'TensorFlow.js wasm': 1.5 },
  })),
  {
    model: 'lenet' as const,
    batch: 32,
    subject: 'LeNet 8-16-120, batch 32',
    course: { warmUp: 2, turns: 5, turnMs: 120 },
    aims: { 'TensorFlow.js cpu': 1 / 10 },
  },
] as const;
/** The subjects took the same steps from the same start; in f32 they agree to about this. */
const LOSS_TOLERANCE = 1e-3;
/** What our backend calls itself where it has its kernels, and without them. */
const [OURS, FALLBACK] = ['WebAssembly SIMD', 'TypeScript'];

type Case = (typeof CASES)[number];
type Arguments = readonly [Case['model'], number, Case['course']];

function runSteps([model, batch, course]: Arguments) {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.cpuSteps(model, batch, course);
}

export async function benchCpu(browser: Browser, url: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { model, batch, subject, course, aims } of CASES) {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction(() => Reflect.has(window, 'bench'));
    const given: Arguments = [model, batch, course];
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
    const wanted: Readonly<Record<string, number>> = aims;
    for (const [name, value] of Object.entries(peers)) {
      const threads = times.threads === 1 ? 'one thread' : `${times.threads} threads`;
      const peer = name.endsWith('wasm') ? `${name}, ${threads}` : name;
      const bound = `one thread: the TypeScript path alone takes ${fallback.toFixed(1)} ms, and ${peer} ${value.toFixed(1)} ms`;
      const aim = wanted[name];
      const goal = aim === undefined ? null : { at: 'most' as const, value: aim, bound };
      rows.push(row('cpu-step', subject, 'ms', OURS, ours, { name: peer, value }, goal));
    }
    rows.push(row('cpu-step', subject, 'ms', OURS, ours, { name: `our ${FALLBACK}`, value: fallback }));
  }
  return rows;
}
