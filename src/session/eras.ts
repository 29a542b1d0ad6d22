/**
 * Which run a figure is of. A tab may leave one run for another whose epoch has the same number (a lone tab
 * that meets a room), or come back to the run it fell out of; charts and totals must begin anew in the first
 * case, and go on in the second. An era is this tab's own count of the runs that it has been in.
 */
import { ofOneRun } from '../room/next-view.ts';
import type { RunState } from '../room/view.ts';

export class Eras {
  #run: RunState | null = null;
  #count = 0;

  /** The run that this tab is in; true if it is another than before. */
  enter(run: RunState): boolean {
    const before = this.#run;
    const other = before === null || !ofOneRun(before, run);
    if (other) this.#count = before === null ? run.epoch : Math.max(this.#count + 1, run.epoch);
    this.#run = run.origin === undefined && !other ? { ...run, origin: before.origin } : run;
    return other;
  }

  /** The era of a run's figures; -1 if they are not of the present run. */
  of(run: RunState): number {
    return this.#run !== null && ofOneRun(this.#run, run) ? this.#count : -1;
  }
}
