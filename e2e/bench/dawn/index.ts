/**
 * The lab's kernels in Node on Dawn, without a browser: that all of them compile without a word, training
 * steps, matrix products beside the card's rate of multiply-adds, and vector kernels beside its copy
 * bandwidth. Both peaks are measured in the same run (`probe.ts`).
 */
import type { Compute } from '../../../src/compute/compute.ts';
import { createWebGpuCompute, type WebGpuCompute } from '../../../src/compute/webgpu/index.ts';
import { arithmetic } from '../page/arithmetic.ts';
import { ours } from '../page/ours.ts';
import { measurePeaks, type Peaks, timeOnDevice } from '../page/probe.ts';
import { makeTask } from '../page/subject.ts';
import { type Row, row } from '../rows.ts';
import { STEP_CASES } from '../steps.ts';
import { vectorKernels } from './vectors.ts';

/** Shares of the card's f32 peak and of its copy bandwidth that we want to reach. */
const [PRODUCT_AIM, VECTOR_AIM] = [0.25, 0.6];
const SIZES = [256, 512, 1024];
/** Of a card that needs more work than that to be busy. */
const LARGE = [2048, 4096];
/** GFLOP/s above which an adapter is taken for a card. */
const CARD = 1000;

/** The card in words: what Dawn tells beyond vendor and architecture. */
async function cardName(gpu: GPU): Promise<string> {
  const info = (await gpu.requestAdapter())?.info;
  const { vendor = '', architecture = '', device = '', description = '' } = info ?? {};
  return [...new Set([description || device, vendor, architecture])].filter(Boolean).join(', ');
}

async function checkKernels(gpu: GPU, card: string, say: (line: string) => void): Promise<Row> {
  const compute = await createWebGpuCompute(gpu, { everyKernel: true });
  const { compileMessages } = compute;
  compute.destroy();
  for (const message of compileMessages) say(message);
  const aim = { at: 'most', value: 0, bound: 'the compiler’s messages are printed above' } as const;
  return row(
    'kernels',
    'compile messages of all kernels',
    'messages',
    card,
    compileMessages.length,
    null,
    aim,
  );
}

async function benchProducts(compute: Compute, card: string, peaks: Peaks): Promise<readonly Row[]> {
  const peer = { name: 'f32 peak, measured', value: peaks.gigaflops };
  const rows: Row[] = [];
  for (const n of peaks.gigaflops > CARD ? [...SIZES, ...LARGE] : SIZES) {
    const vectors = [0, 1, 2].map(() => compute.vector(n * n));
    const [dest, a, b] = vectors.map((vector) => ({ vector, offset: 0 }));
    if (!dest || !a || !b) throw new RangeError('There are three matrices.');
    const record = (repetitions: number) => {
      for (let at = 0; at < repetitions; at++) {
        compute.matrices.multiply(dest, a, b, { m: n, k: n, n });
      }
      compute.submit();
    };
    const time = await timeOnDevice(record, () => compute.finish());
    const traffic = (3 * 4 * n * n) / peaks.bandwidth / 1e6;
    const bound =
      `${time.toFixed(3)} ms, of which the operations alone need ${((2 * n ** 3) / peaks.gigaflops / 1e6).toFixed(3)} ms ` +
      `at the peak and the traffic ${traffic.toFixed(3)} ms: the rest is the kernel’s own`;
    const aim = { at: 'least', value: PRODUCT_AIM, bound } as const;
    rows.push(row('matmul', `${n} cubed`, 'GFLOP/s', card, (2 * n ** 3) / time / 1e6, peer, aim));
    compute.free(...vectors);
  }
  return rows;
}

async function benchVectors(compute: Compute, card: string, peaks: Peaks): Promise<readonly Row[]> {
  const peer = { name: 'copy bandwidth, measured', value: peaks.bandwidth };
  const { kernels, free } = vectorKernels(compute);
  const rows: Row[] = [];
  for (const { name, bytes, operations, run } of kernels) {
    const record = (repetitions: number) => {
      for (let at = 0; at < repetitions; at++) run();
      compute.submit();
    };
    const time = await timeOnDevice(record, () => compute.finish());
    const bound =
      `${time.toFixed(3)} ms, of which the traffic needs ${(bytes / peaks.bandwidth / 1e6).toFixed(3)} ms at the ` +
      `bandwidth of a copy and the operations ${(operations / peaks.gigaflops / 1e6).toFixed(3)} ms at the peak: ` +
      'the rest is indices, branches and bits';
    const aim = { at: 'least', value: VECTOR_AIM, bound } as const;
    rows.push(row('vector', `${name}, 8M f32`, 'GB/s', card, bytes / time / 1e6, peer, aim));
  }
  free();
  return rows;
}

async function benchDawnSteps(compute: WebGpuCompute, card: string, peaks: Peaks): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { model, batch, subject } of STEP_CASES) {
    const task = makeTask(model, batch);
    const mine = ours(compute, task);
    const record = (steps: number) => {
      for (let at = 0; at < steps; at++) mine.step();
    };
    const time = await timeOnDevice(record, () => mine.finish());
    mine.destroy();
    rows.push(row('sgd-step', subject, 'ms', card, time));
    const peer = { name: 'f32 peak, measured', value: peaks.gigaflops };
    rows.push(row('sgd-step', `${subject}, products`, 'GFLOP/s', card, arithmetic(task) / time / 1e6, peer));
  }
  return rows;
}

/** All rows; each is measured on the adapter that `gpu` gives first. */
export async function benchDawn(
  gpu: GPU,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<readonly Row[]> {
  const card = await cardName(gpu);
  say(`Dawn gives ${card}`);
  const rows = [await checkKernels(gpu, card, say)];
  const compute = await createWebGpuCompute(gpu);
  say('measuring what the adapter can do at most');
  const peaks = await measurePeaks(compute.device);
  rows.push(
    row('peak', 'multiply-adds out of registers', 'GFLOP/s', card, peaks.gigaflops),
    row('peak', 'copy', 'GB/s', card, peaks.bandwidth),
  );
  const benches = { steps: benchDawnSteps, products: benchProducts, vectors: benchVectors };
  for (const [name, bench] of Object.entries(benches)) {
    if (signal.aborted) break;
    say(`measuring ${name}`);
    rows.push(...(await bench(compute, card, peaks)));
  }
  compute.destroy();
  return rows;
}
