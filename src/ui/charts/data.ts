/**
 * What each chart draws: lines of rows from the history, against rounds or against bytes sent. At most
 * eight workers have a line each; beyond that their mean with a band from lowest to highest. Pure.
 */
import type { Snapshot } from '../../session/snapshot.ts';
import type { History } from '../../store/history.ts';
import { bandOf, type Lines, rowsOf } from '../../store/rows.ts';
import type { Sample, Series } from '../../store/series.ts';
import type { Axis } from '../../store/view.ts';
import { words } from '../words.ts';

/** More lines than this cannot be told apart. */
export const LINE_LIMIT = 8;

export interface Line {
  readonly key: string;
  readonly label: string;
  readonly colour: string;
  readonly strong?: boolean;
  readonly dashed?: boolean;
}

/** A row of a chart: `x`, one number for each line's key, and `band` where there is one. */
export type ChartRow = Readonly<Record<string, number | readonly [number, number]>> & { readonly x: number };

export interface ChartData {
  readonly rows: readonly ChartRow[];
  readonly lines: readonly Line[];
  readonly band: boolean;
}

const NAME_LENGTH = 9;

/** Samples against the chosen x; samples from before any byte was counted have no place on that axis. */
export function against(axis: Axis, history: History, series: Series): readonly Sample[] {
  if (axis === 'rounds') return series.samples;
  const moved: Sample[] = [];
  for (const { x, y } of series.samples) {
    const bytes = history.sent.at(x);
    if (bytes !== undefined) moved.push({ x: bytes, y });
  }
  return moved;
}

/** The next of a few round numbers: the charts draw in turn, and yet share one x-axis. */
function roundEnd(end: number): number {
  const step = 10 ** Math.floor(Math.log10(end)) / 2;
  return Math.ceil(end / step) * step;
}

/** x at the right end of all charts: the latest round (or bytes sent), and not less than a few. */
export function endOf(axis: Axis, history: History): number {
  if (axis === 'bytes') return roundEnd(Math.max(1000, history.sent.last?.y ?? 0));
  const all = [...history.loss.values(), history.consensus, history.sent];
  return roundEnd(Math.max(5, ...all.map((series) => series.last?.x ?? 0)));
}

function flat(lines: Lines): ChartRow[] {
  return rowsOf(lines).map(({ x, values }) => ({ ...values, x }));
}

/** Rows of several charts' lines in one list, ascending. */
function merged(...lists: readonly (readonly ChartRow[])[]): ChartRow[] {
  const byX = new Map<number, ChartRow>();
  for (const row of lists.flat()) byX.set(row.x, { ...byX.get(row.x), ...row });
  return [...byX.values()].sort((left, right) => left.x - right.x);
}

/** One line for each worker, or mean and band; with a line of the model that the run reports if there is one. */
export function workerChart(
  axis: Axis,
  history: History,
  seats: ReadonlyMap<number, Series>,
  snapshot: Snapshot | null,
  model?: Series,
): ChartData {
  const ordered = [...seats].sort(([left], [right]) => left - right);
  const extra: Line[] = [];
  const extraRows: ChartRow[] = [];
  // Replicas are one line already.
  const of = snapshot?.model.of ?? 'average';
  if (model !== undefined && model.samples.length > 0 && of !== 'replica') {
    extra.push({ key: 'model', label: words.charts.reported[of], colour: 'var(--ink)', strong: true });
    extraRows.push(...flat({ model: against(axis, history, model) }));
  }
  const samples = Object.fromEntries(
    ordered.map(([seat, series]) => [`seat${seat}`, against(axis, history, series)]),
  );
  if (ordered.length > LINE_LIMIT) {
    const rows = bandOf(samples).map(({ x, mean, band }) => ({ x, mean, band }));
    const mean: Line = { key: 'mean', label: words.charts.mean, colour: 'var(--c0)' };
    return { rows: merged(rows, extraRows), lines: [mean, ...extra], band: true };
  }
  const lines = ordered.map(([seat], index): Line => {
    const name = snapshot?.workers.find((worker) => worker.seat === seat)?.name ?? String(seat);
    return { key: `seat${seat}`, label: name.slice(0, NAME_LENGTH), colour: `var(--c${index})` };
  });
  return { rows: merged(flat(samples), extraRows), lines: [...lines, ...extra], band: false };
}

