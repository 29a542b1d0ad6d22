/**
 * A worker of the flock: its committed state, and rounds as transactions on it.
 *
 * The session tells it what to do next (enter a view, do a round) and never two things at once. A round
 * builds its vectors beside the committed ones; when it completes they change places, and when it is
 * aborted nothing has happened. Vectors come in pairs, so a long run allocates nothing. A worker that rests
 * (a client that was not drawn) waits on the host: on the device it holds nothing but unread losses, until
 * it has a part in a round again, or somebody looks at its state.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Numbers, State } from '../algorithms/algorithm.ts';
import type { Clock } from '../base/clock.ts';
import type { Vector } from '../compute/compute.ts';
import type { BatchSampler } from '../data/deal.ts';
import type { PostOffice } from '../network/post-office.ts';
import { clip } from '../optimizers/clip.ts';
import { learningRate } from '../optimizers/schedules.ts';
import { algorithmMessageBytes } from '../protocol/codec.ts';
import { parseRecipe } from '../recipe/schema.ts';
import { ofOneRun } from '../room/next-view.ts';
import type { SeatHolder, View } from '../room/view.ts';
import type { Assets } from './assets.ts';
import { Emulation } from './emulation.ts';
import { type Desk, Exchange, noCosts, type RoundCosts } from './exchange.ts';
import type { Inbox } from './inbox.ts';
import type { Losses } from './losses.ts';
import { type Parked, park, unpark } from './parking.ts';
import type { WorkerProgress } from './saved-state.ts';
import { WorkerMemory } from './worker-memory.ts';

const noWork = { computing: 0, gradients: 0, samples: 0 };

export class FlockWorker {
  /** Number within the peer. */
  readonly index: number;
  /** Rounds completed. */
  round = 0;
  /** First round not started. */
  started = 0;
  /** Learning rate of the latest round, or 0 before the first view. */
  rate = 0;
  /** It has begun or gone on in a view of its run, so its round means something. */
  entered = false;
  /** The view it is in, or null before the first. */
  view: View | null = null;
  holder: SeatHolder | null = null;
  /** Totals since the epoch began, of committed rounds: bytes with their frames, times in host-observed ms, gradients and the rows they looked at. */
  readonly totals: RoundCosts & { computing: number; gradients: number; samples: number } = {
    ...noCosts(),
    ...noWork,
  };
  /** Algorithm bytes sent to each neighbour's seat in this epoch. */
  readonly sentTo = new Map<number, number>();
  /** How often a gradient was so many updates old when it was applied; of asynchronous algorithms. */
  readonly staleness = new Map<number, number>();
  /** Time that its last round or answer took, waiting left out, in host-observed ms. */
  busy = 0;
  /** When its last round was done, by the session's clock. */
  finishedAt = 0;
  readonly #clock: Clock;
  readonly #inbox: Inbox;
  readonly #emulation: Emulation;
  #assets: Assets | null = null;
  #memory: WorkerMemory | null = null;
  #state: State | null = null;
  /** The committed state while it is on the host; then `#state` is null. */
  #parked: Parked | null = null;
  /** Rounds behind the state; null while it is only parameters from elsewhere. */
  #committed: number | null = null;
  #sampler: BatchSampler | null = null;
  #rows = 0;
  #exchange: Exchange | null = null;
  #steps = 0;
  /** Gradients computed in the present round, and rows of their batches. */
  #gradients = 0;
  #samples = 0;
  /** The view that it last entered anew, which who stays with the same members keeps as an address; and its start. */
  #address = '';
  #since = 0;
  /** What it goes on from, until it enters its first view. */
  #restored: WorkerProgress | null = null;

  constructor(
    index: number,
    clock: Clock,
    post: PostOffice,
    inbox: Inbox,
    emulation = new Emulation(clock, post),
  ) {
    this.index = index;
    this.#clock = clock;
    this.#inbox = inbox;
    this.#emulation = emulation;
  }

  /** The algorithm's committed vectors, or null before the first view. */
  get state(): State | null {
    return this.#present();
  }

  /** Committed parameters, or null before the first view; to be used at once, as the next round may move them. */
  get parameters(): Vector | null {
    return this.#present()?.x ?? null;
  }

  get losses(): Losses | null {
    return this.#memory?.losses ?? null;
  }

  /** The numbers of its committed state, wherever its vectors are. */
  get numbers(): Numbers {
    const entries = Object.entries(this.#state ?? this.#parked ?? {});
    return Object.fromEntries(
      entries.filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
    );
  }

  /** How much of its model is in a de-biased average; 1 elsewhere. */
  get weight(): number {
    return this.#assets?.algorithm.weight?.(this.numbers) ?? 1;
  }

  /** Whether it holds the model of this round, and not one from before it rested. */
  get current(): boolean {
    return this.#assets?.algorithm.current?.(this.numbers, this.round) ?? true;
  }

  /** Loss of a predictor that does not look, on the data that it learns from. */
  get constantLoss(): number {
    return this.#assets?.constantLoss ?? 0;
  }

  /** Training rows it holds. */
  get rows(): number {
    return this.#rows;
  }

  /** Seats it is waiting for just now. */
  missing(): readonly number[] {
    return this.#exchange?.missing() ?? [];
  }

  /** It goes at its own speed: no round of it waits for a round of another. */
  get asynchronous(): boolean {
    return this.#assets?.algorithm.asynchronous === true;
  }

  /** Whether it works with these. */
  equipped(assets: Assets): boolean {
    return this.#assets === assets;
  }

  /** It has no seat in this view; what it has sent in this run stays counted. */
  leave(view: View): void {
    if (this.view === null || !ofOneRun(this.view.run, view.run)) this.reset();
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
    this.#memory = new WorkerMemory(assets);
  }

  unequip(): void {
    this.#memory?.destroy();
    this.#memory = null;
    this.#assets = null;
    this.#state = null;
    this.#parked = null;
    this.#committed = null;
    this.#sampler = null;
  }

  /** Starts a run: totals and rounds at zero, no state. */
  reset(): void {
    this.restart();
    this.#memory?.losses.forget();
    Object.assign(this.totals, noCosts(), noWork);
    this.sentTo.clear();
    this.staleness.clear();
  }

  /** Comes anew into the run it is in: no state, but what it has sent in this run stays counted. */
  restart(): void {
    this.entered = false;
    this.round = 0;
    this.started = 0;
    this.#state = null;
    this.#parked = null;
    this.#committed = null;
    this.#sampler = null;
    this.#restored = null;
  }

  /** Puts parameters from the host in place (x_0, or a neighbour's). */
  place(parameters: Float32Array): void {
    const { assets, memory } = this.#equipment();
    const x = memory.next('x', assets.layout.length, this.#state?.x);
    assets.compute.upload(x, parameters);
    this.#state = { x };
    this.#parked = null;
    this.#committed = null;
  }

  /** Bytes of the vectors that it keeps. */
  get stateBytes(): number {
    const vectors = Object.values(this.#parked ?? this.#state ?? {});
    return vectors.reduce<number>((sum, each) => sum + (typeof each === 'number' ? 0 : 4 * each.length), 0);
  }

  /** All that its next round depends on, between two rounds; null before the first view. */
  async save(): Promise<WorkerProgress | null> {
    const { view, holder, round } = this;
    const held = this.#state;
    if (view === null || holder === null) return null;
    const state = this.#parked ?? (held === null ? null : await park(this.#equipment().assets.compute, held));
    if (state === null) return null;
    return {
      ...{ whole: true, round, since: this.#since, state, totals: { ...this.totals } },
      ...{ sentTo: [...this.sentTo], staleness: [...this.staleness] },
      late: this.#inbox
        .kept(this.#address, holder.seat)
        .map(({ source, round: sentIn, step, tag, codec, payload }) => {
          return { source, round: sentIn, step, tag, codec, payload: bytesToHex(payload) };
        }),
    };
  }

  /**
   * Goes on from what was saved, in place of `place`. Entered with `keep`, the next view is as if there had been
   * no interruption; otherwise the algorithm builds what it holds of others anew, as after a change of members.
   */
  restore(saved: WorkerProgress): void {
    const { assets, memory } = this.#equipment();
    this.#state = unpark(assets.compute, saved.state, (name, length) => memory.next(name, length, undefined));
    this.#parked = null;
    this.#committed = saved.whole ? saved.round : null;
    this.#restored = saved;
    for (const name of Object.keys(this.totals) as (keyof typeof this.totals)[]) {
      this.totals[name] = saved.totals[name] ?? 0;
    }
    for (const [seat, bytes] of saved.sentTo) this.sentTo.set(seat, bytes);
    for (const [updates, count] of saved.staleness) this.staleness.set(updates, count);
  }

  /** Enters a view at its start round; in round 0 everybody holds its x_0. Keeps the state if `keep`. */
  async enter(view: View, holder: SeatHolder, keep: boolean, signal: AbortSignal): Promise<void> {
    const { assets, memory } = this.#equipment();
    const state = this.#present();
    if (state === null) throw new Error('A worker enters a view with parameters.');
    if (
      this.#sampler === null ||
      holder.seat !== this.holder?.seat ||
      view.run.dealt !== this.view?.run.dealt
    ) {
      const rows = view.run.dealt === null ? null : assets.rows(holder.seat, view.run.dealt);
      this.#sampler = rows === null ? null : assets.sampler(rows, holder.seat);
      this.#rows = rows?.length ?? 0;
      memory.losses.reserve(this.#stepsOfRound(assets));
    }
    if (!keep) {
      const exchange = this.#open('resync', view, holder, view.startRound, signal);
      const previous = this.#committed === null ? null : state;
      const apart = view.startRound === 0 && assets.recipe.init === 'spread';
      const fresh = view.startRound === 0 && !apart;
      const start = { x: state.x, fresh, apart, previous, committed: this.#committed ?? 0 };
      this.#state = await assets.algorithm.enter(exchange, start);
      assets.compute.submit();
      memory.tidy(Object.values(this.#state));
      this.#book(exchange.costs);
    }
    // An asynchronous worker that stays goes on with its own count, and hears those who are still to follow.
    const own = this.asynchronous && view.startRound > 0 ? this.#committed : null;
    const restored = this.#restored;
    this.#restored = null;
    // Who stays with the same members has not been interrupted: what is under way between them still counts.
    if (!keep || restored !== null) {
      this.#forget(Number.POSITIVE_INFINITY);
      this.#address = view.id;
      this.#since = keep && restored !== null ? restored.since : view.startRound;
    }
    if (keep && restored !== null) this.#redeliver(restored, view, holder);
    this.view = view;
    this.holder = holder;
    this.entered = true;
    this.round = own ?? view.startRound;
    this.started = this.round;
    this.#committed = this.round;
  }

  /** Messages that had come before the interruption, as if they came in this view. */
  #redeliver({ late }: WorkerProgress, { id, seats }: View, { seat: destination }: SeatHolder): void {
    for (const { payload, source, ...about } of late) {
      const sender = seats.find(({ seat }) => seat === source);
      if (sender === undefined) continue;
      const frame = { ...about, type: 'algorithm', view: id, sequence: 0, source, destination } as const;
      this.#inbox.deliver(sender.peer, { ...frame, payload: hexToBytes(payload) });
    }
  }

  /** Whether messages wait that it answers between rounds. */
  get mail(): boolean {
    const { view, holder } = this;
    const tags = this.#assets?.algorithm.serves ?? [];
    if (view === null || holder === null) return false;
    return this.#inbox.has({ to: holder.seat, view: this.#address, tags, from: view.seats });
  }

  /** Answers what has arrived, between rounds; a transaction like a round, but none. */
  async serve(signal: AbortSignal): Promise<void> {
    const { algorithm } = this.#equipment().assets;
    await this.#transact(
      (exchange, state) => algorithm.serve?.(exchange, state) ?? Promise.resolve(state),
      signal,
    );
  }

  /** Brings the committed parameters up to date where a part of the last round was put off; all do it together. */
  async settle(signal: AbortSignal): Promise<void> {
    const { settle } = this.#equipment().assets.algorithm;
    if (settle !== undefined) await this.#transact(settle, signal);
  }

  /** One round, committed when this resolves; if it rejects, nothing has happened. */
  async step(signal: AbortSignal): Promise<void> {
    const { assets, memory } = this.#equipment();
    this.started = this.round + 1;
    this.#gradients = 0;
    this.#samples = 0;
    try {
      if (this.#resting(signal)) await this.#rest(signal);
      else await this.#transact((exchange, state) => assets.algorithm.round(exchange, state), signal);
    } catch (error) {
      memory.losses.abandon();
      this.#note('rolled-back');
      this.started = this.round;
      throw error;
    }
    memory.losses.commit(this.round + 1);
    this.totals.gradients += this.#gradients;
    this.totals.samples += this.#samples;
    this.#note('committed');
    const late = assets.algorithm.lookBack?.(assets.recipe.algorithm.options) ?? 0;
    if (!this.asynchronous) this.#forget(this.round - late);
    this.round += 1;
    this.finishedAt = this.#clock.now();
    this.#committed = this.round;
  }

  /** Whether it has no part in the coming round. */
  #resting(signal: AbortSignal): boolean {
    const { algorithm } = this.#equipment().assets;
    const { view, holder } = this;
    if (algorithm.rests === undefined || view === null || holder === null) return false;
    const resting = algorithm.rests(this.#open('algorithm', view, holder, this.round, signal));
    this.#exchange = null;
    return resting;
  }

  /** A round that leaves the state as it is: it goes to the host, and what it took on the device is free. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { assets, memory } = this.#equipment();
    this.busy = 0;
    if (this.#state === null) return;
    const parked = await park(assets.compute, this.#state);
    signal.throwIfAborted();
    memory.release();
    this.#parked = parked;
    this.#state = null;
  }

  /** The committed state on the device, brought back if it was parked. */
  #present(): State | null {
    const parked = this.#parked;
    if (parked === null) return this.#state;
    const { assets, memory } = this.#equipment();
    this.#parked = null;
    this.#state = unpark(assets.compute, parked, (name, length) => memory.next(name, length, undefined));
    return this.#state;
  }

  /** Takes the state that `work` makes of the present one, and books what that cost. */
  async #transact(
    work: (exchange: Exchange, state: State) => Promise<State>,
    signal: AbortSignal,
  ): Promise<void> {
    const { assets } = this.#equipment();
    const { view, holder } = this;
    const state = this.#present();
    if (view === null || holder === null || state === null) throw new Error('The worker is in no view.');
    const since = this.#clock.now();
    const exchange = this.#open('algorithm', view, holder, this.round, signal);
    try {
      const next = await work(exchange, state);
      signal.throwIfAborted();
      assets.compute.submit();
      this.#state = next;
    } catch (error) {
      // Whatever else it has under way must not reach into the next transaction.
      exchange.fail(error);
      throw error;
    } finally {
      this.#exchange = null;
    }
    exchange.costs.packetsLate = this.#inbox.packets.late(holder.seat);
    this.#book(exchange.costs);
    for (const [seat, bytes] of exchange.sentTo) this.sentTo.set(seat, (this.sentTo.get(seat) ?? 0) + bytes);
    const { compressing, waiting, applying } = exchange.costs;
    this.busy = Math.max(0, this.#clock.now() - since - waiting);
    this.totals.computing += Math.max(0, this.busy - compressing - applying);
  }

  #note(kind: 'committed' | 'rolled-back'): void {
    if (this.holder !== null) this.#emulation.note({ kind, seat: this.holder.seat, round: this.round });
  }

  /** Drops messages of the present view up to a round. */
  #forget(round: number): void {
    if (this.view !== null && this.holder !== null) {
      this.#inbox.forget(this.#address, round, this.holder.seat);
    }
  }

  #book(costs: RoundCosts): void {
    for (const name of Object.keys(costs) as (keyof RoundCosts)[]) this.totals[name] += costs[name];
  }

  #equipment(): { assets: Assets; memory: WorkerMemory } {
    if (this.#assets === null || this.#memory === null) throw new Error('The worker has no device yet.');
    return { assets: this.#assets, memory: this.#memory };
  }

  /** Gradients of a round: a number, or what the worker's own rows make of so many epochs. */
  #stepsOfRound({ algorithm, recipe }: Assets): number {
    const { options } = recipe.algorithm;
    const epochs = algorithm.epochs?.(options) ?? 0;
    return epochs > 0 ? epochs * (this.#sampler?.batches ?? 1) : (algorithm.gradients?.(options) ?? 1);
  }

  #open(
    type: 'algorithm' | 'resync',
    view: View,
    holder: SeatHolder,
    round: number,
    signal: AbortSignal,
  ): Exchange {
    const { assets, memory } = this.#equipment();
    const emulation = this.#emulation;
    const { recipe } = assets;
    const { seat } = holder;
    const epochs = assets.algorithm.epochs?.(assets.recipe.algorithm.options) ?? 0;
    const steps = this.#stepsOfRound(assets);
    const desk: Desk = {
      clock: this.#clock,
      inbox: this.#inbox,
      address: type === 'resync' ? view.id : this.#address,
      assets,
      samples: this.#rows,
      gradients: steps,
      compressed: (layout) => memory.compressed(layout),
      dense: (length) => memory.dense(length),
      optimizer: memory.optimizer,
      next: (name, length) => memory.next(name, length, this.#state?.[name]),
      scratch: (name, length) => memory.scratch(name, length),
      send: (letter, peer) => {
        emulation.send(recipe, letter, peer);
        if (letter.type === 'resync') return;
        const bytes = algorithmMessageBytes(letter.payload.length);
        const { destination: to, tag, step } = letter;
        emulation.note({ kind: 'sent', seat, round: letter.round, to, tag, step, bytes });
      },
      taken: ({ source: from, tag, step, round: sentIn, payload }) => {
        const bytes = algorithmMessageBytes(payload.length);
        emulation.note({ kind: 'applied', seat, round: this.round, from, tag, step, sentIn, bytes });
      },
      commit: (state) => {
        this.#state = state;
      },
      gradient: (parameters, at, step, abort) => {
        const begun = () => {
          const sampler = this.#sampler;
          if (sampler === null) throw new Error('The data has not been dealt.');
          const { batches } = sampler;
          const batch =
            epochs > 0
              ? sampler.ofEpoch(at * epochs + Math.floor(step / batches), step % batches)
              : sampler.at(at * steps + step);
          this.#gradients += 1;
          this.#samples += batch.length;
          emulation.note({ kind: 'computing', seat, round: at, step });
          const { gradient, losses } = memory;
          return [parameters, assets.data, batch, gradient, losses.ring, losses.take()] as const;
        };
        const clipped = recipe.clip > 0 ? () => clip(assets.compute, memory.gradient, recipe.clip) : null;
        return {
          vector: memory.gradient,
          whole: () => {
            assets.program.gradient(...begun());
            clipped?.();
          },
          stages: () => memory.program.stages(...begun()),
          clip: clipped,
          spent: async (share, since) => {
            // Where the device does not say when it has finished, a gradient is done as soon as it is recorded.
            if (this.asynchronous || emulation.timesGradients(recipe)) await assets.compute.finish();
            // Between layers, what has arrived is let in.
            else if (share < 1 && this.#clock.virtual !== true) await this.#clock.sleep(0, abort);
            await emulation.computed(recipe, seat, at * steps + step, since, share, abort);
          },
          done: () => emulation.note({ kind: 'computed', seat, round: at, step }),
        };
      },
      nextStep: () => {
        this.#steps = (this.#steps + 1) & 0xffff;
        return this.#steps;
      },
      staleness: (updates) => this.staleness.set(updates, (this.staleness.get(updates) ?? 0) + 1),
    };
    // The schedule is part of the run; its base may change as it goes.
    const { lr, schedule } = parseRecipe(view.recipe);
    this.rate = learningRate(round, lr, schedule, view.seats.length);
    const since = type === 'resync' ? view.startRound : this.#since;
    this.#exchange = new Exchange(desk, type, view, holder, round, since, this.rate, signal);
    return this.#exchange;
  }
}
