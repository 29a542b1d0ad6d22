/**
 * Which columns of a table can be used, and which to use as long as nobody has chosen: a column with an
 * empty cell, a stray word among numbers, or more texts than can be told apart is left out and says why,
 * so that one bad column does not keep the others away. A choice that somebody made is never changed.
 */
import { classesOf, encodeFeatures, encodeTargets, featuresOf, isNumeric } from './csv-columns.ts';
import type { Table } from './csv-table.ts';
import { DataError } from './dataset.ts';
import { nameListText } from './name-list.ts';

export interface Column {
  readonly name: string;
  readonly kind: 'numbers' | 'texts';
  /** The target is predicted from it. */
  readonly used: boolean;
  /** Why nothing can be predicted from it, in a sentence; null if something can. */
  readonly trouble: string | null;
}

/** What a DataError says, without the advice at its end (the column is left out already); null without one. */
function troubleOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof DataError) return error.message.replace(/; [^;]*$/, '.');
    throw error;
  }
}

const asPredictor = (table: Table, name: string) =>
  troubleOf(() => encodeFeatures(table, featuresOf(table, [name])));

const asTarget = (table: Table, column: number) =>
  troubleOf(() => (isNumeric(table, column) ? encodeTargets(table, column) : classesOf(table, column)));

/** @param used positions of the columns that the target is predicted from. */
export function columnsOf(table: Table, used: ReadonlySet<number>): readonly Column[] {
  return table.names.map((name, at) => ({
    name,
    kind: isNumeric(table, at) ? 'numbers' : 'texts',
    used: used.has(at),
    trouble: asPredictor(table, name),
  }));
}

/**
 * A target and the columns to predict it from, as options of the data set: the last column that can be a
 * target (unless one is named), and of the others all that can be used. Columns are named only where some
 * are left out. Where nothing can be used the options are those of a table without trouble, and its first
 * trouble is told when it is read.
 */
export function suggestedColumns(
  table: Table,
  named: string,
  maxLength: number,
): { readonly target: string; readonly columns: string } {
  const possible = table.names.findLastIndex((_, column) => asTarget(table, column) === null);
  const target = named === '' ? (table.names[possible] ?? '') : named;
  const others = table.names.filter((name) => name !== target);
  const sound = others.filter((name) => asPredictor(table, name) === null);
  if (sound.length === 0 || sound.length === others.length) return { target, columns: '' };
  const list = nameListText(sound, maxLength);
  return { target, columns: list.startsWith('#') ? '' : list };
}
