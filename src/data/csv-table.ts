/**
 * A table from the bytes of a CSV or TSV file: names and cells as text, all rows of one length. What the
 * cells mean is `csv-columns.ts`'s affair. Papa Parse does the splitting and the quotes; this adds what a
 * person's file needs: encodings, delimiters, headers, limits, and one sentence for each way to be wrong.
 */
import { shown } from '../base/wording.ts';
import { DataError } from './dataset.ts';
import { TABLES } from './late-parts.ts';

/** Largest file and table that are read: 64 MiB, 4 million cells. */
export const MAX_FILE_BYTES = 67_108_864;
export const MAX_CELLS = 4_000_000;
const MAX_COLUMNS = 4096;
/** Longest list of names in a message. */
const MAX_NAMED = 20;
/** Characters of their names, together. */
const MOST_NAMED = 150;

export interface Table {
  /** As messages call it. */
  readonly file: string;
  /** Of the header; `1`, `2`, … without one. */
  readonly names: readonly string[];
  /** Trimmed cells, row by row. */
  readonly rows: readonly (readonly string[])[];
  /** rowNumbers[i] is the place of row i in the file, from 1, header and blank lines counted. */
  readonly rowNumbers: readonly number[];
  /** The number in a cell, or NaN. */
  numberOf(cell: string): number;
}

export type Header = 'auto' | 'yes' | 'no';

/** @throws {DataError} in one sentence that names the file, the row and the problem. */
export async function readTable(file: string, bytes: Uint8Array, header: Header): Promise<Table> {
  if (bytes.length > MAX_FILE_BYTES) {
    throw new DataError(`${file} has ${bytes.length} bytes; at most ${MAX_FILE_BYTES} (64 MiB) are read.`);
  }
  const { records, rowNumbers, delimiter } = await split(file, decode(file, bytes));
  const [first] = records;
  if (first === undefined) throw new DataError(`${file} is empty; it needs at least one row.`);
  const width = first.length;
  records.forEach((cells, at) => {
    if (cells.length !== width) {
      throw new DataError(
        `${file}, row ${rowNumbers[at]}: it has ${cells.length} cells where the first row has ${width}; ` +
          'put text that holds a delimiter in quotes.',
      );
    }
  });
  // Where commas cannot separate cells, they may separate decimals.
  const numberOf = delimiter === ',' ? parseNumber : (cell: string) => parseNumber(cell.replace(',', '.'));
  const named = header === 'auto' ? looksLikeHeader(records, numberOf) : header === 'yes';
  const names = named ? headerNames(file, first) : first.map((_, column) => String(column + 1));
  const rows = named ? records.slice(1) : records;
  if (rows.length === 0) throw new DataError(`${file} has a header and no rows; it needs at least one.`);
  return { file, names, rows, rowNumbers: named ? rowNumbers.slice(1) : rowNumbers, numberOf };
}

/** Position of a column. @throws {DataError} that lists what there is. */
export function columnOf(table: Table, name: string): number {
  const at = table.names.indexOf(name);
  if (at < 0) {
    const called = table.names.slice(0, MAX_NAMED).map((each) => each.slice(0, 40));
    // As many as make a sentence; wide tables have columns without end.
    while (called.length > 1 && called.join(', ').length > MOST_NAMED) called.pop();
    const more = table.names.length > called.length ? ', …' : '';
    throw new DataError(
      `${table.file} has no column ${shown(name)}; its columns are ${called.join(', ')}${more}.`,
    );
  }
  return at;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function parseNumber(cell: string): number {
  return NUMBER.test(cell) ? Number(cell) : Number.NaN;
}

function decode(file: string, bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : 'utf-8';
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataError(`${file} is not ${encoding.toUpperCase()} text; save it as CSV in UTF-8.`, { cause });
  }
  if (text.includes('\0')) {
    throw new DataError(`${file} holds binary data and is no table; save it as CSV in UTF-8.`);
  }
  return text;
}

interface Records {
  readonly records: readonly (readonly string[])[];
  readonly rowNumbers: readonly number[];
  readonly delimiter: string;
}

async function split(file: string, text: string): Promise<Records> {
  const { default: Papa } = await TABLES.load();
  const records: string[][] = [];
  const rowNumbers: number[] = [];
  let rowNumber = 0;
  let cells = 0;
  let delimiter = ',';
  let problem: string | null = null;
  // Papa Parse counts an empty last line as a row of one cell when it guesses the delimiter.
  Papa.parse<string[]>(text.replace(/[\r\n]+$/, ''), {
    delimitersToGuess: [',', ';', '\t'],
    step({ data, errors, meta }, parser) {
      rowNumber += 1;
      delimiter = meta.delimiter;
      cells += data.length;
      if (errors.some(({ type }) => type === 'Quotes')) {
        problem = `${file}, row ${rowNumber}: a quoted cell does not end where it should; close its quotes.`;
      } else if (data.length > MAX_COLUMNS) {
        problem = `${file}, row ${rowNumber}: it has ${data.length} cells; at most ${MAX_COLUMNS} are read.`;
      } else if (cells > MAX_CELLS) {
        problem = `${file} has more than ${MAX_CELLS} cells; use fewer rows or columns.`;
      }
      if (problem !== null) {
        parser.abort();
        return;
      }
      const trimmed = data.map((cell) => cell.replace(/\s+/g, ' ').trim());
      if (trimmed.length === 1 && trimmed[0] === '') return;
      records.push(trimmed);
      rowNumbers.push(rowNumber);
    },
  });
  if (problem !== null) throw new DataError(problem);
  return { records, rowNumbers, delimiter };
}

/**
 * The first of several rows is a header if none of its cells is a number, and not every one of them turns
 * up again further down in its column (as values of a table of texts do).
 */
function looksLikeHeader(
  records: readonly (readonly string[])[],
  numberOf: (cell: string) => number,
): boolean {
  const [first = [], ...others] = records;
  if (others.length === 0) return false;
  if (first.some((cell) => !Number.isNaN(numberOf(cell)))) return false;
  return first.some((cell, column) => others.every((row) => row[column] !== cell));
}

function headerNames(file: string, first: readonly string[]): readonly string[] {
  const names = first.map((cell, column) => (cell === '' ? String(column + 1) : cell.slice(0, 200)));
  const twice = names.find((name, column) => names.indexOf(name) !== column);
  if (twice !== undefined) {
    throw new DataError(`${file}, row 1: two columns are called ${shown(twice)}; rename one of them.`);
  }
  return names;
}
