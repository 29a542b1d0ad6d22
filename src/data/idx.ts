/**
 * Pictures and labels in IDX files, as MNIST, Fashion-MNIST and EMNIST come: `idx:FOLDER`, or a zip of
 * them, packed with gzip or not. Training and test files are told apart by their names.
 *
 * Peers agree on the size of a picture and the number of classes by the options; how many rows there are
 * is each peer's own.
 */
import { booleanOption, numberOption, type OptionSchema, type Options, textOption } from '../base/options.ts';
import { DataError, type DatasetEntry, type FetchBytes, type HostDataset } from './dataset.ts';
import { gunzip, isGzip } from './gunzip.ts';
import { type IdxArray, MAX_VALUES, readIdx } from './idx-format.ts';
import { type IdxPair, pairsOf } from './idx-pairs.ts';
import { PRIVATE } from './private.ts';
import { isZip, type PackedFile, unpackZip } from './zip.ts';

const side = (label: string, help: string) =>
  ({ kind: 'number', label, help, default: 0, min: 0, max: 4096, integer: true }) as const;

const OPTIONS: OptionSchema = {
  file: {
    kind: 'text',
    label: 'files',
    help: 'Name of the files as they are kept here (for the command line a folder, or a zip).',
    default: '',
    maxLength: 500,
  },
  height: side('height', 'Rows of pixels of a picture; filled in from the files.'),
  width: side('width', 'Pixels in a row of a picture; filled in from the files.'),
  channels: { ...side('channels', 'Numbers a pixel: 1 for grey, 3 for colour.'), default: 1, min: 1, max: 4 },
  classes: {
    ...side('classes', 'Number of classes: one more than the highest label; filled in from the files.'),
    max: 256,
  },
  transpose: {
    kind: 'boolean',
    label: 'transpose',
    help: 'Turns pictures that are stored column by column, as those of EMNIST are, upright.',
    default: false,
  },
  test: {
    kind: 'number',
    label: 'test share',
    help: 'Share of the rows held out for testing where there are no test files.',
    default: 0.1,
    min: 0,
    max: 0.9,
  },
  private: PRIVATE,
};

export const idx: DatasetEntry = {
  id: 'idx',
  label: 'IDX pictures',
  description: 'Pictures of your own in IDX files, such as Fashion-MNIST or EMNIST: idx:FOLDER.',
  options: OPTIONS,

  shape(options) {
    const image = {
      height: numberOption(options, 'height'),
      width: numberOption(options, 'width'),
      channels: numberOption(options, 'channels'),
    };
    return {
      width: image.height * image.width * image.channels,
      classes: numberOption(options, 'classes'),
      image,
    };
  },

  testRows: (rows, options) => Math.floor(rows * numberOption(options, 'test')),

  refuses(options) {
    if (textOption(options, 'file') === '') return 'No pictures are chosen; give a folder as idx:FOLDER.';
    if (idx.shape(options).width === 0 || numberOption(options, 'classes') < 2) {
      return 'The size of the pictures or the number of classes is not known; open the files here.';
    }
    return null;
  },

  async complete(options, fetchBytes) {
    const known = numberOption(options, 'height') > 0 && numberOption(options, 'classes') > 1;
    if (known) return options;
    const { pictures, highest, names } = await read(options, fetchBytes);
    const upright = booleanOption(options, 'transpose') || names.some((name) => /emnist/i.test(name));
    const [height = 0, width = 0, channels = 1] = pictures[0]?.dimensions.slice(1) ?? [];
    const [rows, columns] = upright ? [width, height] : [height, width];
    return { ...options, height: rows, width: columns, channels, classes: highest + 1, transpose: upright };
  },

  async load(options, fetchBytes): Promise<HostDataset> {
    const { width, classes, image } = idx.shape(options);
    const { pictures, labels, names, labelNames } = await read(options, fetchBytes);
    const upright = booleanOption(options, 'transpose');
    const turned = upright ? [image?.width, image?.height] : [image?.height, image?.width];
    const due = [...turned, image?.channels].join(' × ');
    pictures.forEach(({ dimensions }, at) => {
      const [, height, across, channels = 1] = dimensions;
      const found = [height, across, channels].join(' × ');
      if (found !== due) throw new DataError(`${names[at]} has pictures of ${found}; the run has ${due}.`);
    });
    labels.forEach(({ values }, at) => {
      const row = values.findIndex((label) => label >= classes);
      if (row >= 0) {
        throw new DataError(
          `${labelNames[at]}, row ${row + 1}: the label is ${values[row]}, and the run has the classes 0 to ${classes - 1}.`,
        );
      }
    });
    const features = joined(pictures);
    const rows = features.length / width;
    const [, test] = labels;
    const data = { rows, width, classes, scale: 1 / 255, labels: joined(labels) };
    return {
      ...data,
      features: upright
        ? transposed(features, rows, image?.height ?? 0, image?.width ?? 0, image?.channels ?? 1)
        : features,
      ...(test === undefined ? {} : { testRows: test.values.length }),
    };
  },
};

