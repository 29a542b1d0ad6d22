/**
 * A worker of the flock: its committed state, and rounds as transactions on it.
 *
 * The session tells it what to do next (enter a view, do a round) and never two things at once. A round
 * builds its vectors beside the committed ones; when it completes they change places, and when it is
 * aborted nothing has happened. Vectors come in pairs, so a long run allocates nothing.
 */
import type { State } from '../algorithms/algorithm.ts';
import type { Clock } from '../base/clock.ts';
import { findEntry } from '../base/registry.ts';
import type { Codec } from '../compressors/compressor.ts';
import { COMPRESSORS } from '../compressors/index.ts';
import type { Vector } from '../compute/compute.ts';
import type { BatchSampler } from '../data/deal.ts';
import type { PostOffice } from '../network/post-office.ts';
import { parseRecipe } from '../recipe/schema.ts';
import type { SeatHolder, View } from '../room/view.ts';
import type { Assets } from './assets.ts';
import { type Desk, Exchange, noCosts, type RoundCosts } from './exchange.ts';
import type { Inbox } from './inbox.ts';
import { Losses } from './losses.ts';

/** Memory of one worker on one device for one recipe. */
class Memory {
  readonly codec: Codec;
  readonly dense: Codec;
  readonly losses: Losses;
  readonly gradient: Vector;
  readonly #assets: Assets;
  readonly #scratch = new Map<string, Vector>();
  readonly #pairs = new Map<string, [Vector, Vector]>();

  constructor(assets: Assets) {
    const { compute, layout, recipe } = assets;
    this.#assets = assets;
    this.codec = assets.compressor.create(compute, layout, recipe.compressor.options);
    const none = findEntry('compressor', COMPRESSORS, 'none');
    this.dense = none.create(compute, layout, {});
    this.losses = new Losses(compute);
    this.gradient = compute.vector(layout.length);
  }

  scratch(name: string): Vector {
    let vector = this.#scratch.get(name);
    if (vector === undefined) {
      vector = this.#assets.compute.vector(this.#assets.layout.length);
      this.#scratch.set(name, vector);
    }
    return vector;
  }

  /** The one of the pair that is not committed. */
  next(name: string, committed: Vector | undefined): Vector {
    let pair = this.#pairs.get(name);
    if (pair === undefined) {
      const { compute, layout } = this.#assets;
      pair = [compute.vector(layout.length), compute.vector(layout.length)];
      this.#pairs.set(name, pair);
    }
    return pair[0] === committed ? pair[1] : pair[0];
  }

  destroy(): void {
    const { compute } = this.#assets;
    this.codec.destroy();
    this.dense.destroy();
    this.losses.destroy();
    compute.free(this.gradient, ...this.#scratch.values(), ...[...this.#pairs.values()].flat());
  }
}

export class FlockWorker {
  /** Number within the peer. */
  readonly index: number;
  /** Rounds completed. */
  round = 0;
  /** First round not started. */
  started = 0;
  /** The view it is in, or null before the first. */
  view: View | null = null;
  holder: SeatHolder | null = null;
  /** Totals since the epoch began; bytes of committed rounds with their frames, times in host-observed ms. */
  readonly totals: RoundCosts & { computing: number } = { ...noCosts(), computing: 0 };
  /** Algorithm bytes sent to each neighbour's seat in this epoch. */
  readonly sentTo = new Map<number, number>();
  readonly #clock: Clock;
  readonly #post: PostOffice;
  readonly #inbox: Inbox;
  #assets: Assets | null = null;
  #memory: Memory | null = null;
  #state: State | null = null;
  #sampler: BatchSampler | null = null;
  #rows = 0;
  #exchange: Exchange | null = null;

  constructor(index: number, clock: Clock, post: PostOffice, inbox: Inbox) {
    this.index = index;
    this.#clock = clock;
    this.#post = post;
    this.#inbox = inbox;
  }

  /** The algorithm's committed vectors, or null before the first view. */
  get state(): State | null {
    return this.#state;
  }

  /** Committed parameters, or null before the first view. */
  get parameters(): Vector | null {
    return this.#state?.x ?? null;
  }

  get losses(): Losses | null {
    return this.#memory?.losses ?? null;
  }

  /** Training rows it holds. */
  get rows(): number {
    return this.#rows;
  }

  /** Seats it is waiting for just now. */
  missing(): readonly number[] {
    return this.#exchange?.missing() ?? [];
  }

  /** Whether it works with these. */
  equipped(assets: Assets): boolean {
    return this.#assets === assets;
  }

  /** It has no seat in this view. */
  leave(view: View): void {
    this.#forget(Number.POSITIVE_INFINITY);
    this.unequip();
    this.view = view;
    this.holder = null;
  }

