/**
 * `metrics.csv` and `timing.csv`: pure text from what the tabs reported.
 *
 * `metrics.csv` holds only what the recipe determines, one row per seat and evaluated round, sorted by
 * round and seat, so that runs can be compared byte by byte; measured seconds are in `timing.csv`. Losses and
 * accuracies are of the worker's own model; those called `model…` of the one that the run reports.
 */
import type { MetricRow, Point } from './snapshot.ts';

export type ConsensusPoint = Extract<Point, { kind: 'consensus' }>;
/** Of the model that the run reports. */
export type ModelPoint = Extract<Point, { kind: 'model' }>;

export const METRICS_COLUMNS = [
  'seat',
  'round',
  'samples',
  'trainLoss',
  'testLoss',
  'testAccuracy',
  'modelTestLoss',
  'modelTestAccuracy',
  'distanceToMean',
  'consensusDistance',
  'bytesSent',
  'bytesReceived',
  'simulatedSeconds',
] as const;

export const TIMING_COLUMNS = ['seat', 'round', 'compute', 'compress', 'wait', 'apply'] as const;

/** The shortest text that reads back as the same number; empty where there is none, or it is not finite. */
function cell(value: number | null | undefined): string {
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : '';
}

function table(
  columns: readonly string[],
  rows: readonly (readonly (number | null | undefined)[])[],
): string {
  return `${[columns.join(','), ...rows.map((row) => row.map(cell).join(','))].join('\n')}\n`;
}

/** By round, then seat; of two rows for the same, the later one (a round taken again after an abort). */
export function sortedRows(rows: readonly MetricRow[]): readonly MetricRow[] {
  const latest = new Map(rows.map((row) => [`${row.round}/${row.seat}`, row]));
  return [...latest.values()].sort((a, b) => a.round - b.round || a.seat - b.seat);
}

/** One point a round, exact ones before estimates, later ones before earlier. */
export function consensusByRound(points: readonly ConsensusPoint[]): ReadonlyMap<number, ConsensusPoint> {
  const byRound = new Map<number, ConsensusPoint>();
  for (const point of points) {
    const before = byRound.get(point.round);
    if (before === undefined || point.exact || !before.exact) byRound.set(point.round, point);
  }
  return byRound;
}

export function metricsCsv(
  rows: readonly MetricRow[],
  points: readonly ConsensusPoint[],
  figures: readonly ModelPoint[],
): string {
  const consensus = consensusByRound(points);
  const model = new Map(figures.map((point) => [point.round, point]));
  return table(
    METRICS_COLUMNS,
    sortedRows(rows).map((row) => [
      row.seat,
      row.round,
      row.samples,
      row.trainLoss,
      row.testLoss,
      row.testAccuracy,
      model.get(row.round)?.testLoss,
      model.get(row.round)?.testAccuracy,
      consensus.get(row.round)?.distances[row.seat],
      consensus.get(row.round)?.value,
      row.bytesSent,
      row.bytesReceived,
      row.simulatedSeconds,
    ]),
  );
}

export function timingCsv(rows: readonly MetricRow[]): string {
  return table(
    TIMING_COLUMNS,
    sortedRows(rows).map((row) => [row.seat, row.round, ...row.seconds]),
  );
}
