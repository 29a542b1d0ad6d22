/**
 * What is known about everyone, put together for the page: this tab's workers at first hand, the others
 * from their reports. Pictures are the page's affair; nothing here decides anything.
 */
import type { Compute } from '../compute/compute.ts';
import type { PostOffice } from '../network/post-office.ts';
import type { PeerId } from '../network/transport.ts';
import type { ReportRow } from '../protocol/control.ts';
import { costOf, refusal } from '../recipe/legality.ts';
import type { LocalSettings, Recipe } from '../recipe/recipe.ts';
import { ofOneRun } from '../room/next-view.ts';
import type { Room } from '../room/room.ts';
import type { RunState, SeatHolder, View } from '../room/view.ts';
import { layoutOf, spectrumOf, supportOf } from './assets.ts';
import type { ConsensusResult } from './consensus.ts';
import type { FlockWorker } from './flock-worker.ts';
import type { Measure } from './measure.ts';
import { reportingIn, reportingOf } from './reporting.ts';
import type { SessionOptions } from './session.ts';
import type { EdgeStatus, Notice, Point, Snapshot, WorkerStatus } from './snapshot.ts';
import { Traffic } from './traffic.ts';
import { WORDS } from './words.ts';

/** How long a worker that left stays in the picture, in ms. */
const REMEMBER_MS = 20_000;
/** Waiting shorter than this is not worth a word, in ms. */
const PATIENCE_MS = 700;
/** Time over which rounds a second are counted, in ms. */
const PACE_MS = 4000;
const MAX_NOTICES = 8;

export interface Sources {
  readonly options: SessionOptions;
  readonly post: PostOffice;
  readonly room: Room;
  readonly measure: Measure;
  workers(): readonly FlockWorker[];
  recipe(): Recipe;
  /** Why the recipe cannot run with the workers of the view, or null. */
  refusal(): string | null;
  device(): Compute | null;
  /** An evaluation is under way. */
  measuring(): boolean;
  /** Which of this tab's runs a run is. */
  era(run: RunState): number;
}

type ModelPoint = Extract<Point, { kind: 'model' }>;

interface Departed {
  readonly status: WorkerStatus;
  readonly at: number;
}

