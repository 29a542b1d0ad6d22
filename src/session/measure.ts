/**
 * Measuring: what a worker's evaluated round yields, for `metrics.csv`, the charts and the other tabs.
 * Nothing here changes a run; it reads losses, scores, sketches and copies.
 */
import type { Reported } from '../algorithms/reported.ts';
import type { Clock } from '../base/clock.ts';
import type { Vector } from '../compute/compute.ts';
import type { Score } from '../models/model.ts';
import type { Assets } from './assets.ts';
import { Consensus, type ConsensusResult, SKETCH_LENGTH, SKETCH_SEED } from './consensus.ts';
import { type Divergence, DivergenceJudge } from './divergence.ts';
import type { FlockWorker } from './flock-worker.ts';
import { type LossRecord, LossWindow } from './loss-window.ts';
import type { MetricRow, Point } from './snapshot.ts';

/** Shortest time between two read-backs of a worker's losses outside evaluations, in ms. */
const LOSS_INTERVAL_MS = 400;

/** The latest numbers of one of this tab's workers. */
export interface Measured {
  trainLoss: number | null;
  /** Rounds that the training loss and the scores are of. */
  lossRound: number;
  testRound: number;
  testLoss: number | null;
  testAccuracy: number | null;
  distanceToMean: number | null;
  /** ‖e‖ of the algorithm's error feedback, where it keeps any. */
  residualNorm: number | null;
  /** Its training has diverged, and nobody has started again since. */
  diverged: boolean;
}

interface LossBook {
  readonly window: LossWindow;
  readonly judge: DivergenceJudge;
  readAt: number;
}

/** What an evaluation needs to know of the flock. */
export interface Flock {
  readonly epoch: number;
  readonly seats: readonly number[];
  /** All of these are in this tab. */
  readonly allLocal: boolean;
  readonly reports: Reported;
  /** This worker's own model is the one that the run reports. */
  readonly speaks: boolean;
}

export class Measure {
  readonly consensus = new Consensus();
  readonly measured = new Map<number, Measured>();
  readonly #books = new Map<number, LossBook>();
  readonly #clock: Clock;
  /** Simulated milliseconds that a run had behind it when it was taken up again. */
  #carried: { readonly epoch: number; readonly simulated: number } | null = null;
  /** When the first round of an epoch could begin. */
  #began: { readonly epoch: number; readonly at: number } | null = null;
  readonly #emit: (points: readonly Point[], rows: readonly MetricRow[]) => void;
  #scratch: { assets: Assets; mean: Vector; sketch: Vector; norms: Vector } | null = null;

