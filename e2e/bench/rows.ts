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
}

export function row(
  bench: string,
  subject: string,
  unit: string,
  adapter: string,
  ours: number,
  peer: { readonly name: string; readonly value: number } | null = null,
): Row {
  return {
    bench,
    subject,
    ours,
    peer: peer?.name ?? null,
    peerValue: peer?.value ?? null,
    ratio: peer === null ? null : ours / peer.value,
    unit,
    adapter,
  };
}

const COLUMNS = ['bench', 'subject', 'ours', 'peer', 'peerValue', 'ratio', 'unit', 'adapter'] as const;

function cell(value: string | number | null): string {
  if (value === null) return '-';
  if (typeof value === 'string') return value;
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}

/** A table with aligned columns. */
export function table(rows: readonly Row[]): string {
  const lines = [[...COLUMNS], ...rows.map((each) => COLUMNS.map((column) => cell(each[column])))];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}
