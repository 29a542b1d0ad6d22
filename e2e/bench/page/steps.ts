/** The training step on WebGPU: ours, jax-js and TensorFlow.js in one page on one adapter. */
import { createWebGpuCompute } from '../../../src/compute/webgpu/index.ts';
import { arithmetic } from './arithmetic.ts';
import { jax } from './jax.ts';
import { ours } from './ours.ts';
import { measurePeaks, type Peaks } from './probe.ts';
import { type Course, type Entrant, type RaceTimes, race, turn } from './race.ts';
import { type ModelId, makeTask, type Subject } from './subject.ts';
import { tensorflow } from './tensorflow.ts';

export { median } from './turns.ts';

export interface StepTimes extends RaceTimes {
  readonly adapter: string;
  readonly peaks: Peaks;
  /** Floating-point operations of a step, at least. */
  readonly operations: number;
  /** Kernels that one of our steps starts. */
  readonly dispatches: number;
}

/** Counts what a step hands to the device, by looking over the shoulder of the API. */
async function dispatchesOf(subject: Subject): Promise<number> {
  const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
  let count = 0;
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function counted(...sizes) {
    count++;
    return dispatchWorkgroups.apply(this, sizes);
  };
  subject.step();
  GPUComputePassEncoder.prototype.dispatchWorkgroups = dispatchWorkgroups;
  await subject.finish();
  return count;
}

/** Those of the last race; they live as long as the page. */
let entrants: readonly Entrant[] = [];

export async function measureSteps(model: ModelId, batch: number, course: Course): Promise<StepTimes> {
  const task = makeTask(model, batch);
  const compute = await createWebGpuCompute();
  const peaks = await measurePeaks(compute.device);
  const mine = ours(compute, task);
  entrants = [mine, await jax(task), await tensorflow(task)].map((subject) => ({ subject }));
  const times = await race(entrants, course);
  const dispatches = await dispatchesOf(mine);
  return { ...times, adapter: compute.adapter, peaks, dispatches, operations: arithmetic(task) };
}

/** Takes `steps` more steps of one of them, for somebody who watches what the page's thread does. */
export async function repeatSteps(name: string, steps: number): Promise<void> {
  const entrant = entrants.find(({ subject }) => subject.name === name);
  if (entrant === undefined) throw new RangeError(`Nobody here is called ${name}.`);
  await turn(entrant, steps);
}
