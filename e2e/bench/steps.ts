/** The training step against TensorFlow.js and jax-js, and what it costs in JavaScript. */
import type { Browser, Page } from 'playwright';
import type { Bench } from './page/main.ts';
import type { StepTimes } from './page/steps.ts';
import { type Row, row } from './rows.ts';

/** `aims`: what our time may be of each peer's. A step of LeNet or GPT takes TensorFlow.js a second here. */
export const STEP_CASES = [
  ...([32, 64, 128] as const).map((batch) => ({
    model: 'mlp' as const,
    batch,
    subject: `MLP 784-128-10, batch ${batch}`,
    course: { warmUp: 10, turns: 9, turnMs: 150 },
    aims: { 'jax-js': 1 / 2, 'TensorFlow.js': 1 / 12 },
  })),
  {
    model: 'lenet' as const,
    batch: 32,
    subject: 'LeNet 8-16-120, batch 32',
    course: { warmUp: 2, turns: 5, turnMs: 200 },
    aims: { 'TensorFlow.js': 1 / 30 },
  },
  {
    model: 'gpt' as const,
    batch: 8,
    subject: 'GPT 2 × 64, context 64, batch 8',
    course: { warmUp: 2, turns: 5, turnMs: 200 },
    aims: {},
  },
] as const;
/** What the page's thread is watched for: so many turns of each, of about so many milliseconds. */
const [SCRIPT_TURNS, SCRIPT_MS] = [5, 600];
const SAMPLING_US = 50;
const [OURS, SCRIPT_PEER] = ['Murmuration', 'jax-js'];
/** Our script a step may be this share of jax-js's. */
const SCRIPT_AIM = 1 / 5;
/** The subjects took the same steps from the same start; in f32 they agree to about this. */
const LOSS_TOLERANCE = 1e-3;

type Case = (typeof STEP_CASES)[number];
type Arguments = readonly [Case['model'], number, Case['course']];

function runSteps([model, batch, course]: Arguments) {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.steps(model, batch, course);
}

function repeatSteps([name, steps]: readonly [string, number]) {
  const bench: Bench = Reflect.get(window, 'bench');
  return bench.repeatSteps(name, steps);
}

/** Where a profile's samples are not in anybody's script. */
const NO_SCRIPT = new Set(['(root)', '(idle)', '(program)']);

/**
 * Milliseconds of JavaScript a step of each, with the browser's calls it makes: what a sampling profiler
 * sees of the page's thread, so also what runs after the call that asked for the step, but no waiting. Means
 * over interleaved turns.
 */
async function scriptTimes(
  page: Page,
  names: readonly string[],
  step: Readonly<Record<string, number>>,
): Promise<Readonly<Record<string, number>>> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Profiler.enable');
  await devtools.send('Profiler.setSamplingInterval', { interval: SAMPLING_US });
  const times = new Map<string, { script: number; steps: number }>();
  for (let at = 0; at < SCRIPT_TURNS; at++) {
    for (const name of names) {
      const steps = Math.max(3, Math.round(SCRIPT_MS / (step[name] ?? SCRIPT_MS)));
      const given: readonly [string, number] = [name, steps];
      await devtools.send('Profiler.start');
      await page.evaluate(repeatSteps, given);
      const { profile } = await devtools.send('Profiler.stop');
      const { nodes, samples = [], timeDeltas = [] } = profile;
      const outside = new Set(
        nodes.filter(({ callFrame }) => NO_SCRIPT.has(callFrame.functionName)).map(({ id }) => id),
      );
      // A sample stands for the time up to the next one.
      const script = samples.reduce(
        (sum, node, k) => sum + (outside.has(node) ? 0 : (timeDeltas[k + 1] ?? 0) / 1000),
        0,
      );
      const before = times.get(name) ?? { script: 0, steps: 0 };
      times.set(name, { script: before.script + script, steps: before.steps + steps });
    }
  }
  return Object.fromEntries([...times].map(([name, { script, steps }]) => [name, script / steps]));
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** What a step that is not fast enough spends its time on, from what was measured with it. */
export function stepBound(
  milliseconds: number,
  { operations, dispatches, peaks }: Pick<StepTimes, 'operations' | 'dispatches' | 'peaks'>,
): string {
  const rate = operations / milliseconds / 1e6;
  return (
    `its products and convolutions are ${(operations / 1e6).toFixed(0)} million operations, done at ` +
    `${rate.toFixed(1)} GFLOP/s, ${percent(rate / peaks.gigaflops)} of the ${peaks.gigaflops.toFixed(1)} GFLOP/s ` +
    `that this adapter reaches out of registers; the rest is ${dispatches} kernels a step, their start and ` +
    `their traffic with memory (${peaks.bandwidth.toFixed(1)} GB/s at most)`
  );
}

export async function benchSteps(browser: Browser, url: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { model, batch, subject, course, aims } of STEP_CASES) {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction(() => Reflect.has(window, 'bench'));
    const given: Arguments = [model, batch, course];
    const times = await page.evaluate(runSteps, given);
    const scripts = await scriptTimes(page, [OURS, SCRIPT_PEER], times.step);
    await page.close();
    const losses = Object.values(times.loss);
    if (!(Math.max(...losses) - Math.min(...losses) <= LOSS_TOLERANCE)) {
      throw new Error(`The subjects do not compute the same: losses ${JSON.stringify(times.loss)}.`);
    }
    const { [OURS]: ours = Number.NaN, ...peers } = times.step;
    const wanted: Readonly<Record<string, number>> = aims;
    for (const [name, value] of Object.entries(peers)) {
      const aim = wanted[name];
      const bound = stepBound(ours, times);
      const goal = aim === undefined ? null : { at: 'most' as const, value: aim, bound };
      rows.push(row('sgd-step', subject, 'ms', times.adapter, ours, { name, value }, goal));
    }
    const scriptBound = `${times.dispatches} kernels are recorded anew for every step`;
    const scriptAim = { at: 'most' as const, value: SCRIPT_AIM, bound: scriptBound };
    const scriptPeer = { name: SCRIPT_PEER, value: scripts[SCRIPT_PEER] ?? Number.NaN };
    const script = scripts[OURS] ?? Number.NaN;
    rows.push(row('script-per-step', subject, 'ms', times.adapter, script, scriptPeer, scriptAim));
  }
  return rows;
}
