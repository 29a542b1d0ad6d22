/**
 * The average model while it trains: the mean of all workers' parameters. Where all are in this tab it is
 * made on the device; members elsewhere are asked for theirs, on demand and now and then, and the mean of
 * the latest answers is kept. Only for people to look at: no algorithm uses it.
 */
import type { Clock } from '../base/clock.ts';
import type { Vector } from '../compute/compute.ts';
import type { SeatHolder, View } from '../room/view.ts';
import type { Assets } from './assets.ts';
import type { FlockWorker } from './flock-worker.ts';
import type { Sponsorship } from './sponsor.ts';

/** Shortest time between two rounds of asking, in ms; and what a byte asked for adds to it. */
const INTERVAL_MS = 5000;
const MS_PER_BYTE = 1 / 1000;
/** Members are not asked for more than this, all together, in bytes. */
const MAX_BYTES = 134_217_728;

export interface AverageSources {
  readonly clock: Clock;
  readonly sponsorship: Sponsorship;
  view(): View | null;
  workers(): readonly FlockWorker[];
  /** Aborts when the members change. */
  signal(): AbortSignal;
}

/** A mean that was asked for, or why there is none. */
interface Pulled {
  readonly view: string;
  readonly at: number;
  readonly round: number;
  readonly mean: Float32Array | null;
  readonly why: string;
}

export class Average {
  readonly #sources: AverageSources;
  #pulled: Pulled | null = null;
  #pulling: Promise<void> | null = null;

  constructor(sources: AverageSources) {
    this.#sources = sources;
  }

  /**
   * Puts the average into `dest`; its round, or a sentence why there is none. `fresh` waits for a mean that
   * is being asked for; otherwise the last one will do.
   */
  async into(dest: Vector, assets: Assets, fresh: boolean): Promise<number | string> {
    const view = this.#sources.view();
    if (view === null) return 'There is no flock yet.';
    const local = this.#local(view, assets);
    if (local !== null) {
      const weight = 1 / local.length;
      assets.compute.linear(
        dest,
        local.map(({ x }) => [weight, x] as const),
      );
      return Math.min(...local.map(({ round }) => round));
    }
    const bytes = 4 * assets.layout.length * view.seats.length;
    if (bytes > MAX_BYTES) {
      return `The models of ${view.seats.length} workers are too large to fetch them just to look at.`;
    }
    const before = this.#pulled;
    const due = this.#sources.clock.now() - (before?.at ?? Number.NEGATIVE_INFINITY) >= pause(bytes);
    if (this.#pulling === null && (due || before?.view !== view.id)) {
      this.#pulling = this.#pull(view, assets).finally(() => {
        this.#pulling = null;
      });
    }
    const usable = this.#pulled?.view === view.id && this.#pulled.mean !== null;
    if (fresh || !usable) await this.#pulling;
    const pulled = this.#pulled;
    if (pulled === null || pulled.view !== view.id) return 'The members are just changing.';
    if (pulled.mean === null || pulled.mean.length !== dest.length) return pulled.why;
    assets.compute.upload(dest, pulled.mean);
    return pulled.round;
  }

  /** All workers' parameters on this device, or null if some are elsewhere. */
  #local(view: View, assets: Assets): { x: Vector; round: number }[] | null {
    const all: { x: Vector; round: number }[] = [];
    for (const { seat } of view.seats) {
      const worker = this.#sources.workers().find(({ holder }) => holder?.seat === seat);
      const x = worker?.parameters;
      if (worker === undefined || x === undefined || x === null || !worker.equipped(assets)) return null;
      all.push({ x, round: worker.round });
    }
    return all.length === 0 ? null : all;
  }

  async #pull(view: View, assets: Assets): Promise<void> {
    const { clock } = this.#sources;
    const done = (round: number, mean: Float32Array | null, why: string) => {
      this.#pulled = { view: view.id, at: clock.now(), round, mean, why };
    };
    const sum = new Float64Array(assets.layout.length);
    let least = Number.POSITIVE_INFINITY;
    try {
      for (const holder of view.seats) {
        const held = await this.#parametersOf(view, holder, assets);
        if (held === null) {
          done(0, null, 'Not every worker has said what its model is.');
          return;
        }
        held.parameters.forEach((value, k) => {
          sum[k] = (sum[k] ?? 0) + value;
        });
        least = Math.min(least, held.round);
      }
      const mean = Float32Array.from(sum, (value) => value / view.seats.length);
      done(least, mean, '');
    } catch {
      // The round was rolled back, or the device lost: the next question starts over.
      done(0, null, 'The members are just changing.');
    }
  }

  async #parametersOf(
    view: View,
    holder: SeatHolder,
    assets: Assets,
  ): Promise<{ round: number; parameters: Float32Array } | null> {
    const { sponsorship, workers, signal } = this.#sources;
    const worker = workers().find((each) => each.holder?.seat === holder.seat);
    if (worker !== undefined) {
      const x = worker.parameters;
      if (x === null || !worker.equipped(assets)) return null;
      return { round: worker.round, parameters: await assets.compute.read(x) };
    }
    const me = view.seats.find(({ seat }) => workers().some((each) => each.holder?.seat === seat));
    if (me === undefined) return null;
    return sponsorship.fetchFrom(holder, me, assets.layout.length, signal());
  }
}

function pause(bytes: number): number {
  return Math.max(INTERVAL_MS, bytes * MS_PER_BYTE);
}