interface Read {
  /** Of training, and of testing if there are such. */
  readonly pictures: readonly IdxArray[];
  readonly labels: readonly IdxArray[];
  readonly names: readonly string[];
  readonly labelNames: readonly string[];
  readonly highest: number;
}

async function read(options: Options, fetchBytes: FetchBytes): Promise<Read> {
  const file = textOption(options, 'file');
  if (file === '') throw new DataError('No pictures are chosen; give a folder as idx:FOLDER.');
  const bytes = await fetchBytes(`file:${file}`);
  if (!isZip(bytes)) {
    throw new DataError(
      `${file} is one file; pictures and labels are two: take the folder that both are in, or a zip of both.`,
    );
  }
  const files = await unpackZip(file, bytes);
  const { train, test } = pairsOf(
    file,
    files.map(({ path }) => path),
  );
  const pairs: readonly IdxPair[] = test === null ? [train] : [train, test];
  const open = (path: string) => openIdx(path, files);
  const pictures = await Promise.all(pairs.map(({ images }) => open(images)));
  const labels = await Promise.all(pairs.map((pair) => open(pair.labels)));
  for (const [at, pair] of pairs.entries()) check(pair, pictures[at], labels[at]);
  const [first, second] = pictures.map(({ dimensions }) => dimensions.slice(1).join(' × '));
  if (second !== undefined && first !== second) {
    throw new DataError(`${test?.images} has pictures of ${second}, and those to train on are ${first}.`);
  }
  const total = pictures.reduce((sum, { values }) => sum + values.length, 0);
  if (total > MAX_VALUES) {
    throw new DataError(
      `${file} holds pictures of ${total} bytes; at most ${MAX_VALUES} (128 MiB) are read.`,
    );
  }
  const highest = labels.reduce((most, { values }) => values.reduce((a, b) => Math.max(a, b), most), 0);
  return {
    pictures,
    labels,
    names: pairs.map(({ images }) => images),
    labelNames: pairs.map((pair) => pair.labels),
    highest,
  };
}

async function openIdx(path: string, files: readonly PackedFile[]): Promise<IdxArray> {
  const bytes = files.find((each) => each.path === path)?.bytes ?? new Uint8Array();
  return readIdx(path, isGzip(bytes) ? await gunzip(path, bytes, MAX_VALUES + 64) : bytes);
}

/** @throws {DataError} unless these are pictures and a label for each. */
function check(pair: IdxPair, pictures: IdxArray | undefined, labels: IdxArray | undefined): void {
  const count = pictures?.dimensions.length ?? 0;
  if (count !== 3 && count !== 4) {
    throw new DataError(
      `${pair.images}, byte 3: pictures have 3 dimensions (or 4, in colour), not ${count}.`,
    );
  }
  const channels = pictures?.dimensions[3] ?? 1;
  if (channels > 4) {
    throw new DataError(`${pair.images}, byte 16: a pixel has 1 to 4 channels, not ${channels}.`);
  }
  if (labels?.dimensions.length !== 1) {
    throw new DataError(`${pair.labels}, byte 3: labels have 1 dimension, not ${labels?.dimensions.length}.`);
  }
  const [rows] = pictures?.dimensions ?? [];
  if (rows !== labels.dimensions[0]) {
    throw new DataError(`${pair.images} has ${rows} rows and ${pair.labels} has ${labels.dimensions[0]}.`);
  }
}

function joined(arrays: readonly IdxArray[]): Uint8Array {
  const all = new Uint8Array(arrays.reduce((sum, { values }) => sum + values.length, 0));
  let at = 0;
  for (const { values } of arrays) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}

/** Pictures stored as width × height × channels, as height × width × channels. */
function transposed(from: Uint8Array, rows: number, height: number, width: number, channels: number) {
  const to = new Uint8Array(from.length);
  const size = height * width * channels;
  for (let row = 0; row < rows; row++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          to[row * size + (y * width + x) * channels + c] =
            from[row * size + (x * height + y) * channels + c] ?? 0;
        }
      }
    }
  }
  return to;
}
