/**
 * The training session of one tab (or of one Node process's "tab"): its workers' loops, the room they are
 * in, and what it tells the page. It runs in a dedicated worker and knows neither React nor PeerJS; clock,
 * transport, device and data are handed in, so the same code runs in pages, in Node and under test.
 */
import type { Clock } from '../base/clock.ts';
import { OptionError } from '../base/options.ts';
import { DeviceLostError } from '../compute/compute.ts';
import { PostOffice } from '../network/post-office.ts';
import type { PeerId, Transport } from '../network/transport.ts';
import { type Frame, type FrameType, MAX_PART_BYTES, NO_VIEW } from '../protocol/frame.ts';
import { differences } from '../recipe/difference.ts';
import { caution, refusal } from '../recipe/legality.ts';
import type { LocalSettings, Recipe } from '../recipe/recipe.ts';
import { parseRecipe, sameRun } from '../recipe/schema.ts';
import { urlOf } from '../recipe/url.ts';
import { ofOneRun } from '../room/next-view.ts';
import { Room } from '../room/room.ts';
import type { ChangeMode, SeatHolder, View } from '../room/view.ts';
import { Agenda, RolledBackError } from './agenda.ts';
import { type Assets, layoutHash, layoutOf } from './assets.ts';
import { SKETCH_LENGTH } from './consensus.ts';
import { Emulation, type TraceEvent } from './emulation.ts';
import { Equipment, type Supplies } from './equipment.ts';
import { Eras } from './eras.ts';
import { DivergedError, InvalidMessageError } from './exchange.ts';
import type { FilesAsk } from './file-state.ts';
import { FlockWorker } from './flock-worker.ts';
import type { WorkerModel } from './handle.ts';
import { holdingsReport } from './holdings.ts';
import { Inbox } from './inbox.ts';
import { Measure } from './measure.ts';
import { ModelsDesk } from './models-desk.ts';
import type { AnswerOn, QuestionOn, Topic } from './models-questions.ts';
import { Starts } from './models-start.ts';
import { reportingIn } from './reporting.ts';
import { SavedRuns, type SavedWorker } from './saved-state.ts';
import { distancesIn, gathererOf, sendDistances, sendSketch, sketchIn } from './sketches.ts';
import type { Ask, MetricRow, Notice, Point, Report, Request, Snapshot } from './snapshot.ts';
import { Sponsorship } from './sponsor.ts';
import { Status } from './status.ts';
import { WORDS } from './words.ts';

/** Longest time a worker computes without letting messages and timers through, in ms. */
const BREATH_MS = 12;
/** Rounds and answers that a worker does at most before messages and timers are let through. */
const BREATH_ACTS = 32;
/** Time between two attempts on a device that is lost and not yet replaced, in ms. */
const LOST_MS = 20;
/** Evaluations whose models are kept. */
const MAX_COPIES = 2;
/** Views of which a late sketch is still taken. */
const RECENT_VIEWS = 4;
/** Time between two snapshots for the page, in ms. */
const SNAPSHOT_MS = 250;

export interface SessionOptions extends Supplies {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly recipe: Recipe;
  /** Nobody asked for this recipe in this room: it only came along from another. */
  readonly carried?: boolean;
  readonly local: LocalSettings;
  readonly lab: { readonly version: string; readonly built: number };
  readonly room: { readonly code: string };
  /** Uniform in [0, 1): for jitter only, never for training. */
  random(): number;
  report(report: Report): void;
  /** What is asked about the files of this tab, where it has some. */
  files?(ask: FilesAsk): void;
  /** The session has left the room, as it has no data for this recipe of the others; it is closed. */
  left?(recipe: Recipe): void;
  /** Told of every event of this tab's workers: what was computed, sent and applied, and when. */
  trace?(event: TraceEvent): void;
}

/** A worker's model at an evaluation. */
interface HostCopy {
  readonly epoch: number;
  readonly round: number;
  readonly weight: number;
  readonly parameters: Float32Array;
}