  /** Moves to another recipe or device: the state is gone. */
  equip(assets: Assets): void {
    if (this.#assets === assets) return;
    this.unequip();
    this.#assets = assets;
    this.#memory = new Memory(assets);
  }

  unequip(): void {
    this.#memory?.destroy();
    this.#memory = null;
    this.#assets = null;
    this.#state = null;
    this.#sampler = null;
  }

  /** Starts an epoch: totals and rounds at zero, no state. */
  reset(): void {
    this.round = 0;
    this.started = 0;
    this.#state = null;
    this.#sampler = null;
    Object.assign(this.totals, noCosts(), { computing: 0 });
    this.sentTo.clear();
  }

  /** Puts parameters from the host in place (x_0, or a neighbour's). */
  place(parameters: Float32Array): void {
    const { assets, memory } = this.#equipment();
    const x = memory.next('x', this.#state?.x);
    assets.compute.upload(x, parameters);
    this.#state = { x };
  }

  /** Enters a view at its start round; `fresh`: everybody holds x_0. Keeps the state if `keep`. */
  async enter(view: View, holder: SeatHolder, keep: boolean, signal: AbortSignal): Promise<void> {
    const { assets } = this.#equipment();
    const state = this.#state;
    if (state === null) throw new Error('A worker enters a view with parameters.');
    if (
      this.#sampler === null ||
      holder.seat !== this.holder?.seat ||
      view.run.dealt !== this.view?.run.dealt
    ) {
      const rows = view.run.dealt === null ? null : assets.rows(holder.seat, view.run.dealt);
      this.#sampler = rows === null ? null : assets.sampler(rows, holder.seat);
      this.#rows = rows?.length ?? 0;
    }
    if (!keep) {
      const exchange = this.#open('resync', view, holder, view.startRound, signal);
      this.#state = await assets.algorithm.enter(exchange, state.x, view.startRound === 0);
      assets.compute.submit();
      this.#book(exchange.costs);
    }
    this.#forget(Number.POSITIVE_INFINITY);
    this.view = view;
    this.holder = holder;
    this.round = view.startRound;
    this.started = view.startRound;
  }

  /** One round, committed when this resolves; if it rejects, nothing has happened. */
  async step(signal: AbortSignal): Promise<void> {
    const { assets, memory } = this.#equipment();
    const { view, holder } = this;
    const state = this.#state;
    if (view === null || holder === null || state === null) throw new Error('The worker is in no view.');
    const since = this.#clock.now();
    this.started = this.round + 1;
    const exchange = this.#open('algorithm', view, holder, this.round, signal);
    try {
      const next = await assets.algorithm.round(exchange, state);
      signal.throwIfAborted();
      assets.compute.submit();
      this.#state = next;
    } catch (error) {
      memory.losses.abandon();
      this.started = this.round;
      throw error;
    } finally {
      this.#exchange = null;
    }
    memory.losses.commit();
    this.#forget(this.round);
    this.round += 1;
    this.#book(exchange.costs);
    for (const { seat } of exchange.neighbours) {
      const each = exchange.costs.bytesSent / exchange.neighbours.length;
      this.sentTo.set(seat, (this.sentTo.get(seat) ?? 0) + each);
    }
    const { compressing, waiting, applying } = exchange.costs;
    this.totals.computing += this.#clock.now() - since - compressing - waiting - applying;
  }

  /** Drops messages of the present view up to a round. */
  #forget(round: number): void {
    if (this.view !== null && this.holder !== null) {
      this.#inbox.forget(this.view.id, round, this.holder.seat);
    }
  }

  #book(costs: RoundCosts): void {
    for (const name of Object.keys(costs) as (keyof RoundCosts)[]) this.totals[name] += costs[name];
  }

  #equipment(): { assets: Assets; memory: Memory } {
    if (this.#assets === null || this.#memory === null) throw new Error('The worker has no device yet.');
    return { assets: this.#assets, memory: this.#memory };
  }

  #open(
    type: 'algorithm' | 'resync',
    view: View,
    holder: SeatHolder,
    round: number,
    signal: AbortSignal,
  ): Exchange {
    const { assets, memory } = this.#equipment();
    const state = this.#state;
    const desk: Desk = {
      clock: this.#clock,
      post: this.#post,
      inbox: this.#inbox,
      assets,
      codec: memory.codec,
      dense: memory.dense,
      next: (name) => memory.next(name, state?.[name]),
      scratch: (name) => memory.scratch(name),
      gradient: (parameters, at) => {
        const sampler = this.#sampler;
        if (sampler === null) throw new Error('The data has not been dealt.');
        const slot = memory.losses.take();
        assets.program.gradient(
          parameters,
          assets.data,
          sampler.at(at),
          memory.gradient,
          memory.losses.ring,
          slot,
        );
        return memory.gradient;
      },
    };
    const { lr } = parseRecipe(view.recipe);
    this.#exchange = new Exchange(desk, type, view, holder, round, lr, signal);
    return this.#exchange;
  }
}