export class Status {
  hidden = false;
  signalling: Snapshot['room']['signalling'] = 'none';
  carrier: Snapshot['room']['transport'] = 'memory';
  roomCode: string;
  addresses: readonly string[] = [];
  readonly #sources: Sources;
  readonly #reports = new Map<string, ReportRow>();
  readonly #departed = new Map<number, Departed>();
  readonly #notices = new Map<string, Notice>();
  readonly #traffic = new Traffic();
  #distances: Readonly<Record<number, number>> = {};
  /** The latest figures of the reported model. */
  #model: ModelPoint | null = null;
  #workersWanted: number;
  #waiting: { seat: number; since: number } | null = null;
  /** Rounds completed at some moments of the last seconds, oldest first. */
  #pace: { round: number; at: number }[] = [];
  #shape: {
    key: string;
    spectrum: Snapshot['spectrum'];
    cost: Snapshot['cost'];
    edges: readonly (readonly [number, number])[];
  } | null = null;

  constructor(sources: Sources) {
    this.#sources = sources;
    this.roomCode = sources.options.room.code;
    this.#workersWanted = sources.options.local.workers;
  }

  // ---- what happened -------------------------------------------------------------------------------

  notice(notice: Notice): void {
    this.#notices.delete(notice.id);
    this.#notices.set(notice.id, notice);
    for (const oldest of this.#notices.keys()) {
      if (this.#notices.size <= MAX_NOTICES) break;
      this.#notices.delete(oldest);
    }
  }

  dismiss(id: string): void {
    this.#notices.delete(id);
  }

  workersWanted(count: number): void {
    this.#workersWanted = count;
  }

  /** Takes what another tab says of its workers; gives the points that are new in it. */
  reported(peer: PeerId, rows: readonly ReportRow[], epoch: number): readonly Point[] {
    const points: Point[] = [];
    const view = this.#sources.room.view;
    if (view === null || view.run.epoch !== epoch) return points;
    for (const row of rows) {
      const holder = view.seats.find(({ seat }) => seat === row.seat);
      if (holder?.peer !== peer) continue;
      const before = this.#reports.get(`${peer} ${row.seat}`);
      this.#reports.set(`${peer} ${row.seat}`, row);
      points.push(...newPoints(row, before, this.#sources.era(view.run), reportingIn(view).seat));
      for (const [to, total] of row.edges) {
        this.#traffic.observe(row.seat, to, total, this.#sources.options.clock.now());
      }
    }
    const diverged = rows.find((row) => row.diverged);
    const holder = view.seats.find((each) => each.seat === diverged?.seat && each.peer === peer);
    // Its own tab knows more of it, and says so.
    if (holder !== undefined && !this.#notices.has('diverged')) {
      this.notice(WORDS.divergedElsewhere(this.#worker(holder).name));
    }
    this.measured(points);
    return points;
  }

  /** Keeps what is new of the reported model. */
  measured(points: readonly Point[]): void {
    for (const point of points) if (point.kind === 'model') this.#model = point;
  }

  consensus(result: ConsensusResult): void {
    this.#distances = result.distances;
  }

  epochChanged(): void {
    this.#reports.clear();
    this.#traffic.clear();
    this.#departed.clear();
    this.#distances = {};
    this.#pace = [];
    this.#model = null;
    this.#notices.delete('diverged');
    this.#notices.delete('failed');
  }

  /** Remembers who is no longer there. */
  viewed(view: View, before: View | null): void {
    const now = this.#sources.options.clock.now();
    for (const holder of before?.seats ?? []) {
      const stays = view.seats.some(({ peer, worker }) => peer === holder.peer && worker === holder.worker);
      if (!stays) {
        this.#departed.set(holder.seat, { status: { ...this.#worker(holder), health: 'gone' }, at: now });
      }
    }
    for (const { seat } of view.seats) this.#departed.delete(seat);
  }

  /** What the other tabs hear about this tab's workers. */
  reportRows(): readonly ReportRow[] {
    const rows: ReportRow[] = [];
    for (const worker of this.#sources.workers()) {
      const { holder, round, sentTo, rows: held, totals } = worker;
      if (holder === null || !hasEntered(worker, this.#sources.room.view)) continue;
      const { bytesSent, bytesReceived } = totals;
      const measured = this.#sources.measure.of(worker.index);
      const { trainLoss, testLoss, testAccuracy, lossRound, testRound, diverged, residualNorm } = measured;
      rows.push({
        ...{ seat: holder.seat, round, trainLoss, testLoss, testAccuracy, lossRound, testRound, diverged },
        ...{ bytesSent, bytesReceived, residualNorm, rows: held, edges: [...sentTo] },
      });
    }
    return rows;
  }

  // ---- the snapshot --------------------------------------------------------------------------------

  snapshot(): Snapshot {
    const { options, room, post } = this.#sources;
    const { view } = room;
    const recipe = this.#sources.recipe();
    const device = this.#sources.device();
    const now = options.clock.now();
    const mine = this.#sources.workers().filter(({ holder }) => holder !== null);
    // Who has not entered the run has no round of its own yet: it will begin where the view does.
    const inRun = mine.filter((worker) => hasEntered(worker, view));
    const round =
      inRun.length === 0 ? (view?.startRound ?? 0) : Math.min(...inRun.map((worker) => worker.round));
    const phase = this.#phase(view, round, device, mine);
    const shape = this.#shapeOf(recipe, view);
    const seats = view?.seats ?? [];
    for (const worker of inRun) {
      for (const [to, total] of worker.sentTo) {
        this.#traffic.observe(worker.holder?.seat ?? 0, to, total, now);
      }
    }
    for (const [seat, { at }] of this.#departed) if (now - at > REMEMBER_MS) this.#departed.delete(seat);
    // Also of workers that have no seat any more: what was sent in this run was sent.
    const counted = this.#sources.workers().filter((worker) => isOf(worker, view));
    const sum = (pick: (worker: FlockWorker) => number) =>
      counted.reduce((total, worker) => total + pick(worker), 0);
    const local: LocalSettings = { ...options.local, workers: this.#workersWanted };
    return {
      phase,
      room: {
        code: this.roomCode,
        transport: this.carrier,
        signalling: this.signalling,
        addresses: this.addresses,
      },
      recipe,
      recipeVersion: view?.recipeVersion ?? 0,
      refusal: this.#sources.refusal(),
      local,
      backend: device?.backend ?? 'cpu',
      adapter: device?.adapter ?? '',
      parameters: layoutOf(recipe).length,
      view: {
        counter: view?.counter ?? 0,
        startRound: view?.startRound ?? 0,
        epoch: view === null ? 0 : this.#sources.era(view.run),
      },
      workers: [
        ...seats.map((holder) => this.#worker(holder)),
        ...[...this.#departed.values()].map(({ status }) => status),
      ].sort((a, b) => a.seat - b.seat),
      edges: shape.edges.map(([a, b]) => this.#edge(seats[a], seats[b], now, phase === 'running')),
      spectrum: shape.spectrum,
      cost: shape.cost,
      round,
      model: this.#modelStatus(view),
      roundsPerSecond: this.#roundsPerSecond(round, now, phase === 'running' && inRun.length > 0),
      waiting: this.#waitingFor(mine, seats, now),
      totals: {
        gradientSteps: sum(({ totals }) => totals.gradients),
        bytesSent: sum(({ totals }) => totals.bytesSent),
        bytesReceived: sum(({ totals }) => totals.bytesReceived),
        bytesUncompressed: sum(({ totals }) => totals.bytesUncompressed),
        bytesControl: post.totals().bytesControl,
        bytesResync: post.totals().bytesResync,
        packetsExpected: sum(({ totals }) => totals.packetsExpected),
        packetsMissed: sum(({ totals }) => totals.packetsMissed),
        packetsLate: sum(({ totals }) => totals.packetsLate),
        protocolErrors: post.totals().protocolErrors,
      },
      notices: [...this.#notices.values()],
    };
  }

  #modelStatus(view: View | null): Snapshot['model'] {
    const { round = null, testLoss = null, testAccuracy = null } = this.#model ?? {};
    const { of, seat } = view === null ? reportingOf(this.#sources.recipe(), []) : reportingIn(view);
    return { of, seat, round, testLoss, testAccuracy };
  }

  /** Rounds that this tab's workers have all done; of an asynchronous algorithm, everybody as far as known. */
  slowest(): number {
    const { view } = this.#sources.room;
    const mine = this.#sources
      .workers()
      .filter((worker) => worker.holder !== null && hasEntered(worker, view));
    const others = mine.some(({ asynchronous }) => asynchronous)
      ? (view?.seats ?? []).map((holder) => this.#worker(holder).round)
      : [];
    const rounds = [...mine.map(({ round }) => round), ...others];
    return rounds.length === 0 ? (view?.startRound ?? 0) : Math.min(...rounds);
  }

  #phase(
    view: View | null,
    round: number,
    device: Compute | null,
    mine: readonly FlockWorker[],
  ): Snapshot['phase'] {
    if (view === null || device === null) return 'starting';
    const { running, stopAt } = view.run;
    if (this.#notices.has('data')) return 'stopped';
    if (running) {
      if (stopAt === null || round < stopAt || this.#sources.measuring()) return 'running';
      const { rounds } = this.#sources.recipe();
      return rounds > 0 && round >= rounds ? 'finished' : 'paused';
    }
    // Agreed, but the rounds before the pause are still being finished.
    const failed = this.#notices.has('diverged') || this.#notices.has('failed');
    // Where every worker counts its own, it is there once it has entered the view.
    const asynchronous = mine.some((worker) => worker.asynchronous);
    const behind =
      asynchronous || !mine.some((worker) => hasEntered(worker, view))
        ? mine.some((worker) => worker.view?.id !== view.id)
        : round < view.startRound;
    if ((behind || this.#sources.measuring()) && !failed) return 'running';
    // Its data is not there yet: nobody has a model.
    if (mine.length === 0) return 'starting';
    return round === 0 ? 'idle' : 'paused';
  }

  #worker(holder: SeatHolder): WorkerStatus {
    const { options, measure, room } = this.#sources;
    const own = holder.peer === options.transport.self;
    const member = room.member(holder.peer);
    const row = this.#reports.get(`${holder.peer} ${holder.seat}`);
    const worker = own
      ? this.#sources.workers().find((each) => each.index === holder.worker && isOf(each, room.view))
      : undefined;
    const measured = worker === undefined ? undefined : measure.of(worker.index);
    const device = this.#sources.device();
    const hidden = own ? this.hidden : (member?.hidden ?? false);
    // Before the first start nobody is paused: all are ready.
    const ready = room.view?.run.running === true || room.view?.run.dealt === null;
    const suspected = !own && (member === undefined || member.suspectedSince !== null);
    const health = suspected ? 'suspected' : hidden ? 'hidden' : ready ? 'active' : 'paused';
    const name = own ? options.local.name : (member?.name ?? '');
    return {
      seat: holder.seat,
      name: name === '' ? `Worker ${holder.seat}` : `${name} ${holder.worker + 1}`,
      mine: own,
      peer: holder.peer,
      health,
      hidden,
      backend: own ? (device?.backend ?? 'unknown') : (member?.backend ?? 'unknown'),
      adapter: own ? (device?.adapter ?? '') : (member?.adapter ?? ''),
      round:
        (worker?.entered === true ? worker.round : undefined) ?? row?.round ?? room.view?.startRound ?? 0,
      trainLoss: measured?.trainLoss ?? row?.trainLoss ?? null,
      testLoss: measured?.testLoss ?? row?.testLoss ?? null,
      testAccuracy: measured?.testAccuracy ?? row?.testAccuracy ?? null,
      distanceToMean: this.#distances[holder.seat] ?? null,
      diverging: worker !== undefined && measure.isHigh(worker),
      residualNorm: measured?.residualNorm ?? row?.residualNorm ?? null,
      staleness: worker?.asynchronous === true ? [...worker.staleness].sort(([a], [b]) => a - b) : null,
      rows: worker?.rows ?? row?.rows ?? 0,
      bytesSent: worker?.totals.bytesSent ?? row?.bytesSent ?? 0,
      bytesReceived: worker?.totals.bytesReceived ?? row?.bytesReceived ?? 0,
    };
  }

  #edge(a: SeatHolder | undefined, b: SeatHolder | undefined, now: number, running: boolean): EdgeStatus {
    const { transport } = this.#sources.options;
    const [from, to] = [a?.seat ?? 0, b?.seat ?? 0];
    const self = transport.self;
    const other = a?.peer === self ? b?.peer : b?.peer === self ? a?.peer : undefined;
    const carrier =
      a?.peer === b?.peer
        ? 'memory'
        : other === undefined
          ? 'unknown'
          : (transport.carrier(other) ?? 'unknown');
    return {
      a: from,
      b: to,
      bytesPerSecond: this.#traffic.rate(from, to, now, running),
      carrier: carrier === 'webrtc' || carrier === 'broadcast' || carrier === 'memory' ? carrier : 'unknown',
    };
  }

  #shapeOf(recipe: Recipe, view: View | null) {
    const n = view?.seats.length ?? 0;
    const seats = view?.seats ?? [];
    const peers = seats.map(({ peer }) => peer);
    const groups = peers.map((peer) => peers.indexOf(peer));
    const { topology, algorithm, compressor, model, dataset, seed } = recipe;
    const key = JSON.stringify([topology, algorithm, compressor, model, dataset, seed, groups]);
    if (this.#shape?.key !== key) {
      if (n === 0) {
        this.#shape = { key, spectrum: null, cost: null, edges: [] };
      } else {
        const { kind, lambda2, lambdaN, rho, gap } = spectrumOf(recipe, n);
        this.#shape = {
          key,
          spectrum: { kind, lambda2, lambdaN, rho, gap },
          cost: refusal(recipe, n) === null ? costOf(recipe, layoutOf(recipe), groups) : null,
          edges: supportOf(recipe, n),
        };
      }
    }
    return this.#shape;
  }

  /** Rounds a second of this tab's workers in this run, from the moment they entered it or went on. */
  #roundsPerSecond(round: number, now: number, moving: boolean): number {
    const last = this.#pace.at(-1);
    if (!moving || round < (last?.round ?? 0)) this.#pace = [];
    if (!moving) return 0;
    this.#pace.push({ round, at: now });
    // The last moment before the window stays, so that slow rounds are seen too.
    // One before a sleep goes as soon as there are two after it.
    for (let [early, next] = this.#pace; this.#pace.length > 2; [early, next] = this.#pace) {
      if (early === undefined || next === undefined) break;
      if (now - next.at < PACE_MS && next.at - early.at < PACE_MS) break;
      this.#pace.shift();
    }
    const [first] = this.#pace;
    if (first === undefined || now - first.at < 1) return 0;
    return ((round - first.round) * 1000) / (now - first.at);
  }

  #waitingFor(mine: readonly FlockWorker[], seats: readonly SeatHolder[], now: number): Snapshot['waiting'] {
    const missing = new Set(mine.flatMap((worker) => worker.missing()));
    for (const worker of mine) missing.delete(worker.holder?.seat ?? -1);
    const [seat] = [...missing].sort((a, b) => a - b);
    const holder = seats.find((each) => each.seat === seat);
    if (seat === undefined || holder === undefined) {
      this.#waiting = null;
      return null;
    }
    if (this.#waiting?.seat !== seat) this.#waiting = { seat, since: now };
    const ms = now - this.#waiting.since;
    return ms < PATIENCE_MS ? null : { name: this.#worker(holder).name, ms };
  }
}

/** Whether what a worker counts is of the run that this view is of. */
function isOf(worker: FlockWorker, view: View | null): boolean {
  return worker.view !== null && view !== null && ofOneRun(worker.view.run, view.run);
}

const hasEntered = (worker: FlockWorker, view: View | null) => worker.entered && isOf(worker, view);

/** What a report adds to the charts. */
function newPoints(
  { seat, trainLoss, lossRound, testLoss, testRound, testAccuracy }: ReportRow,
  before: ReportRow | undefined,
  epoch: number,
  server: number | null,
): Point[] {
  const points: Point[] = [];
  if (trainLoss !== null && lossRound !== before?.lossRound) {
    points.push({ kind: 'loss', epoch, seat, round: lossRound, value: trainLoss });
  }
  if (testLoss !== null && testRound !== before?.testRound) {
    points.push({ kind: 'evaluation', epoch, seat, round: testRound, testLoss, testAccuracy });
    if (seat === server) points.push({ kind: 'model', epoch, round: testRound, testLoss, testAccuracy });
  }
  return points;
}