export class Session {
  readonly status: Status;
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  readonly #post: PostOffice;
  readonly #room: Room;
  readonly #agenda = new Agenda();
  readonly #measure: Measure;
  readonly #sponsorship: Sponsorship;
  readonly #inbox = new Inbox();
  readonly #starts = new Starts();
  readonly #saved = new SavedRuns();
  readonly #eras = new Eras();
  readonly #models: ModelsDesk;
  readonly #equipment: Equipment;
  #workers: FlockWorker[] = [];
  /** Of every worker the latest, newest first. */
  #copies = new Map<number, readonly HostCopy[]>();
  /** The latest views of this run, newest first. */
  #views: readonly View[] = [];
  /** Workers that failed in this view wait for the next. */
  #stuck = new Map<number, string>();
  #refused: { view: string; assets: Assets | null; reason: string | null } | null = null;
  #breathedAt = 0;
  #acts = 0;
  readonly #emulation: Emulation;
  #measuring = 0;
  #points: Point[] = [];
  #rows: MetricRow[] = [];
  #closed = false;
  #lacksData = false;
  /** The recipe that this tab's link asked for, as long as nothing else was ever in force here. */
  #asked: Recipe | null;

  constructor(options: SessionOptions) {
    const { clock, transport, local, lab } = options;
    this.#options = options;
    this.#asked = options.carried === true || urlOf(options.recipe) === '' ? null : options.recipe;
    this.#clock = clock;
    this.#post = new PostOffice(transport, { clock, maxPayload: (type) => this.#maxPayload(type) });
    this.#emulation = new Emulation(clock, this.#post, (event) => options.trace?.(event));
    this.#measure = new Measure(clock, (points, rows) => {
      this.#points.push(...points);
      this.#rows.push(...rows);
      this.status.measured(points);
      // Whoever stops a run at a target waits for just this.
      if (points.some(({ kind }) => kind === 'model')) this.#tellPoints();
    });
    this.#room = new Room({
      clock,
      transport,
      post: this.#post,
      random: () => options.random(),
      self: {
        peer: transport.self,
        name: local.name,
        workers: local.workers,
        backend: 'unknown',
        adapter: '',
        lab: lab.version,
        built: lab.built,
      },
      recipe: JSON.stringify(options.recipe),
      layoutHash: () => layoutHash(this.#recipe()),
      host: {
        prepare: (mode: ChangeMode) => this.#agenda.prepare(mode, this.#workers),
        release: () => this.#agenda.release(),
        commit: (view: View, mode: ChangeMode, fresh: boolean) => this.#commit(view, mode, fresh),
        checkRecipe: (text: string) => this.#checkRecipe(text),
        waitsFor: () => this.#waitsFor(),
      },
    });
    this.#sponsorship = new Sponsorship({
      clock,
      post: this.#post,
      parametersOf: (seat) => this.#parametersOf(seat),
      startOf: (hash) => this.#starts.of(hash),
    });
    this.#models = new ModelsDesk({
      clock,
      sponsorship: this.#sponsorship,
      starts: this.#starts,
      saved: this.#saved,
      lab: lab.version,
      view: () => this.#agenda.latest,
      workers: () => this.#workers,
      signal: () => this.#agenda.signal,
      recipe: () => this.#recipe(),
      assets: () => this.#equipment.assets,
      random: () => options.random(),
      save: (worker) => this.#save(worker),
      restart: (hash) => this.#room.command({ kind: 'reset', model: hash }),
    });
    this.#equipment = new Equipment(options, {
      recipe: () => this.#recipe(),
      onDevice: ({ backend, adapter }) => this.#room.setBackend(backend, adapter),
      onReady: () => this.#agenda.wake(),
      onLost: () => this.#deviceLost(),
      onBare: (notice) => this.#bare(notice),
      notice: (notice) => this.status.notice(notice),
      dismiss: (id) => {
        if (id === 'data') this.#lacksData = false;
        this.status.dismiss(id);
      },
    });
    this.status = new Status({
      options,
      post: this.#post,
      room: this.#room,
      measure: this.#measure,
      workers: () => this.#workers,
      recipe: () => this.#recipe(),
      refusal: () => this.#refusal(this.#agenda.latest),
      device: () => this.#equipment.device,
      measuring: () => this.#measuring > 0 || this.#unread(),
      era: (run) => this.#eras.of(run),
    });
  }

  /** Joins the room, opens the device, and starts to live. */
  open(): void {
    this.#post.on('sketch', (frame, peer) => this.#receiveSketch(peer, frame));
    this.#post.on('algorithm', (frame, peer) => {
      this.#inbox.deliver(peer, frame);
      // Those that have no round to do may have to answer.
      if (this.#equipment.assets?.algorithm.serves !== undefined) this.#agenda.wake();
    });
    this.#post.on('packet', (frame, peer) => this.#inbox.packets.deliver(peer, frame));
    this.#post.on('resync', (frame, peer) => {
      if (frame.view === NO_VIEW) this.#sponsorship.receive(peer, frame);
      else this.#inbox.deliver(peer, frame);
    });
    this.#room.onReport((peer, epoch, rows) => {
      this.#points.push(...this.status.reported(peer, rows, epoch));
    });
    this.#room.onNotice((notice) => this.status.notice(notice));
    this.#room.open();
    void this.#equipment.open();
    void this.#publish();
  }

  request(request: Request): void {
    switch (request.kind) {
      case 'workers':
        this.status.workersWanted(request.count);
        this.#room.setWorkers(request.count);
        return;
      case 'hidden':
        this.status.hidden = request.hidden;
        this.#room.setHidden(request.hidden);
        return;
      case 'name':
        this.#room.setName(request.name);
        return;
      case 'command':
        this.#command(request.command);
        return;
      case 'files':
        this.#options.files?.(request.ask);
        return;
      case 'holdings':
        this.#tellHoldings();
    }
  }

  /** Discovery has found nobody else: this room is real. */
  setEstablished(): void {
    this.#room.setEstablished();
  }

  /** Of this tab's workers: as they are, or as they were at their last evaluations. */
  async models(at?: 'evaluated'): Promise<readonly WorkerModel[]> {
    const { assets } = this.#equipment;
    if (assets === null) return [];
    const { layout } = assets;
    const models: WorkerModel[] = [];
    for (const worker of this.#workers) {
      if (at === 'evaluated') {
        const seat = worker.holder?.seat;
        const copies = seat === undefined ? [] : (this.#copies.get(worker.index) ?? []);
        for (const { round, weight, parameters } of copies) {
          if (seat !== undefined) models.push({ seat, round, weight, current: true, layout, parameters });
        }
        continue;
      }
      const x = worker.parameters;
      if (x === null || worker.holder === null) continue;
      const { round, weight, current } = worker;
      const { seat } = worker.holder;
      const parameters = await assets.compute.read(x);
      models.push({ seat, round, weight, current, layout, parameters });
    }
    return models;
  }

  /** Answers about the models of this tab's workers, and the reported one. @throws {NoAnswerError} */
  ask<About extends Topic>(about: About, question: QuestionOn<About>): Promise<AnswerOn<About>> {
    return this.#models.ask(about, question);
  }

  close(): void {
    this.#closed = true;
    this.#room.close();
    this.#options.transport.close();
    this.#agenda.prepare('abort', this.#workers);
    this.#agenda.wake();
    this.#equipment.close();
  }

  // ---- the room --------------------------------------------------------------------------------------

  /** The recipe of the latest view; every view's text was checked before it was agreed on. */
  #recipe(): Recipe {
    const view = this.#agenda.latest;
    return view === null ? this.#options.recipe : parseRecipe(view.recipe);
  }

  /** Why a view's recipe cannot run with its workers, as far as is known before its data is there, or null. */
  #refusal(view: View | null): string | null {
    if (view === null || view.seats.length === 0) return refusal(this.#recipe());
    const { assets } = this.#equipment;
    // Asked before every round, and the same as long as these are.
    if (this.#refused?.view !== view.id || this.#refused.assets !== assets) {
      const recipe = parseRecipe(view.recipe);
      const there = assets !== null && sameRun(assets.recipe, recipe);
      const { length } = view.seats;
      const reason = refusal(recipe, length) ?? (there ? assets.refuses(length, view.run.dealt) : null);
      this.#refused = { view: view.id, assets, reason };
    }
    return this.#refused.reason;
  }

  /** Peers from which a worker of this tab is waiting for a message. */
  #waitsFor(): readonly PeerId[] {
    const seats = new Set(this.#workers.flatMap((worker) => worker.missing()));
    if (seats.size === 0) return [];
    const holders = this.#agenda.latest?.seats.filter(({ seat }) => seats.has(seat)) ?? [];
    return [...new Set(holders.map(({ peer }) => peer))];
  }

  #checkRecipe(text: string): string | null {
    try {
      return refusal(parseRecipe(text));
    } catch (error) {
      if (error instanceof OptionError) return error.message;
      throw error;
    }
  }

  #commit(view: View, agreed: ChangeMode, fresh: boolean): void {
    const before = this.#agenda.latest;
    // Who enters a view with other members waits for all of them, and must keep none of them waiting in a
    // round of its own; asynchronous rounds are nobody else's, so they may as well be taken again.
    const restless = this.#equipment.assets?.algorithm.asynchronous === true;
    const mode = restless && before !== null && !sameSeats(before, view) ? 'abort' : agreed;
    const mine = view.seats.filter(({ peer }) => peer === this.#options.transport.self);
    const another = this.#eras.enter(view.run);
    if (fresh) for (const worker of this.#workers) another ? worker.reset() : worker.restart();
    this.#agenda.commit(view, mode, fresh);
    this.#views = [view, ...(another ? [] : this.#views)].slice(0, RECENT_VIEWS);
    if (another) {
      this.#measure.clear();
      this.#copies.clear();
      this.#emulation.reset();
      this.status.epochChanged();
      this.#rows = [];
      if (view.run.resumed !== undefined) this.status.notice(WORDS.resumed(view.run.resumed.round));
      else this.status.dismiss('resumed');
      if (view.run.model === undefined) this.status.dismiss('loaded-model');
      else this.status.notice(WORDS.loadedModel());
    }
    if (view.run.running && before?.run.running !== true) {
      this.#measure.forgive();
      this.status.dismiss('diverged');
    }
    if (view.run.running) this.#measure.begin(this.#eras.of(view.run));
    this.#stuck.clear();
    for (const { worker } of mine) {
      if (this.#workers.some(({ index }) => index === worker)) continue;
      const added = new FlockWorker(worker, this.#clock, this.#post, this.#inbox, this.#emulation);
      this.#workers.push(added);
      void this.#live(added);
    }
    this.#compareWithLink(view, before);
    this.status.viewed(view, before);
    void this.#equipment.refresh();
    this.#leaveOthers();
  }

  /** Says so where the room that this tab has come to (or been merged with) runs another recipe than its link. */
  #compareWithLink(view: View, before: View | null): void {
    const asked = this.#asked;
    if (asked === null) return;
    const apart = differences(asked, parseRecipe(view.recipe));
    if (apart.length === 0) return;
    this.#asked = null;
    // In its own lineage the recipe changes by a command, which everybody sees.
    if (before !== null && view.parent === before.id) return;
    this.status.notice(WORDS.overruled(apart, urlOf(asked, this.#options.local)));
  }

  /** Without data nobody is kept waiting: this tab leaves those who are in the room with it. */
  #bare(notice: Notice): void {
    this.status.notice(notice);
    this.#lacksData = true;
    this.#leaveOthers();
  }

  #leaveOthers(): void {
    const self = this.#options.transport.self;
    const others = this.#room.view?.seats.some(({ peer }) => peer !== self) === true;
    if (!this.#lacksData || !others || this.#closed) return;
    this.close();
    this.flush();
    this.#options.left?.(this.#recipe());
  }

  /** There may be data now where there were none. */
  dataChanged(): void {
    if (this.#lacksData && !this.#closed) void this.#equipment.refresh();
  }

  #tellHoldings(): void {
    const { assets } = this.#equipment;
    const view = this.#agenda.latest;
    const ready = assets !== null && view !== null && sameRun(assets.recipe, parseRecipe(view.recipe));
    const self = this.#options.transport.self;
    this.#options.report({ kind: 'holdings', holdings: ready ? holdingsReport(assets, view, self) : null });
  }

  #command(command: Ask): void {
    if (command.kind === 'start') {
      const recipe = this.#recipe();
      const workers = this.#agenda.latest?.seats.length ?? null;
      const reason = this.#refusal(this.#agenda.latest);
      if (reason !== null) {
        this.status.notice(WORDS.refused(reason));
        return;
      }
      const doubt = caution(recipe, workers, layoutOf(recipe));
      if (doubt === null) this.status.dismiss('caution');
      else this.status.notice(WORDS.caution(doubt));
      const round = this.status.slowest();
      const end = command.stopAt ?? (recipe.rounds > round ? recipe.rounds : null);
      this.#room.command({ kind: 'start', stopAt: end });
      return;
    }
    if (command.kind === 'recipe') {
      const reason = this.#checkRecipe(command.recipe);
      if (reason !== null) {
        this.status.notice(WORDS.refused(reason));
        return;
      }
      const restart = !sameRun(this.#recipe(), parseRecipe(command.recipe));
      this.#room.command({ ...command, restart });
      return;
    }
    this.status.dismiss('refused');
    this.#room.command(command);
  }

  // ---- the workers' lives ----------------------------------------------------------------------------

  async #live(worker: FlockWorker): Promise<void> {
    while (!this.#closed) {
      const { signal, version } = this.#agenda;
      try {
        if (!(await this.#act(worker, signal))) await this.#agenda.changeSince(version);
        else await this.#breathe();
      } catch (error) {
        this.#failed(worker, error);
        if (error instanceof DeviceLostError) await this.#clock.sleep(LOST_MS);
      }
    }
  }

  /** Does the next thing there is to do; false if there is none. */
  async #act(worker: FlockWorker, signal: AbortSignal): Promise<boolean> {
    const { assets } = this.#equipment;
    if (assets === null || this.#agenda.halted) return false;
    if (this.#stuck.get(worker.index) === this.#agenda.latest?.id) return false;
    const next = this.#agenda.after(worker.view);
    const current = worker.view;
    if (next !== null) {
      const inLineage = current !== null && next.mode === 'graceful' && next.view.parent === current.id;
      const sameEpoch = current?.run.epoch === next.view.run.epoch;
      const behind = worker.round < next.view.startRound && !worker.asynchronous;
      if (inLineage && sameEpoch && behind && worker.equipped(assets)) {
        if (worker.round >= this.#agenda.hold) return false;
        await this.#step(worker, assets, signal);
        return true;
      }
      if (inLineage && sameEpoch && worker.equipped(assets)) await worker.settle(signal);
      return this.#enter(worker, next.view, inLineage && sameEpoch, assets, signal);
    }
    if (current === null || worker.holder === null) return false;
    if (!worker.equipped(assets)) return this.#enter(worker, current, false, assets, signal);
    const { running, stopAt } = current.run;
    if (running && this.#refusedNow(current)) return false;
    if (!running || worker.round >= Math.min(this.#agenda.hold, stopAt ?? Number.POSITIVE_INFINITY)) {
      if (worker.mail) await worker.serve(signal);
      // At rest, figures are those of the last round, whenever it was that somebody looked.
      else if (!(await this.#measure.losses(worker, this.#eras.of(current.run), true))) return false;
      else this.#lossesRead(worker, false);
      return true;
    }
    if (this.#ahead(worker)) return false;
    await this.#step(worker, assets, signal);
    return true;
  }

  /**
   * Whether it has to wait for others of this tab: who rests hears nobody, and would go on for rounds that the
   * flock is far from. Then a pause, which ends with the rounds that anyone has begun, came much too late.
   */
  #ahead({ view, round }: FlockWorker): boolean {
    if (this.#equipment.assets?.algorithm.rests === undefined) return false;
    return this.#workers.some((other) => other.holder !== null && other.view === view && other.round < round);
  }

  /** Whether the recipe cannot run with the workers there are now; then all wait, and the page says why. */
  #refusedNow(view: View): boolean {
    const reason = this.#refusal(view);
    if (reason !== null) this.status.notice(WORDS.waitsForWorkers(reason));
    else this.status.dismiss('workers');
    return reason !== null;
  }

  async #enter(
    worker: FlockWorker,
    view: View,
    continues: boolean,
    assets: Assets,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (!sameRun(assets.recipe, parseRecipe(view.recipe))) return false;
    const holder = view.seats.find(
      ({ peer, worker: index }) => peer === this.#options.transport.self && index === worker.index,
    );
    if (holder === undefined) {
      worker.leave(view);
      this.#agenda.prune(this.#workers);
      return true;
    }
    const before = worker.view;
    if (before === null || !ofOneRun(before.run, view.run)) worker.reset();
    const equipped = worker.equipped(assets);
    worker.equip(assets);
    this.#equipment.tidy((old) => this.#workers.some((each) => each.equipped(old)));
    let keep = equipped && continues && before !== null && view.startRound > 0 && sameSeats(before, view);
    if (worker.parameters === null) {
      if (this.#resume(worker, view, holder)) keep = asItWas(view);
      else worker.place(await this.#parametersFor(worker, view, holder, assets, signal));
    }
    await worker.enter(view, holder, keep, signal);
    this.#agenda.prune(this.#workers);
    return true;
  }

  /** Gives a worker the state that the epoch goes on from, if that is where the view begins. */
  #resume(worker: FlockWorker, view: View, holder: SeatHolder): boolean {
    const { resumed } = view.run;
    if (resumed === undefined || view.startRound !== resumed.round) return false;
    const saved = this.#saved.of(resumed.id, holder.seat);
    if (saved === null) {
      // The others go on as if nothing had been, and would wait for it in vain.
      if (asItWas(view)) throw new Error(`The saved state of worker ${holder.seat} is not in its tab.`);
      return false;
    }
    worker.restore(saved);
    this.#measure.restore(worker, saved.losses);
    this.#measure.resume(this.#eras.of(view.run), saved.simulated);
    return true;
  }

  async #save(worker: FlockWorker): Promise<SavedWorker | null> {
    const { view, holder, round } = worker;
    const latest = this.#agenda.latest;
    if (view === null || holder === null || view.id !== latest?.id || view.run.dealt === null) return null;
    const { running, stopAt, dealt } = view.run;
    if (running && (stopAt === null || round < stopAt)) return null;
    const epoch = this.#eras.of(view.run);
    const losses = await this.#measure.told(worker, epoch);
    const simulated = this.#measure.simulated(epoch, worker.finishedAt);
    const progress = await worker.save();
    if (progress === null || worker.view !== view || worker.round !== round) return null;
    return { ...progress, seat: holder.seat, dealt, simulated, losses };
  }

  /** This worker's x_0: of the seed, or of the model that somebody loaded; apart from others' if the recipe says so. */
  async #start(view: View, holder: SeatHolder, assets: Assets, signal: AbortSignal): Promise<Float32Array> {
    const { model } = view.run;
    if (model === undefined) return assets.startOf(holder.seat);
    const parts = { clock: this.#clock, sponsorship: this.#sponsorship };
    const loaded = await this.#starts.obtain(model, view, holder, assets.layout.length, parts, signal);
    return assets.startOf(holder.seat, loaded);
  }

  /** x_0 at the start of an epoch; else a member's parameters; else what this tab last saved. */
  async #parametersFor(
    worker: FlockWorker,
    view: View,
    holder: SeatHolder,
    assets: Assets,
    signal: AbortSignal,
  ): Promise<Float32Array> {
    if (view.startRound === 0) return this.#start(view, holder, assets, signal);
    const given = await this.#sponsorship.fetch(view, holder, assets.layout.length, signal);
    if (given !== null) return given.parameters;
    const copy = this.#copies.get(worker.index)?.[0];
    if (copy?.epoch === this.#eras.of(view.run)) return copy.parameters;
    return this.#start(view, holder, assets, signal);
  }

  async #step(worker: FlockWorker, assets: Assets, signal: AbortSignal): Promise<void> {
    await worker.step(signal);
    // The last of a round lets the others begin the next.
    if (assets.algorithm.rests !== undefined && !this.#ahead(worker)) this.#agenda.wake();
    const { busy } = worker;
    const view = worker.view;
    if (view === null) return;
    const { stopAt } = view.run;
    const epoch = this.#eras.of(view.run);
    const due = worker.round % parseRecipe(view.recipe).evalEvery === 0 || worker.round === stopAt;
    if (!due) {
      await this.#measure.losses(worker, epoch, false);
    } else {
      this.#measuring += 1;
      try {
        await worker.settle(signal);
        await this.#evaluate(worker, assets, view);
      } finally {
        this.#measuring -= 1;
      }
    }
    const { rounds } = parseRecipe(view.recipe);
    this.#lossesRead(worker, rounds > 0 && worker.round >= rounds);
    const slower = this.#emulation.drag(assets.recipe, worker.holder?.seat ?? 0);
    if (slower > 1) await this.#drag(worker, this.#clock.now() + (slower - 1) * busy, signal);
  }

  /**
   * Looks at the losses that came: no worker goes on from numbers that are none, nor for long from losses that
   * are far too high; and a run that ends with such losses has not just finished.
   */
  #lossesRead(worker: FlockWorker, ended: boolean): void {
    const measured = this.#measure.of(worker.index);
    const { trainLoss } = measured;
    if (trainLoss !== null && !Number.isFinite(trainLoss)) throw new DivergedError();
    if (ended && this.#measure.isHigh(worker)) measured.diverged = true;
    if (measured.diverged) throw new DivergedError(this.#measure.divergence(worker));
  }

  /** A straggler's delay: it does nothing of its own until then, but answers, as a slow computer would. */
  async #drag(worker: FlockWorker, until: number, signal: AbortSignal): Promise<void> {
    const waking = new AbortController();
    const over = this.#clock
      .sleep(Math.max(0, until - this.#clock.now()), waking.signal)
      .catch(() => undefined);
    const stop = () => waking.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (this.#clock.now() < until && !waking.signal.aborted) {
        const { version } = this.#agenda;
        if (worker.mail) await worker.serve(signal);
        else await Promise.race([over, this.#agenda.changeSince(version)]);
      }
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
    }
  }

  async #evaluate(worker: FlockWorker, assets: Assets, view: View): Promise<void> {
    const seats = view.seats.map(({ seat }) => seat);
    const self = this.#options.transport.self;
    const allLocal = view.seats.every(({ peer }) => peer === self);
    const epoch = this.#eras.of(view.run);
    const { round, holder, weight } = worker;
    const { of, seat } = reportingIn(view);
    // Of replicas, which are all the same, the first of this tab speaks.
    const first = of === 'replica' ? view.seats.find(({ peer }) => peer === self)?.seat : seat;
    const flock = { epoch, seats, allLocal, reports: of, speaks: holder?.seat === (first ?? null) };
    const result = await this.#measure.evaluate(worker, assets, flock);
    if (result === null || holder === null) return;
    const copy = { epoch, round, weight, parameters: result.parameters };
    // Where others have to be asked for theirs, somebody may ask for one that a faster worker has left behind.
    const kept = allLocal ? 1 : MAX_COPIES;
    this.#copies.set(worker.index, [copy, ...(this.#copies.get(worker.index) ?? [])].slice(0, kept));
    if (!allLocal && of !== 'server') sendSketch(this.#post, view, holder, round, result.sketch, weight);
    if (result.consensus !== null) {
      if (!allLocal) sendDistances(this.#post, view, result.consensus);
      this.status.consensus(result.consensus);
      await this.#measure.publish(result.consensus, assets, flock);
    }
  }

  /** A worker that can go on has losses that nobody has looked at yet. */
  #unread(): boolean {
    const { latest } = this.#agenda;
    const live = this.#workers.filter(({ index }) => this.#stuck.get(index) !== latest?.id);
    return live.some(({ losses }) => losses?.unread === true);
  }

  /** The state is gone, and others hold what belonged to it: all enter a new view together. */
  #deviceLost(): void {
    for (const worker of this.#workers) {
      worker.unequip();
      this.#stuck.set(worker.index, this.#agenda.latest?.id ?? '');
    }
    this.#room.command({ kind: 'renew' });
  }

  #failed(worker: FlockWorker, error: unknown): void {
    if (error instanceof RolledBackError || this.#closed) return;
    // The equipment hears of it in its own time, perhaps before this: nothing to do but wait for it.
    if (error instanceof DeviceLostError) return;
    this.#stuck.set(worker.index, this.#agenda.latest?.id ?? '');
    const self = this.#options.transport.self;
    if (error instanceof InvalidMessageError && error.peer !== self) {
      this.status.notice(WORDS.invalidMessage(error.message));
      this.#options.transport.drop(error.peer, error.message);
    } else if (error instanceof DivergedError || error instanceof InvalidMessageError) {
      this.#measure.of(worker.index).diverged = true;
      this.status.notice(WORDS.diverged(error instanceof DivergedError ? error.divergence : null));
      this.#halt();
    } else {
      this.status.notice(WORDS.failed(error instanceof Error ? error.message : String(error)));
      this.#halt();
    }
  }

  /** Where all pause already, another pause would be a new view, in which the same round fails again. */
  #halt(): void {
    if (this.#agenda.latest?.run.running === true) this.#room.command({ kind: 'pause' });
  }

  /** Lets messages and timers through now and then when nothing else does. */
  async #breathe(): Promise<void> {
    const now = this.#clock.now();
    this.#acts += 1;
    if (now - this.#breathedAt < BREATH_MS && this.#acts < BREATH_ACTS) return;
    this.#acts = 0;
    await this.#clock.sleep(0);
    this.#breathedAt = this.#clock.now();
  }

  // ---- messages --------------------------------------------------------------------------------------

  /** Nothing longer than a model makes sense; before there is one, nothing but control does. */
  #maxPayload(type: FrameType): number {
    if (type === 'control') return MAX_PART_BYTES;
    if (type === 'sketch') return 4 * (SKETCH_LENGTH + 1);
    // A hash has 32 bytes, however small the model.
    return Math.max(64, 2 * 4 * layoutOf(this.#recipe()).length);
  }

  #receiveSketch(peer: PeerId, frame: Frame): void {
    // A worker may still be finishing rounds of the view before.
    const view = this.#views.find(({ id }) => id === frame.view);
    if (view === undefined || reportingIn(view).of === 'server') return;
    let result = distancesIn(frame, peer, view);
    const heard = sketchIn(frame, peer, view);
    if (heard !== null && gathererOf(view, frame.round) === this.#post.self) {
      const seats = view.seats.map(({ seat }) => seat);
      const { sketch, weight } = heard;
      result = this.#measure.consensus.add(frame.round, frame.source, sketch, seats, false, weight);
      if (result !== null) sendDistances(this.#post, view, result);
    }
    if (result === null) return;
    this.status.consensus(result);
    const { round, value, exact, distances } = result;
    this.#points.push({ kind: 'consensus', epoch: this.#eras.of(view.run), round, value, exact, distances });
  }

  // ---- what others ask for ---------------------------------------------------------------------------

  async #parametersOf(
    seat: number,
  ): Promise<{ round: number; parameters: Float32Array; weight: number } | null> {
    const { assets } = this.#equipment;
    const worker = this.#workers.find(({ holder }) => holder?.seat === seat);
    const x = worker?.parameters;
    if (worker === undefined || x === null || x === undefined || assets === null) return null;
    const { round, weight } = worker;
    return { round, weight, parameters: await assets.compute.read(x) };
  }

  async #publish(): Promise<void> {
    while (!this.#closed) {
      this.flush();
      this.#room.report(this.status.reportRows());
      await this.#clock.sleep(SNAPSHOT_MS);
    }
  }

  #tellPoints(): void {
    const points = this.#points.splice(0);
    if (points.length > 0) this.#options.report({ kind: 'points', points });
  }

  /** Hands points, rows and a snapshot to the page now. */
  flush(): void {
    const { report } = this.#options;
    this.#tellPoints();
    if (this.#rows.length > 0) report({ kind: 'metrics', rows: this.#rows.splice(0) });
    const snapshot: Snapshot = this.status.snapshot();
    report({ kind: 'snapshot', snapshot });
  }
}

/**
 * Whether a saved run goes on in this view with the very workers that it had, from whole states: all of them at
 * once, or none. A later view is entered as after any change, also by who has missed the first.
 */
function asItWas({ counter, seats, run: { resumed } }: View): boolean {
  const same = seats.length === resumed?.workers && seats.every(({ seat }, rank) => seat === rank);
  return resumed?.exact === true && counter === resumed.began && same;
}

function sameSeats(a: View, b: View): boolean {
  return JSON.stringify(a.seats) === JSON.stringify(b.seats) && a.run.dealt === b.run.dealt;
}
