/**
 * The reported model while it trains: the server's, a replica, the average or the de-biased average of all
 * workers, as the algorithm declares. Where those whose models are in it are in this tab it is made on the
 * device; members elsewhere are asked for theirs, on demand and now and then, and what the latest answers make
 * is kept. Only for people to look at: no algorithm uses it.
 */
import { combined } from '../algorithms/reported.ts';
import type { Clock } from '../base/clock.ts';
import type { Vector } from '../compute/compute.ts';
import type { SeatHolder, View } from '../room/view.ts';
import type { Assets } from './assets.ts';
import type { FlockWorker } from './flock-worker.ts';
import { reportingIn } from './reporting.ts';
import type { Sponsorship } from './sponsor.ts';

/** Shortest time between two rounds of asking, in ms; and what a byte asked for adds to it. */
const INTERVAL_MS = 5000;
const MS_PER_BYTE = 1 / 1000;
/** Members are not asked for more than this, all together, in bytes. */
const MAX_BYTES = 134_217_728;

export interface ReportedSources {
  readonly clock: Clock;
  readonly sponsorship: Sponsorship;
  view(): View | null;
  workers(): readonly FlockWorker[];
  /** Aborts when the members change. */
  signal(): AbortSignal;
}

/** What was asked for, or why there is none. */
interface Pulled {
  readonly view: string;
  readonly at: number;
  readonly round: number;
  readonly model: Float32Array | null;
  readonly why: string;
}

/** One worker's share: its model, and its own weight. */
interface Share {
  readonly round: number;
  readonly parameters: Float32Array;
  readonly weight: number;
}

export class ReportedModel {
  readonly #sources: ReportedSources;
  #pulled: Pulled | null = null;
  #pulling: Promise<void> | null = null;

  constructor(sources: ReportedSources) {
    this.#sources = sources;
  }

  /**
   * Puts the reported model into `dest`; its round (of several the least), or a sentence why there is none.
   * `fresh` waits for one that is being asked for; otherwise the last one will do.
   */
  async into(dest: Vector, assets: Assets, fresh: boolean): Promise<number | string> {
    const view = this.#sources.view();
    if (view === null) return 'There is no flock yet.';
    const local = this.#local(view, assets);
    if (local !== null) {
      const whole = local.reduce((sum, { part }) => sum + part, 0);
      assets.compute.linear(
        dest,
        local.map(({ x, part }) => [part / whole, x] as const),
      );
      return Math.min(...local.map(({ round }) => round));
    }
    const bytes = 4 * assets.layout.length * this.#involved(view).length;
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
    const usable = this.#pulled?.view === view.id && this.#pulled.model !== null;
    if (fresh || !usable) await this.#pulling;
    const pulled = this.#pulled;
    if (pulled === null || pulled.view !== view.id) return 'The members are just changing.';
    if (pulled.model === null || pulled.model.length !== dest.length) return pulled.why;
    assets.compute.upload(dest, pulled.model);
    return pulled.round;
  }

  /** Those whose models are in the reported one: all, or one. Of replicas one of this tab, if there is any. */
  #involved(view: View): readonly SeatHolder[] {
    const { seats } = view;
    const { of, seat } = reportingIn(view);
    if (of !== 'server' && of !== 'replica') return seats;
    const mine = (holder: SeatHolder) => this.#workerOn(holder) !== undefined;
    const one =
      of === 'server' ? seats.find((holder) => holder.seat === seat) : (seats.find(mine) ?? seats[0]);
    return one === undefined ? [] : [one];
  }

  #workerOn({ seat }: SeatHolder): FlockWorker | undefined {
    return this.#sources.workers().find(({ holder }) => holder?.seat === seat);
  }

  /** The parameters that are in it, all on this device, and how much of each; null if some are elsewhere. */
  #local(view: View, assets: Assets): { x: Vector; round: number; part: number }[] | null {
    const all: { x: Vector; round: number; part: number }[] = [];
    for (const holder of this.#involved(view)) {
      const worker = this.#workerOn(holder);
      const x = worker?.parameters;
      if (worker === undefined || x === undefined || x === null || !worker.equipped(assets)) return null;
      all.push({ x, round: worker.round, part: worker.weight });
    }
    return all.length === 0 ? null : all;
  }

  async #pull(view: View, assets: Assets): Promise<void> {
    const { clock } = this.#sources;
    const done = (round: number, model: Float32Array | null, why: string) => {
      this.#pulled = { view: view.id, at: clock.now(), round, model, why };
    };
    try {
      const shares: Share[] = [];
      for (const holder of this.#involved(view)) {
        const share = await this.#shareOf(view, holder, assets);
        if (share === null) {
          const { of } = reportingIn(view);
          const who = of === 'server' ? 'The server has not' : 'Not every worker has';
          done(0, null, `${who} said what its model is.`);
          return;
        }
        shares.push(share);
      }
      const models = shares.map(({ parameters }) => parameters);
      const parts = shares.map(({ weight }) => weight);
      done(Math.min(...shares.map(({ round }) => round)), Float32Array.from(combined(models, parts)), '');
    } catch {
      // The round was rolled back, or the device lost: the next question starts over.
      done(0, null, 'The members are just changing.');
    }
  }

  async #shareOf(view: View, holder: SeatHolder, assets: Assets): Promise<Share | null> {
    const { sponsorship, workers, signal } = this.#sources;
    const worker = this.#workerOn(holder);
    if (worker !== undefined) {
      const x = worker.parameters;
      if (x === null || !worker.equipped(assets)) return null;
      const { round, weight } = worker;
      return { round, weight, parameters: await assets.compute.read(x) };
    }
    const me = view.seats.find(({ seat }) => workers().some((each) => each.holder?.seat === seat));
    if (me === undefined) return null;
    return sponsorship.fetchShare(holder, me, assets.layout.length, signal());
  }
}

function pause(bytes: number): number {
  return Math.max(INTERVAL_MS, bytes * MS_PER_BYTE);
}