/**
 * What a round has left of the consensus distance, on average between the last two measurements (0.9: nine
 * tenths; above 1 it grows), or null.
 */
export function contraction(consensus: readonly Sample[]): number | null {
  const [before, last] = consensus.slice(-2);
  if (before === undefined || last === undefined || !(before.y > 0 && last.y > 0)) return null;
  return last.x > before.x ? (last.y / before.y) ** (1 / (last.x - before.x)) : null;
}

/**
 * Gossip alone shrinks the distance by the spectrum's ρ a round. Where that rate applies to what runs
 * (uncompressed D-PSGD on more than a complete graph), two samples of that line, from the largest
 * distance down to `low`; else none.
 */
export function predicted(snapshot: Snapshot | null, consensus: readonly Sample[]): readonly Sample[] {
  if (snapshot === null || snapshot.spectrum === null || consensus.length < 2) return [];
  const { recipe, spectrum } = snapshot;
  if (recipe.algorithm.id !== 'd-psgd' || recipe.compressor.id !== 'none') return [];
  const { rho: rate } = spectrum;
  if (!(rate > 0.01 && rate < 0.9999)) return [];
  const positive = consensus.filter((sample) => sample.y > 0);
  const [first] = positive;
  const last = positive.at(-1);
  if (first === undefined || last === undefined) return [];
  const peak = positive.reduce((high, sample) => (sample.y > high.y ? sample : high), first);
  const low = positive.reduce((least, sample) => Math.min(least, sample.y), peak.y);
  const rounds = Math.min(last.x - peak.x, Math.log(low / 2 / peak.y) / Math.log(rate));
  return rounds > 0 ? [peak, { x: peak.x + rounds, y: peak.y * rate ** rounds }] : [];
}

export function consensusChart(axis: Axis, history: History, snapshot: Snapshot | null): ChartData {
  const positive = against(axis, history, history.consensus).filter((sample) => sample.y > 0);
  const theory = axis === 'rounds' ? predicted(snapshot, history.consensus.samples) : [];
  const lines: Line[] = [{ key: 'consensus', label: '', colour: 'var(--ink)', strong: true }];
  if (theory.length > 0) {
    lines.push({ key: 'theory', label: words.charts.theory, colour: 'var(--quiet)', dashed: true });
  }
  return { rows: merged(flat({ consensus: positive }), flat({ theory })), lines, band: false };
}

export function trafficChart(axis: Axis, history: History): ChartData {
  const lines: readonly Line[] = [
    { key: 'uncompressed', label: words.charts.uncompressed, colour: 'var(--quiet)', dashed: true },
    { key: 'sent', label: words.charts.sent, colour: 'var(--c0)', strong: true },
    { key: 'received', label: words.charts.received, colour: 'var(--c1)' },
  ];
  const samples = {
    uncompressed: against(axis, history, history.uncompressed),
    sent: against(axis, history, history.sent),
    received: against(axis, history, history.received),
  };
  return { rows: flat(samples), lines, band: false };
}

/** Mean of the latest values of the workers that are there; one that is gone keeps its line, and no say. */
export function latestMean(
  series: ReadonlyMap<number, Pick<Series, 'last'>>,
  snapshot: Pick<Snapshot, 'workers'> | null,
): number | null {
  const there = snapshot?.workers.filter(({ health }) => health !== 'gone') ?? [];
  const values = there.flatMap(({ seat }) => series.get(seat)?.last?.y ?? []);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Lowest and highest of all lines of a chart; null when it is empty. */
export function extent({ rows, lines, band }: ChartData): readonly [number, number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    for (const { key } of lines) {
      const value = row[key];
      if (typeof value !== 'number') continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (band && Array.isArray(row.band)) {
      const [least = low, most = high] = row.band;
      low = Math.min(low, least);
      high = Math.max(high, most);
    }
  }
  return low <= high ? [low, high] : null;
}
