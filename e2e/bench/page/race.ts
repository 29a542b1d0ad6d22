/**
 * Times the training steps of several libraries in one page: their turns interleave, so that whatever else
 * the machine does falls on all of them, and medians are compared.
 */
import type { Subject } from './subject.ts';
import { median } from './turns.ts';

export interface Entrant {
  readonly subject: Subject;
  /** What has to happen before its turn, outside the clock. */
  readonly prepare?: () => Promise<void>;
}

export interface Course {
  /** Steps of each, twice, before the clock runs: the first compile, the second tell how long a turn is. */
  readonly warmUp: number;
  readonly turns: number;
  /** Of about so many milliseconds, one step at least. */
  readonly turnMs: number;
}

/** All by subject. */
export interface RaceTimes {
  /** Milliseconds a step, device included: median over turns. */
  readonly step: Readonly<Record<string, number>>;
  /** Loss after the same number of steps from the same start. */
  readonly loss: Readonly<Record<string, number>>;
}

interface Lane {
  readonly entrant: Entrant;
  /** Steps a turn. */
  readonly steps: number;
  readonly loss: number;
  readonly times: number[];
}

/** One turn: milliseconds a step. */
export async function turn({ subject, prepare }: Entrant, steps: number): Promise<number> {
  await prepare?.();
  const started = performance.now();
  for (let step = 0; step < steps; step++) subject.step();
  await subject.finish();
  return (performance.now() - started) / steps;
}

export async function race(entrants: readonly Entrant[], course: Course): Promise<RaceTimes> {
  const { warmUp, turns, turnMs } = course;
  const lanes: Lane[] = [];
  for (const entrant of entrants) {
    await turn(entrant, warmUp);
    const steps = Math.max(1, Math.round(turnMs / (await turn(entrant, warmUp))));
    lanes.push({ entrant, steps, loss: await entrant.subject.loss(), times: [] });
  }
  for (let at = 0; at < turns; at++) {
    for (const { entrant, steps, times } of lanes) times.push(await turn(entrant, steps));
  }
  const bySubject = (value: (lane: Lane) => number) =>
    Object.fromEntries(lanes.map((lane) => [lane.entrant.subject.name, value(lane)]));
  return {
    step: bySubject(({ times }) => median(times)),
    loss: bySubject(({ loss }) => loss),
  };
}
