/** What every comparison of steps does: one subject's turn, and the median of many. */
import type { Subject } from './subject.ts';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** One turn: milliseconds a step. */
export async function turn(subject: Subject, steps: number): Promise<number> {
  const started = performance.now();
  for (let step = 0; step < steps; step++) subject.step();
  await subject.finish();
  return (performance.now() - started) / steps;
}
