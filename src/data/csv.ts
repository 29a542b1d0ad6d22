/**
 * A person's own table: `csv:FILE`, CSV or TSV, with numbers and texts, one column of it the target.
 *
 * Peers agree on columns and classes by the options alone, so each may hold a file of its own, or none yet;
 * `complete` fills them in from a file. A target of numbers is predicted (regression), one of texts gives
 * classes. By default columns are used as they are and every row is trained on.
 */
import {
  booleanOption,
  choiceOption,
  numberOption,
  type OptionSchema,
  type Options,
  textOption,
} from '../base/options.ts';
import {
  classesOf,
  encodeClasses,
  encodeFeatures,
  encodeTargets,
  type Feature,
  featuresOf,
  isNumeric,
} from './csv-columns.ts';
import { columnOf, type Header, readTable, type Table } from './csv-table.ts';
import { DataError, type DatasetEntry, type FetchBytes, type HostDataset } from './dataset.ts';
import { nameListText, readNameList } from './name-list.ts';
import { PRIVATE } from './private.ts';
import { splitRows } from './split.ts';

/** Lengths of these two keep a recipe within what a room accepts. */
export const COLUMNS_LENGTH = 4000;
const CLASSES_LENGTH = 2000;
const REGRESSION = '0';

const OPTIONS: OptionSchema = {
  file: {
    kind: 'text',
    label: 'file',
    help: 'Name of the file (for the command line its path); CSV or TSV, up to 64 MiB.',
    default: '',
    maxLength: 500,
  },
  target: {
    kind: 'text',
    label: 'target',
    help: 'Column to predict; the last one if nothing is given.',
    default: '',
    maxLength: 200,
  },
  columns: {
    kind: 'text',
    label: 'columns',
    help: 'Columns to predict from, separated by commas (or their number, as #12); filled in from the file.',
    default: '',
    maxLength: COLUMNS_LENGTH,
  },
  classes: {
    kind: 'text',
    label: 'classes',
    help: 'Names of the classes, separated by commas (or their number, as #3), or 0 where numbers are predicted; filled in from the file.',
    default: REGRESSION,
    maxLength: CLASSES_LENGTH,
  },
  task: {
    kind: 'choice',
    label: 'task',
    help: 'What the target is: numbers to predict, or classes. auto: classes if it is text.',
    default: 'auto',
    choices: ['auto', 'regression', 'classification'],
  },
  test: {
    kind: 'number',
    label: 'test share',
    help: 'Share of the rows held out for testing; 0 trains on every row and scores on the same rows.',
    default: 0,
    min: 0,
    max: 0.9,
  },
  header: {
    kind: 'choice',
    label: 'header',
    help: 'Whether the first row names the columns; without names they are 1, 2, 3 and so on.',
    default: 'auto',
    choices: ['auto', 'yes', 'no'],
  },
  standardise: {
    kind: 'boolean',
    label: 'standardise',
    help: 'Shifts and scales columns of numbers to mean 0 and variance 1 of the training rows.',
    default: false,
  },
  private: PRIVATE,
};

export const csv: DatasetEntry = {
  id: 'csv',
  label: 'a table',
  description: 'A table of your own, as CSV or TSV: csv:FILE, with the column to predict as the target.',
  options: OPTIONS,

  shape(options) {
    return { width: readNameList(textOption(options, 'columns')).count, classes: classCount(options) };
  },

  testRows: (rows, options) => Math.floor(rows * numberOption(options, 'test')),

  refuses(options) {
    if (textOption(options, 'file') === '') return 'No table is chosen; give one as csv:FILE.';
    if (readNameList(textOption(options, 'columns')).count === 0) {
      return 'The columns of the table are not known; give them as dataset.columns, or open the file here.';
    }
    return null;
  },

  async complete(options, fetchBytes) {
    const table = await open(options, fetchBytes);
    const target = targetOf(table, options);
    const features = chosenFeatures(table, target, options);
    const known = textOption(options, 'classes');
    let classes = REGRESSION;
    if (isClassification(table, target, options)) {
      classes = known === REGRESSION ? nameListText(classesOf(table, target), CLASSES_LENGTH) : known;
    }
    return {
      ...options,
      target: table.names[target] ?? '',
      columns: nameListText(
        features.map(({ name }) => name),
        COLUMNS_LENGTH,
      ),
      classes,
    };
  },

  async load(options, fetchBytes, seed): Promise<HostDataset> {
    const { width, classes } = csv.shape(options);
    const table = await open(options, fetchBytes);
    const target = targetOf(table, options);
    const chosen = chosenFeatures(table, target, options);
    if (chosen.length !== width) {
      throw new DataError(`${table.file} makes ${chosen.length} columns; the run has ${width}.`);
    }
    const features = encodeFeatures(table, chosen);
    const rows = table.rows.length;
    const labels = classes === 0 ? encodeTargets(table, target) : classLabels(table, target, options);
    const data = { rows, width, classes, scale: 1, features, labels };
    if (!booleanOption(options, 'standardise')) return data;
    const { train } = splitRows(rows, csv.testRows(rows, options), seed);
    return { ...data, standard: standardise(features, chosen, train) };
  },
};

