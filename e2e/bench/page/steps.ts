/**
 * Times the training step of several libraries in one page on one adapter: their turns interleave, so
 * that whatever else the machine does falls on all of them, and medians are compared.
 */
import { jax } from './jax.ts';
import { openCompute, ours } from './ours.ts';
import { makeTask, type Subject, type Task } from './subject.ts';
import { tensorflow } from './tensorflow.ts';
import { median, turn } from './turns.ts';

export { median } from './turns.ts';

export interface StepTimes {
  readonly adapter: string;
  /** Milliseconds a step, device included: median over turns, by subject. */
  readonly step: Readonly<Record<string, number>>;
  /** Milliseconds of JavaScript that one of our steps costs: recording and submitting, not waiting. */
  readonly script: number;
  /** Loss after the same number of steps from the same start, by subject. */
  readonly loss: Readonly<Record<string, number>>;
}

async function scriptTime(subject: Subject, turns: number, steps: number): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < turns; at++) {
    for (let step = 0; step < steps; step++) {
      const started = performance.now();
      subject.step();
      times.push(performance.now() - started);
    }
    await subject.finish();
  }
  return median(times);
}

export async function measureSteps(batch: number, turns: number, steps: number): Promise<StepTimes> {
  const task: Task = makeTask(batch);
  const compute = await openCompute();
  const mine = ours(compute, task);
  const subjects = [mine, await jax(task), await tensorflow(task)];
  const times = new Map<string, number[]>();
  // The first turn compiles; it is not counted.
  for (let at = 0; at <= turns; at++) {
    for (const subject of subjects) {
      const time = await turn(subject, steps);
      if (at > 0) times.set(subject.name, [...(times.get(subject.name) ?? []), time]);
    }
  }
  const loss: Record<string, number> = {};
  for (const subject of subjects) loss[subject.name] = await subject.loss();
  const script = await scriptTime(mine, turns * 4, steps);
  const result = {
    adapter: compute.adapter,
    step: Object.fromEntries([...times].map(([name, values]) => [name, median(values)])),
    script,
    loss,
  };
  for (const subject of subjects) subject.destroy();
  compute.destroy();
  return result;
}
