/**
 * What this session's workers have to do: the views that were agreed on and not yet entered, how far
 * rounds may be started, and the signal that rolls rounds back.
 *
 * A graceful change lets everybody finish the rounds that anyone has started, so views queue up and a
 * worker enters them one after the other at their start rounds. After an abort only the newest counts.
 */
import type { ChangeMode, View } from '../room/view.ts';

export interface Agreed {
  readonly view: View;
  readonly mode: ChangeMode;
}

/** The round was rolled back because the view changes. */
export class RolledBackError extends Error {
  override readonly name = 'RolledBackError';
}

/** How far a worker is. */
export interface Progress {
  /** Rounds completed. */
  readonly round: number;
  /** First round not started. */
  readonly started: number;
  readonly view: View | null;
}

export class Agenda {
  #queue: Agreed[] = [];
  #hold = Number.POSITIVE_INFINITY;
  #rollback = new AbortController();
  #awake: (() => void)[] = [];
  #version = 0;

  get latest(): View | null {
    return this.#queue.at(-1)?.view ?? null;
  }

  /** Aborts when rounds in flight must roll back. */
  get signal(): AbortSignal {
    return this.#rollback.signal;
  }

  /** Rounds at or beyond this must not start yet. */
  get hold(): number {
    return this.#hold;
  }

  /** Rounds are rolled back and another view is on its way: nothing begins before it. */
  get halted(): boolean {
    return this.#hold === 0;
  }

  prepare(mode: ChangeMode, workers: readonly Progress[]): number {
    const latest = this.latest;
    const current = workers.filter(({ view }) => view?.run.epoch === latest?.run.epoch);
    if (mode === 'graceful') {
      const next = Math.max(latest?.startRound ?? 0, ...current.map(({ started }) => started));
      this.#hold = Math.min(this.#hold, next);
      return next;
    }
    this.#rollBack();
    this.#hold = 0;
    return Math.max(0, ...current.map(({ round }) => round));
  }

  release(): void {
    this.#hold = Number.POSITIVE_INFINITY;
    this.wake();
  }

  commit(view: View, mode: ChangeMode, fresh: boolean): void {
    const epochChanged = this.latest?.run.epoch !== view.run.epoch;
    this.#hold = Number.POSITIVE_INFINITY;
    if (mode === 'abort' || fresh || epochChanged) {
      this.#rollBack();
      this.#queue = [];
    }
    this.#queue.push({ view, mode });
    this.wake();
  }

  /** The view a worker has to enter next, or null if it is in the newest. */
  after(view: View | null): Agreed | null {
    const at = this.#queue.findIndex((agreed) => agreed.view.id === view?.id);
    return this.#queue[at + 1] ?? null;
  }

  /** Drops views that every worker has left behind. */
  prune(workers: readonly Progress[]): void {
    const first = Math.min(
      ...workers.map(({ view }) => this.#queue.findIndex((agreed) => agreed.view.id === view?.id)),
    );
    if (first > 0 && Number.isFinite(first)) this.#queue = this.#queue.slice(first);
  }

  /** Counts changes: who looks at the agenda first notes this, so that no change goes unseen. */
  get version(): number {
    return this.#version;
  }

  /** Resolves once something has changed since `version`; at once if it already has. */
  changeSince(version: number): Promise<void> {
    if (version !== this.#version) return Promise.resolve();
    return new Promise((resolve) => this.#awake.push(resolve));
  }

  wake(): void {
    this.#version += 1;
    const awake = this.#awake;
    this.#awake = [];
    for (const resolve of awake) resolve();
  }

  #rollBack(): void {
    this.#rollback.abort(new RolledBackError('The members changed: this round is repeated.'));
    this.#rollback = new AbortController();
  }
}
