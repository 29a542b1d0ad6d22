/**
 * From series to the rows a chart draws: at most `limit` rows shared by all lines, each bucket of
 * rounds giving its lowest and its highest value in the order in which they came (min-max
 * downsampling), or mean, lowest and highest over workers where there are too many lines to tell apart.
 * Pure functions of plain data.
 */
import type { Sample } from './series.ts';

/** Most points a drawn line has. More cost frames and show nothing new at this width. */
export const ROW_LIMIT = 120;

export type Lines = Readonly<Record<string, readonly Sample[]>>;

/** One x with the value of each line that has one there. */
export interface Row {
  readonly x: number;
  readonly values: Readonly<Record<string, number>>;
}

/** The mean over lines at one x, and the lowest and highest. */
export interface BandRow {
  readonly x: number;
  readonly mean: number;
  readonly band: readonly [number, number];
}

function collect(entries: Iterable<readonly [number, string, number]>): Row[] {
  const byX = new Map<number, Record<string, number>>();
  for (const [x, name, y] of entries) {
    const row = byX.get(x) ?? {};
    row[name] = y;
    byX.set(x, row);
  }
  return [...byX]
    .sort(([left], [right]) => left - right)
    .map(([x, values]) => ({
      x,
      values,
    }));
}

function* every(lines: Lines): Generator<readonly [number, string, number]> {
  for (const [name, samples] of Object.entries(lines)) {
    for (const sample of samples) yield [sample.x, name, sample.y];
  }
}

function distinct(lines: Lines): { count: number; first: number; last: number } {
  const seen = new Set<number>();
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const [x] of every(lines)) {
    seen.add(x);
    first = Math.min(first, x);
    last = Math.max(last, x);
  }
  return { count: seen.size, first, last };
}

function* extremes(lines: Lines, first: number, width: number): Generator<readonly [number, string, number]> {
  for (const [name, samples] of Object.entries(lines)) {
    const buckets = new Map<number, { low: Sample; high: Sample }>();
    for (const sample of samples) {
      const bucket = Math.floor((sample.x - first) / width);
      const found = buckets.get(bucket);
      if (found === undefined) buckets.set(bucket, { low: sample, high: sample });
      else {
        if (sample.y < found.low.y) found.low = sample;
        if (sample.y > found.high.y) found.high = sample;
      }
    }
    for (const [bucket, { low, high }] of buckets) {
      const start = first + bucket * width;
      const [early, late] = low.x <= high.x ? [low, high] : [high, low];
      yield [start, name, early.y];
      if (low !== high) yield [start + width / 2, name, late.y];
    }
  }
}

/**
 * Rows for a chart of separate lines: exact while there are at most `limit` distinct x, then min-max
 * over `limit / 2` buckets. x ascending.
 */
export function rowsOf(lines: Lines, limit = ROW_LIMIT): Row[] {
  const { count, first, last } = distinct(lines);
  if (count <= limit) return collect(every(lines));
  const buckets = Math.floor(limit / 2);
  // A hair wider, so that the last x falls inside the last bucket.
  const width = ((last - first) / buckets) * (1 + 1e-9);
  return collect(extremes(lines, first, width));
}

/** Rows of mean, lowest and highest over all lines, in at most `limit` buckets. x ascending. */
export function bandOf(lines: Lines, limit = ROW_LIMIT): BandRow[] {
  const { count, first, last } = distinct(lines);
  const width = count <= limit ? 0 : ((last - first) / limit) * (1 + 1e-9);
  const buckets = new Map<number, { sum: number; n: number; low: number; high: number }>();
  for (const [x, , y] of every(lines)) {
    const at = width === 0 ? x : first + Math.floor((x - first) / width) * width;
    const found = buckets.get(at) ?? { sum: 0, n: 0, low: y, high: y };
    found.sum += y;
    found.n += 1;
    found.low = Math.min(found.low, y);
    found.high = Math.max(found.high, y);
    buckets.set(at, found);
  }
  return [...buckets]
    .sort(([left], [right]) => left - right)
    .map(([x, { sum, n, low, high }]) => ({ x, mean: sum / n, band: [low, high] as const }));
}
