/**
 * The training step without a GPU: our cpu backend, in WebAssembly and in TypeScript alone, against
 * TensorFlow.js on its wasm and its cpu backend; all in turns on one thread of one page. (The wasm backend
 * may start threads of its own, as it does by default in an isolated page; it has no gradient of a
 * convolution.)
 */
import '@tensorflow/tfjs-backend-cpu';
import { getThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { createCpuCompute, createTypeScriptCompute } from '../../../src/compute/cpu/index.ts';
import { lenetTask, ourLenet, tensorflowLenet } from './lenet.ts';
import { ours } from './ours.ts';
import { makeTask, type Subject } from './subject.ts';
import { select, type TensorflowBackend, tensorflow } from './tensorflow.ts';
import { median, turn } from './turns.ts';

export interface CpuTimes {
  /** Milliseconds a step: median over turns, by subject; ours are named by their adapters. */
  readonly step: Readonly<Record<string, number>>;
  /** Loss after the same number of steps from the same start, by subject. */
  readonly loss: Readonly<Record<string, number>>;
  /** Of TensorFlow.js's wasm backend; 0 where it did not take part. */
  readonly threads: number;
}

export type CpuModel = 'mlp' | 'lenet';

interface Entrant {
  readonly subject: Subject;
  readonly backend: TensorflowBackend | null;
}

async function entrantsOf(model: CpuModel, batch: number): Promise<readonly Entrant[]> {
  const computes = [createCpuCompute(), createTypeScriptCompute()];
  if (model === 'lenet') {
    const task = lenetTask(batch);
    return [
      ...computes.map((compute) => ({ subject: ourLenet(compute, task), backend: null })),
      { subject: await tensorflowLenet(task, 'cpu'), backend: 'cpu' },
    ];
  }
  const task = makeTask(batch);
  return [
    ...computes.map((compute) => ({
      subject: { ...ours(compute, task), name: compute.adapter },
      backend: null,
    })),
    { subject: await tensorflow(task, 'wasm'), backend: 'wasm' },
    { subject: await tensorflow(task, 'cpu'), backend: 'cpu' },
  ];
}

/** `warmUp` steps of each, twice, then `turns` of about so many milliseconds. */
export async function measureCpuSteps(
  model: CpuModel,
  batch: number,
  warmUp: number,
  turns: number,
  milliseconds: number,
): Promise<CpuTimes> {
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': threaded,
  });
  const entrants = await entrantsOf(model, batch);
  const run = async ({ subject, backend }: Entrant, steps: number): Promise<number> => {
    if (backend !== null) await select(backend);
    return turn(subject, steps);
  };
  const stepsOf = new Map<Entrant, number>();
  const loss: Record<string, number> = {};
  for (const entrant of entrants) {
    await run(entrant, warmUp);
    stepsOf.set(entrant, Math.max(1, Math.round(milliseconds / (await run(entrant, warmUp)))));
    loss[entrant.subject.name] = await entrant.subject.loss();
  }
  const times = new Map<string, number[]>();
  for (let at = 0; at < turns; at++) {
    for (const entrant of entrants) {
      const { name } = entrant.subject;
      times.set(name, [...(times.get(name) ?? []), await run(entrant, stepsOf.get(entrant) ?? 1)]);
    }
  }
  const threads = entrants.some(({ backend }) => backend === 'wasm') ? getThreadsCount() : 0;
  for (const { subject } of entrants) subject.destroy();
  return {
    step: Object.fromEntries([...times].map(([name, values]) => [name, median(values)])),
    loss,
    threads,
  };
}