/** Positions of the columns that the target is predicted from. @throws {DataError} */
export function usedColumns(table: Table, options: Options): ReadonlySet<number> {
  return new Set(chosenFeatures(table, targetOf(table, options), options).map(({ column }) => column));
}

const classCount = (options: Options): number => {
  const text = textOption(options, 'classes');
  return text === REGRESSION ? 0 : readNameList(text).count;
};

async function open(options: Options, fetchBytes: FetchBytes): Promise<Table> {
  const file = textOption(options, 'file');
  if (file === '') throw new DataError('No table is chosen; give one as csv:FILE.');
  const header = choiceOption(options, 'header') as Header;
  return readTable(file, await fetchBytes(`file:${file}`), header);
}

/** Position of the target, by name; the last column if none is named. */
function targetOf(table: Table, options: Options): number {
  const name = textOption(options, 'target');
  return name === '' ? table.names.length - 1 : columnOf(table, name);
}

/** The features that the options name, or of all columns but the target. */
function chosenFeatures(table: Table, target: number, options: Options): readonly Feature[] {
  const { names, count } = readNameList(textOption(options, 'columns'));
  const all = table.names.filter((_, column) => column !== target);
  const features = featuresOf(table, names === null || count === 0 ? all : names);
  if (features.length === 0) {
    throw new DataError(`${table.file} has no column besides the target; there is nothing to predict from.`);
  }
  if (features.some(({ column }) => column === target)) {
    throw new DataError(
      `${table.file}: the target "${table.names[target]}" is among the columns to predict from; take it out of dataset.columns.`,
    );
  }
  return features;
}

function isClassification(table: Table, target: number, options: Options): boolean {
  const task = choiceOption(options, 'task');
  const numeric = isNumeric(table, target);
  if (task === 'regression' && !numeric) {
    throw new DataError(
      `${table.file}: the target "${table.names[target]}" holds texts, which are no numbers to predict; use the task classification.`,
    );
  }
  return task === 'auto' ? !numeric : task === 'classification';
}

function classLabels(table: Table, target: number, options: Options): Uint8Array {
  const { names, count } = readNameList(textOption(options, 'classes'));
  const classes = names ?? classesOf(table, target);
  if (classes.length !== count) {
    throw new DataError(`${table.file} has ${classes.length} classes; the run has ${count}.`);
  }
  return encodeClasses(table, target, classes);
}

/**
 * Columns of numbers to mean 0 and variance 1 over the training rows; constant ones to 0. In place; returns
 * what each column was shifted and scaled by.
 */
function standardise(values: Float32Array, features: readonly Feature[], train: Uint32Array) {
  const width = features.length;
  const means = new Float32Array(width);
  const scales = new Float32Array(width).fill(1);
  features.forEach(({ value }, at) => {
    if (value !== null) return;
    const mean = train.reduce((sum, row) => sum + (values[row * width + at] ?? 0), 0) / train.length;
    const variance =
      train.reduce((sum, row) => sum + ((values[row * width + at] ?? 0) - mean) ** 2, 0) / train.length;
    const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
    for (let k = at; k < values.length; k += width) values[k] = ((values[k] ?? 0) - mean) * scale;
    means[at] = mean;
    scales[at] = scale;
  });
  return { mean: means, scale: scales };
}
