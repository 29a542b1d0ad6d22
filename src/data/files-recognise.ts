/**
 * What a person's file is: which data set reads it, with which options, and what is in it. Everything is
 * read to its end, so what is recognised can be used; what is wrong is a `DataError`, not half a data set.
 */
import { completeOptions, type Options, type OptionValue, textOption } from '../base/options.ts';
import { COLUMNS_LENGTH, csv, usedColumns } from './csv.ts';
import { type Column, columnsOf, suggestedColumns } from './csv-choice.ts';
import { type Header, readTable } from './csv-table.ts';
import { DataError, type DatasetEntry, type FetchBytes, type HostDataset } from './dataset.ts';
import { isGzip } from './gunzip.ts';
import { idx } from './idx.ts';
import { looksLikeIdx } from './idx-pairs.ts';
import { images } from './images.ts';
import type { PictureDecoder } from './images-picture.ts';
import { readNameList } from './name-list.ts';
import { text } from './text.ts';
import { isZip, unpackZip } from './zip.ts';

/** Columns of a table that are listed at most. */
const MAX_LISTED = 200;

export type { Column };

export interface Recognised {
  readonly name: string;
  /** The data set that reads it, and its options, complete. */
  readonly id: string;
  readonly options: Options;
  readonly rows: number;
  /** Of them for testing; the rest is trained on. */
  readonly testRows: number;
  /** Features a row. */
  readonly width: number;
  readonly classes: readonly { readonly name: string; readonly rows: number }[];
  /** Numbers to predict: the least and the greatest; null where there are classes or text. */
  readonly range: readonly [number, number] | null;
  readonly image: { readonly height: number; readonly width: number; readonly channels: number } | null;
  /** Of a table, the target among them; and how many there are in all. */
  readonly columns: readonly Column[];
  readonly columnCount: number;
}

/** For a table whose owner has chosen nothing yet: what most learn better with. */
const SUGGESTED = { standardise: true, test: 0.2 } as const;

/** A table by its name; others are looked into. */
const TABLE = /\.(csv|tsv|tab)$/i;

async function entryFor(name: string, bytes: Uint8Array): Promise<DatasetEntry> {
  if (isZip(bytes)) {
    const paths = (await unpackZip(name, bytes)).map(({ path }) => path);
    if (paths.some((path) => /\.(png|jpe?g|pgm|ppm|pnm|bmp)$/i.test(path))) return images;
    if (paths.some(looksLikeIdx)) return idx;
    throw new DataError(
      `${name} holds neither IDX files nor pictures in class folders; a table or a text is taken by itself, unpacked.`,
    );
  }
  const isIdx = bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 8;
  if (isIdx || (isGzip(bytes) && looksLikeIdx(name))) {
    throw new DataError(
      `${name} is one IDX file; drop the file with the pictures and the one with the labels together.`,
    );
  }
  if (isGzip(bytes)) throw new DataError(`${name} is packed with gzip; unpack it first.`);
  if (TABLE.test(name)) return csv;
  if (bytes.subarray(0, 4096).includes(0)) {
    throw new DataError(
      `${name} is none of the files read here: tables, texts, IDX files, pictures in a zip.`,
    );
  }
  const head = new TextDecoder().decode(bytes.subarray(0, 4096)).split('\n').slice(0, 3);
  const looksLikeTable = head.length > 1 && head.every((line) => /[,;\t]/.test(line));
  if (!looksLikeTable || /\.(txt|md)$/i.test(name)) return text;
  return readTable(name, bytes, 'auto').then(
    (table) => (table.names.length > 1 ? csv : text),
    () => text,
  );
}

/**
 * What the file `name` is. `wanted` says by which data set it is to be read and sets options of it, as a
 * person chose them.
 * @throws {DataError} in one sentence that names the file, the place and the problem.
 */
export async function recognise(
  name: string,
  fetchBytes: FetchBytes,
  decoder: PictureDecoder,
  seed: number,
  wanted?: { readonly id: string; readonly options: Readonly<Record<string, OptionValue>> },
): Promise<Recognised> {
  const bytes = await fetchBytes(`file:${name}`);
  const once: FetchBytes = async () => bytes;
  const entry = [csv, idx, images, text].find(({ id }) => id === wanted?.id) ?? (await entryFor(name, bytes));
  const chosen = { ...(wanted?.options ?? (entry === csv ? SUGGESTED : {})), file: name };
  const wished = completeOptions('dataset', entry.options, chosen);
  const given = entry === csv ? await withColumns(name, bytes, wished) : wished;
  const options = (await entry.complete?.(given, once)) ?? given;
  const data = await entry.load(options, once, seed, decoder);
  const table = entry === csv ? await columnsIn(name, bytes, options) : [];
  const shape = entry.shape(options);
  return {
    name,
    id: entry.id,
    options,
    rows: data.rows,
    testRows: data.testRows ?? entry.testRows(data.rows, options),
    width: data.width,
    classes: shape.tokens === true ? [] : classesOf(data, options),
    range: shape.tokens === true || data.classes > 0 ? null : rangeOf(data),
    image: shape.image ?? null,
    columns: table.slice(0, MAX_LISTED),
    columnCount: table.length,
  };
}

const tableOf = (name: string, bytes: Uint8Array, options: Options) =>
  readTable(name, bytes, textOption(options, 'header') as Header);

/** The options of a table with columns that can be used, where none are chosen. */
async function withColumns(name: string, bytes: Uint8Array, options: Options): Promise<Options> {
  if (textOption(options, 'columns') !== '') return options;
  const table = await tableOf(name, bytes, options);
  return { ...options, ...suggestedColumns(table, textOption(options, 'target'), COLUMNS_LENGTH) };
}

async function columnsIn(name: string, bytes: Uint8Array, options: Options): Promise<readonly Column[]> {
  const table = await tableOf(name, bytes, options);
  return columnsOf(table, usedColumns(table, options));
}

function classesOf({ classes, labels }: HostDataset, options: Options): Recognised['classes'] {
  const rows = new Array<number>(classes).fill(0);
  if (classes > 0) for (const label of labels) rows[label] = (rows[label] ?? 0) + 1;
  const names = classNames(classes, options);
  return rows.map((count, at) => ({ name: names[at] ?? String(at), rows: count }));
}

/** Names of the classes of a data set with these options; numbers where it names none. */
export function classNames(classes: number, options: Options): readonly string[] {
  const named = typeof options.classes === 'string' ? readNameList(options.classes).names : null;
  return named?.length === classes ? named : Array.from({ length: classes }, (_, at) => String(at));
}

function rangeOf({ labels }: HostDataset): readonly [number, number] {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of labels) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return [least, greatest];
}