  constructor(clock: Clock, emit: (points: readonly Point[], rows: readonly MetricRow[]) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** The run is on, in this epoch: its time counts from the first time that this is said. */
  begin(epoch: number): void {
    if (this.#began?.epoch === epoch) return;
    const before = this.#carried?.epoch === epoch ? this.#carried.simulated : 0;
    this.#began = { epoch, at: this.#clock.now() - before };
  }

  /** Simulated milliseconds of the run up to this time of the clock; 0 under the real one. */
  simulated(epoch: number, at: number): number {
    return this.#clock.virtual === true && this.#began?.epoch === epoch ? at - this.#began.at : 0;
  }

  /** The run has had so many simulated milliseconds before this session: those of its slowest worker. */
  resume(epoch: number, simulated: number): void {
    const before = this.#carried?.epoch === epoch ? this.#carried.simulated : 0;
    this.#carried = { epoch, simulated: Math.max(before, simulated) };
  }

  /** A worker's losses so far, as much of them as its figures are made of. */
  async told(worker: FlockWorker, epoch: number): Promise<LossRecord> {
    await this.losses(worker, epoch, true);
    return this.#book(worker).window.record();
  }

  /** Losses from before this session. */
  restore(worker: FlockWorker, record: LossRecord): void {
    this.#books.set(worker.index, bookOf(worker, record));
  }

  /** Somebody has started again: what diverged before is history. */
  forgive(): void {
    for (const measured of this.measured.values()) measured.diverged = false;
  }

  /** Whether a worker's latest losses are so high that a run which ended here had diverged. */
  isHigh(worker: FlockWorker): boolean {
    const { lossRound } = this.of(worker.index);
    return this.#books.get(worker.index)?.judge.isHigh(lossRound) === true;
  }

  /** Of a worker that has diverged: where its loss is, and what it is measured by. */
  divergence(worker: FlockWorker): Divergence {
    const { loss, reference } = this.#book(worker).judge;
    return { loss, reference, seat: worker.holder?.seat ?? 0 };
  }

  /** Another epoch: forget all figures. */
  clear(): void {
    this.consensus.clear();
    this.measured.clear();
    this.#books.clear();
  }

  of(index: number): Measured {
    let measured = this.measured.get(index);
    if (measured === undefined) {
      measured = {
        trainLoss: null,
        lossRound: 0,
        testRound: 0,
        testLoss: null,
        testAccuracy: null,
        distanceToMean: null,
        residualNorm: null,
        diverged: false,
      };
      this.measured.set(index, measured);
    }
    return measured;
  }

  /** Reads the losses if it is time; true if there is a new figure. Marks who has diverged by them. */
  async losses(worker: FlockWorker, epoch: number, force: boolean): Promise<boolean> {
    const ring = worker.losses;
    const seat = worker.holder?.seat;
    if (ring === null || seat === undefined) return false;
    const book = this.#book(worker);
    const now = this.#clock.now();
    const { round } = worker;
    const { unread } = ring;
    if (unread) {
      if (!force && !ring.full && now - book.readAt < LOSS_INTERVAL_MS) return false;
      book.readAt = now;
      const losses = await ring.read();
      // Meanwhile another run may have begun.
      if (this.#books.get(worker.index) !== book || worker.round !== round) return false;
      if (book.judge.add(losses)) this.of(worker.index).diverged = true;
    }
    const value = book.window.at(round);
    const measured = this.of(worker.index);
    measured.trainLoss = value;
    measured.lossRound = round;
    if (unread && value !== null) this.#emit([{ kind: 'loss', epoch, seat, round, value }], []);
    return unread;
  }

  /**
   * Evaluates a worker after a round. Returns its sketch (for the other tabs) and, once the last worker's
   * numbers for this round are in, the consensus distance.
   */
  async evaluate(
    worker: FlockWorker,
    assets: Assets,
    flock: Flock,
  ): Promise<{ parameters: Float32Array; sketch: Float32Array; consensus: ConsensusResult | null } | null> {
    const { current, round } = worker;
    const { epoch, seats, allLocal, reports } = flock;
    const seat = worker.holder?.seat;
    await this.losses(worker, epoch, true);
    // An older model has nothing to say of this round, and may stay where it is parked.
    const x = current ? worker.parameters : null;
    if (seat === undefined) return null;
    if (x === null) {
      Object.assign(this.of(worker.index), { testLoss: null, testAccuracy: null, testRound: round });
      this.#emit([], [this.#row(worker, epoch, seat, null, null)]);
      return null;
    }
    const { compute } = assets;
    const scratch = this.#vectors(assets);
    const scoring = assets.program.evaluate(x, assets.data, assets.scored);
    compute.sketch(x, SKETCH_SEED, scratch.sketch);
    const sketching = compute.read(scratch.sketch);
    const owing = this.#residualNorm(worker, assets);
    const [score, sketch, parameters] = await Promise.all([scoring, sketching, compute.read(x)]);
    const { loss: testLoss } = score;
    const testAccuracy = accuracyOf(score);
    const residualNorm = await owing;
    Object.assign(this.of(worker.index), { testLoss, testAccuracy, residualNorm, testRound: round });
    const points: Point[] = [{ kind: 'evaluation', epoch, seat, round, testLoss, testAccuracy }];
    if (flock.speaks) points.push({ kind: 'model', epoch, round, testLoss, testAccuracy });
    this.#emit(points, [this.#row(worker, epoch, seat, testLoss, testAccuracy)]);
    if (reports === 'server') return { parameters, sketch, consensus: null };
    const vector = allLocal ? parameters : sketch;
    const consensus = this.consensus.add(round, seat, vector, seats, allLocal, worker.weight);
    return { parameters, sketch, consensus };
  }

  #row(
    worker: FlockWorker,
    epoch: number,
    seat: number,
    testLoss: number | null,
    testAccuracy: number | null,
  ): MetricRow {
    const { totals, round } = worker;
    const { window } = this.#book(worker);
    const began = this.#began?.epoch === epoch ? this.#began.at : this.#clock.now();
    return {
      seat,
      round,
      samples: totals.samples,
      trainLoss: window.at(round),
      testLoss,
      testAccuracy,
      suffered: window.suffered,
      batches: window.batches,
      bytesSent: totals.bytesSent,
      bytesReceived: totals.bytesReceived,
      simulatedSeconds: this.#clock.virtual === true ? (this.#clock.now() - began) / 1000 : null,
      seconds: [
        totals.computing / 1000,
        totals.compressing / 1000,
        totals.waiting / 1000,
        totals.applying / 1000,
      ],
    };
  }

  /** Publishes a consensus distance and, if that is what is reported and is known, how well the mean does. */
  async publish(result: ConsensusResult, assets: Assets, { epoch, reports }: Flock): Promise<void> {
    const { round, value, exact, distances } = result;
    this.#emit([{ kind: 'consensus', epoch, round, value, exact, distances }], []);
    if (result.mean === null || reports === 'replica') return;
    const { mean } = this.#vectors(assets);
    assets.compute.upload(mean, result.mean);
    const score = await assets.program.evaluate(mean, assets.data, assets.scored);
    const testAccuracy = accuracyOf(score);
    this.#emit([{ kind: 'model', epoch, round, testLoss: score.loss, testAccuracy }], []);
  }

  /**
   * Norm of what compression has left out so far: of the residual e of the worker's own messages, and of E,
   * that of the part it serves (or of a low-rank factorisation). Null if the algorithm keeps neither.
   */
  async #residualNorm(worker: FlockWorker, assets: Assets): Promise<number | null> {
    const residuals = [worker.state?.e, worker.state?.E].filter(
      (value) => value !== undefined && typeof value !== 'number',
    );
    if (residuals.length === 0) return null;
    const { norms } = this.#vectors(assets);
    assets.compute.linear(norms, []);
    for (const [at, residual] of residuals.entries()) {
      assets.compute.squaredDistance(residual, null, norms, at);
    }
    const [own = Number.NaN, served = Number.NaN] = await assets.compute.read(norms);
    return Number.isFinite(own + served) ? Math.sqrt(own + served) : null;
  }

  #book(worker: FlockWorker): LossBook {
    let book = this.#books.get(worker.index);
    if (book === undefined) {
      book = bookOf(worker);
      this.#books.set(worker.index, book);
    }
    return book;
  }

  #vectors(assets: Assets): { mean: Vector; sketch: Vector; norms: Vector } {
    if (this.#scratch?.assets !== assets) {
      const { compute, layout } = assets;
      if (this.#scratch !== null) {
        this.#scratch.assets.compute.free(this.#scratch.mean, this.#scratch.sketch, this.#scratch.norms);
      }
      this.#scratch = {
        assets,
        mean: compute.vector(layout.length),
        sketch: compute.vector(SKETCH_LENGTH),
        norms: compute.vector(2),
      };
    }
    return this.#scratch;
  }
}

function bookOf({ constantLoss }: FlockWorker, record?: LossRecord): LossBook {
  const window = new LossWindow(record);
  return { window, judge: new DivergenceJudge(constantLoss, window), readAt: Number.NEGATIVE_INFINITY };
}

/** null where numbers are predicted: nothing to be right about. */
function accuracyOf({ accuracy }: Score): number | null {
  return Number.isNaN(accuracy) ? null : accuracy;
}
