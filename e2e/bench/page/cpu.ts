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
import { ours } from './ours.ts';
import { type Course, type Entrant, type RaceTimes, race } from './race.ts';
import { type ModelId, makeTask } from './subject.ts';
import { select, type TensorflowBackend, tensorflow } from './tensorflow.ts';

/** Ours are named by their adapters. */
export interface CpuTimes extends RaceTimes {
  /** Of TensorFlow.js's wasm backend; 0 where it did not take part. */
  readonly threads: number;
}

export async function measureCpuSteps(model: ModelId, batch: number, course: Course): Promise<CpuTimes> {
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': threaded,
  });
  const task = makeTask(model, batch);
  const computes = [createCpuCompute(), createTypeScriptCompute()];
  const entrants: Entrant[] = computes.map((compute) => ({ subject: ours(compute, task, compute.adapter) }));
  const backends: readonly TensorflowBackend[] = model === 'mlp' ? ['wasm', 'cpu'] : ['cpu'];
  for (const backend of backends) {
    entrants.push({ subject: await tensorflow(task, backend), prepare: () => select(backend) });
  }
  const times = await race(entrants, course);
  const threads = backends.includes('wasm') ? getThreadsCount() : 0;
  for (const { subject } of entrants) subject.destroy();
  return { ...times, threads };
}
