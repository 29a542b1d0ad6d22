/** What a benchmark yields: rows that a person reads as a table and a script as JSON. */

export interface Row {
  readonly bench: string;
  readonly subject: string;
  readonly ours: number;
  /** Whom or what it is compared with, or null. */
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** ours / peerValue. */
  readonly ratio: number | null;
  readonly unit: string;
  /** Adapter or machine it ran on, in words. */
  readonly adapter: string;
  /** What we want the ratio to be (or our value, where there is no peer), or null. */
  readonly aim: number | null;
  /** Where the aim is missed: what stands in the way, as measured; otherwise null. */
  readonly bound: string | null;
}

export interface Aim {
  /** Whether the ratio (or value) should not be above or not below `value`. */
  readonly at: 'most' | 'least';
  readonly value: number;
  /** Said where it is missed. */
  readonly bound: string;
}

export function row(
  bench: string,
  subject: string,
  unit: string,
  adapter: string,
  ours: number,
  peer: { readonly name: string; readonly value: number } | null = null,
  aim: Aim | null = null,
): Row {
  const ratio = peer === null ? null : ours / peer.value;
  const reached = ratio ?? ours;
  const met = aim === null || (aim.at === 'most' ? reached <= aim.value : reached >= aim.value);
  return {
    bench,
    subject,
    ours,
    peer: peer?.name ?? null,
    peerValue: peer?.value ?? null,
    ratio,
    unit,
    adapter,
    aim: aim?.value ?? null,
    bound: met ? null : aim.bound,
  };
}

const COLUMNS = ['bench', 'subject', 'ours', 'peer', 'peerValue', 'ratio', 'aim', 'unit', 'adapter'] as const;

function cell(value: string | number | null): string {
  if (value === null) return '-';
  if (typeof value === 'string') return value;
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}

/** A table with aligned columns, and below it what stands between us and the aims that were missed. */
export function table(rows: readonly Row[]): string {
  const lines = [[...COLUMNS], ...rows.map((each) => COLUMNS.map((column) => cell(each[column])))];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((part, at) => part.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const missed = rows.flatMap(({ bench, subject, peer, bound }) =>
    bound === null ? [] : [`${bench}, ${subject}${peer === null ? '' : `, ${peer}`}: ${bound}`],
  );
  return [...text, ...(missed.length === 0 ? [] : ['', 'Aims that were missed:', ...missed])].join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}
