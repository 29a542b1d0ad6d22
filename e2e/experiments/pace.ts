/**
 * How time passes between a driver's looks at its tabs: by waiting, or, where time is simulated, by letting
 * the virtual clock run.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { VirtualClock } from '../../src/base/virtual-clock.ts';

export interface Pace {
  readonly virtual: boolean;
  /** Milliseconds of the clock that the tabs go by. */
  now(): number;
  /** Until the next look, or for `atMost` milliseconds. */
  pass(atMost?: number): Promise<void>;
  /** Since when nothing is computed and nothing is on its way; null while something is, or nobody knows. */
  idleSince(): number | null;
}

/** Real time, with so many milliseconds between two looks. */
export function realPace(every: number): Pace {
  return {
    virtual: false,
    now: () => performance.now(),
    pass: (atMost = every) => sleep(Math.min(every, atMost)).then(() => undefined),
    idleSince: () => null,
  };
}

/** Events between two looks at most, so that a run in which no time passes can be stopped, too. */
const EVENTS = 4096;

/** Simulated time: a look as often as tabs send snapshots, always at the same moments. */
export function virtualPace(clock: VirtualClock, every = 250): Pace {
  return {
    virtual: true,
    now: () => clock.now(),
    async pass(atMost = every) {
      let events = 0;
      await clock.run(
        () => {
          events += 1;
          return events > EVENTS;
        },
        Math.min(every, atMost),
      );
    },
    idleSince: () => clock.idleSince,
  };
}
