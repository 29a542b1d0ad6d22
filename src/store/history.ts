/**
 * The history of a run: every series of the charts, filled from the session's points and snapshots.
 * Outside React, bounded, and cleared when a new epoch (a Reset) begins; points of an earlier epoch that
 * arrive late are dropped.
 */
import type { MetricRow, Point, Snapshot } from '../session/snapshot.ts';
import { Series } from './series.ts';

/** More seats than this are not drawn apart, so no more series than this are kept for each measure. */
export const SEAT_LIMIT = 256;
/** Measured rounds kept for `metrics.csv`; beyond, the oldest go. */
export const ROW_LIMIT = 20_000;

export class History {
  #epoch = -1;
  #loss = new Map<number, Series>();
  #accuracy = new Map<number, Series>();
  #model = new Series();
  #consensus = new Series();
  #sent = new Series();
  #received = new Series();
  #uncompressed = new Series();
  #exact = false;
  #farthest = 0;
  #rows: MetricRow[] = [];
  #distances: Extract<Point, { kind: 'consensus' }>[] = [];
  #figures: Extract<Point, { kind: 'model' }>[] = [];
  #startedAt: number | null = null;
  readonly #now: () => number;

  /** @param now milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get epoch(): number {
    return this.#epoch;
  }
  get loss(): ReadonlyMap<number, Series> {
    return this.#loss;
  }
  get accuracy(): ReadonlyMap<number, Series> {
    return this.#accuracy;
  }
  /** Test accuracy of the model that the run reports, where known. */
  get model(): Series {
    return this.#model;
  }
  get consensus(): Series {
    return this.#consensus;
  }
  /** Bytes of this tab's workers against rounds. */
  get sent(): Series {
    return this.#sent;
  }
  get received(): Series {
    return this.#received;
  }
  get uncompressed(): Series {
    return this.#uncompressed;
  }
  /** Whether the latest consensus distance is exact, or estimated by sketches. */
  get exact(): boolean {
    return this.#exact;
  }
  /** The largest distance of any worker to the mean in this epoch: the flock's scale. */
  get farthest(): number {
    return this.#farthest;
  }

  /** What `metrics.csv` is made of: measured rounds of this tab's workers, consensus distances, and the reported model's figures. */
  get rows(): readonly MetricRow[] {
    return this.#rows;
  }
  get distances(): readonly Extract<Point, { kind: 'consensus' }>[] {
    return this.#distances;
  }
  get figures(): readonly Extract<Point, { kind: 'model' }>[] {
    return this.#figures;
  }

  /** When this tab first saw the run of this epoch go on, in ms since 1970; null before. */
  get startedAt(): number | null {
    return this.#startedAt;
  }

  addRows(rows: readonly MetricRow[]): void {
    this.#rows = [...this.#rows, ...rows].slice(-ROW_LIMIT);
  }

  /** Adds what the session measured. */
  addPoints(points: readonly Point[]): void {
    for (const point of points) {
      if (!this.#accepts(point.epoch)) continue;
      switch (point.kind) {
        case 'loss':
          seriesOf(this.#loss, point.seat)?.push(point.round, point.value);
          break;
        case 'evaluation':
          if (point.testAccuracy !== null) {
            seriesOf(this.#accuracy, point.seat)?.push(point.round, point.testAccuracy);
          }
          break;
        case 'model':
          if (point.testAccuracy !== null) this.#model.push(point.round, point.testAccuracy);
          this.#figures = [...this.#figures, point].slice(-ROW_LIMIT);
          break;
        case 'consensus':
          this.#consensus.push(point.round, point.value);
          this.#distances = [...this.#distances, point].slice(-ROW_LIMIT);
          this.#exact = point.exact;
          for (const distance of Object.values(point.distances)) this.#widen(distance);
          break;
      }
    }
  }

  /** Notes the byte totals and distances of a snapshot, against its round. */
  addSnapshot(snapshot: Snapshot): void {
    if (!this.#accepts(snapshot.view.epoch)) return;
    const { totals, round, phase } = snapshot;
    if (phase === 'running') this.#startedAt ??= this.#now();
    this.#sent.push(round, totals.bytesSent);
    this.#received.push(round, totals.bytesReceived);
    this.#uncompressed.push(round, totals.bytesUncompressed);
    for (const worker of snapshot.workers) {
      if (worker.distanceToMean !== null) this.#widen(worker.distanceToMean);
    }
  }

  #widen(distance: number): void {
    if (Number.isFinite(distance)) this.#farthest = Math.max(this.#farthest, distance);
  }

  #accepts(epoch: number): boolean {
    if (epoch < this.#epoch) return false;
    if (epoch > this.#epoch) this.#clear(epoch);
    return true;
  }

  #clear(epoch: number): void {
    this.#epoch = epoch;
    this.#loss = new Map();
    this.#accuracy = new Map();
    this.#model = new Series();
    this.#consensus = new Series();
    this.#sent = new Series();
    this.#received = new Series();
    this.#uncompressed = new Series();
    this.#exact = false;
    this.#farthest = 0;
    this.#rows = [];
    this.#distances = [];
    this.#figures = [];
    this.#startedAt = null;
  }
}

function seriesOf(map: Map<number, Series>, seat: number): Series | undefined {
  const found = map.get(seat);
  if (found !== undefined || map.size >= SEAT_LIMIT) return found;
  const made = new Series();
  map.set(seat, made);
  return made;
}
