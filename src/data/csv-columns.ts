/**
 * What the columns of a table mean: numbers as they are, texts as one column of zeros and ones for each
 * value, and the target as numbers or classes. Features are named after their columns, `colour=red` for
 * the value red of a column of texts; by these names peers with files of their own agree on a layout.
 */
import { columnOf, MAX_CELLS, type Table } from './csv-table.ts';
import { DataError } from './dataset.ts';

/** Most values of a column of texts, and most classes. */
const MAX_VALUES = 64;
const MAX_CLASSES = 256;
/** The largest number of single precision. */
const LARGEST = 3.4028234663852886e38;

/** One feature: a column of numbers, or (with a value) whether a column of texts holds that value. */
export interface Feature {
  readonly name: string;
  readonly column: number;
  readonly value: string | null;
}

const cellOf = (row: readonly string[], column: number) => row[column] ?? '';

/**
 * Whether a column holds numbers: most cells do. A few that do not are mistakes to be named, rather than
 * values of their own.
 */
export function isNumeric(table: Table, column: number): boolean {
  let numbers = 0;
  for (const row of table.rows) if (!Number.isNaN(table.numberOf(cellOf(row, column)))) numbers += 1;
  return numbers * 2 >= table.rows.length;
}

/** The number in a row's cell. @throws {DataError} that names row and column. */
function numberAt(table: Table, row: number, column: number): number {
  const cell = cellOf(table.rows[row] ?? [], column);
  const value = table.numberOf(cell);
  if (Math.abs(value) <= LARGEST) return value;
  const problem =
    cell === ''
      ? 'is empty'
      : Number.isNaN(value)
        ? `holds "${cell.slice(0, 40)}", which is not a number`
        : `holds ${cell.slice(0, 40)}, which is too large`;
  throw new DataError(
    `${table.file}, row ${table.rowNumbers[row]}: the column "${table.names[column]}" ${problem}; ` +
      'correct the cell or leave the row out.',
  );
}

/** The text in a row's cell. @throws {DataError} if it is empty. */
function textAt(table: Table, row: number, column: number): string {
  const cell = cellOf(table.rows[row] ?? [], column);
  if (cell !== '') return cell;
  throw new DataError(
    `${table.file}, row ${table.rowNumbers[row]}: the column "${table.names[column]}" is empty; ` +
      'correct the cell or leave the row out.',
  );
}

/** Distinct texts of a column in the order of their characters. @throws {DataError} if there are too many. */
function valuesOf(table: Table, column: number, most: number, todo: string): readonly string[] {
  const values = new Set<string>();
  for (let row = 0; row < table.rows.length; row++) {
    values.add(textAt(table, row, column));
    if (values.size > most) {
      throw new DataError(
        `${table.file}: the column "${table.names[column]}" has more than ${most} different texts; ${todo}`,
      );
    }
  }
  return [...values].sort();
}

/** The features of these columns, in the order given. A name may also be that of one feature. */
export function featuresOf(table: Table, names: readonly string[]): readonly Feature[] {
  return names.flatMap((name) => {
    const single = featureOf(table, name);
    if (single !== null) return [single];
    const column = columnOf(table, name);
    return valuesOf(table, column, MAX_VALUES, 'leave it out of dataset.columns.').map((value) => ({
      name: `${name}=${value}`,
      column,
      value,
    }));
  });
}

/** The one feature of this name; null if it is a column of texts or none at all. */
function featureOf(table: Table, name: string): Feature | null {
  const column = table.names.indexOf(name);
  if (column >= 0) return isNumeric(table, column) ? { name, column, value: null } : null;
  for (let equals = name.indexOf('='); equals >= 0; equals = name.indexOf('=', equals + 1)) {
    const of = table.names.indexOf(name.slice(0, equals));
    if (of >= 0) return { name, column: of, value: name.slice(equals + 1) };
  }
  return null;
}

/** rows × features numbers, row-major. @throws {DataError} */
export function encodeFeatures(table: Table, features: readonly Feature[]): Float32Array {
  const width = features.length;
  if (table.rows.length * width > MAX_CELLS) {
    throw new DataError(
      `${table.file} makes ${table.rows.length} rows of ${width} features; at most ${MAX_CELLS} numbers are kept.`,
    );
  }
  const out = new Float32Array(table.rows.length * width);
  const texts = new Map<number, Map<string, number>>();
  features.forEach(({ column, value }, at) => {
    if (value === null) {
      for (let row = 0; row < table.rows.length; row++) out[row * width + at] = numberAt(table, row, column);
      return;
    }
    const values = texts.get(column) ?? new Map<string, number>();
    texts.set(column, values.set(value, at));
  });
  for (const [column, values] of texts) {
    for (let row = 0; row < table.rows.length; row++) {
      const cell = textAt(table, row, column);
      const at = values.get(cell);
      if (at === undefined) throw unknownValue(table, row, column, cell, [...values.keys()]);
      out[row * width + at] = 1;
    }
  }
  return out;
}

/** The numbers to predict. @throws {DataError} */
export function encodeTargets(table: Table, column: number): Float32Array {
  return Float32Array.from(table.rows, (_, row) => numberAt(table, row, column));
}

/** A class's name: a number as short as it goes, so that 1 and 1.0 are one class. */
function className(table: Table, row: number, column: number): string {
  const cell = textAt(table, row, column);
  const value = table.numberOf(cell);
  return Number.isNaN(value) ? cell : String(value);
}

/** The classes of a column: by value if all are numbers, else by their characters. @throws {DataError} */
export function classesOf(table: Table, column: number): readonly string[] {
  const names = new Set<string>();
  for (let row = 0; row < table.rows.length; row++) names.add(className(table, row, column));
  const target = `${table.file}: the target "${table.names[column]}"`;
  if (names.size > MAX_CLASSES) {
    throw new DataError(
      `${target} has ${names.size} different values; at most ${MAX_CLASSES} can be classes.`,
    );
  }
  if (names.size < 2) throw new DataError(`${target} has one value only; there is nothing to tell apart.`);
  const sorted = [...names].sort();
  return sorted.every((name) => !Number.isNaN(Number(name)))
    ? sorted.sort((a, b) => Number(a) - Number(b))
    : sorted;
}

/** Class numbers of a column. @throws {DataError} for a value that is none of `classes`. */
export function encodeClasses(table: Table, column: number, classes: readonly string[]): Uint8Array {
  const numbers = new Map(classes.map((name, at) => [name, at]));
  return Uint8Array.from(table.rows, (_, row) => {
    const name = className(table, row, column);
    const at = numbers.get(name);
    if (at === undefined) throw unknownValue(table, row, column, name, classes);
    return at;
  });
}

function unknownValue(
  table: Table,
  row: number,
  column: number,
  cell: string,
  known: readonly string[],
): DataError {
  const list = `${known.slice(0, 20).join(', ')}${known.length > 20 ? ', …' : ''}`;
  return new DataError(
    `${table.file}, row ${table.rowNumbers[row]}: the column "${table.names[column]}" holds ` +
      `"${cell.slice(0, 40)}", and the run knows ${list} only.`,
  );
}
