/**
 * Pictures of a person's own, in one folder for each class: `images:FOLDER`, or a zip of such folders. A
 * folder `test` (or `val`) above the classes holds test pictures. All are scaled to the same square.
 *
 * Peers agree on size, colour and the names of the classes by the options; the pictures are each one's own.
 */
import { choiceOption, numberOption, type OptionSchema, type Options, textOption } from '../base/options.ts';
import { DataError, type DatasetEntry, type FetchBytes, type HostDataset } from './dataset.ts';
import { MAX_VALUES } from './idx-format.ts';
import { readPicture } from './images-picture.ts';
import { scalePicture } from './images-scale.ts';
import { nameListText, readNameList } from './name-list.ts';
import { PRIVATE } from './private.ts';
import { isZip, unpackZip } from './zip.ts';

const CLASSES_LENGTH = 2000;
const MAX_CLASSES = 256;
const PICTURE = /\.(png|jpe?g|pgm|ppm|pnm|bmp)$/i;
const TEST = /^(test(ing)?|val(id(ation)?)?)$/i;

const OPTIONS: OptionSchema = {
  file: {
    kind: 'text',
    label: 'pictures',
    help: 'Name of the pictures as they are kept here (for the command line a folder of class folders, or a zip).',
    default: '',
    maxLength: 500,
  },
  size: {
    kind: 'number',
    label: 'size',
    help: 'Side of the square that every picture is scaled to, in pixels; time and memory grow with its square.',
    default: 28,
    min: 4,
    max: 128,
    integer: true,
  },
  colour: {
    kind: 'choice',
    label: 'colour',
    help: 'One number a pixel (grey) or three (colour).',
    default: 'grey',
    choices: ['grey', 'colour'],
  },
  classes: {
    kind: 'text',
    label: 'classes',
    help: 'Names of the class folders, separated by commas; filled in from the files.',
    default: '',
    maxLength: CLASSES_LENGTH,
  },
  test: {
    kind: 'number',
    label: 'test share',
    help: 'Share of the pictures held out for testing where no folder is called test.',
    default: 0.2,
    min: 0,
    max: 0.9,
  },
  private: PRIVATE,
};

export const images: DatasetEntry = {
  id: 'images',
  label: 'pictures',
  description: 'Pictures of your own, one folder for each class, as a folder or a zip: images:FOLDER.',
  options: OPTIONS,

  shape(options) {
    const side = numberOption(options, 'size');
    const channels = channelsOf(options);
    return {
      width: side * side * channels,
      classes: readNameList(textOption(options, 'classes')).count,
      image: { height: side, width: side, channels },
    };
  },

  testRows: (rows, options) => Math.floor(rows * numberOption(options, 'test')),

  refuses(options) {
    if (textOption(options, 'file') === '') return 'No pictures are chosen; give a folder as images:FOLDER.';
    if (readNameList(textOption(options, 'classes')).count < 2) {
      return 'The classes of the pictures are not known; give them as dataset.classes, or open the files here.';
    }
    return null;
  },

  async complete(options, fetchBytes) {
    if (textOption(options, 'classes') !== '') return options;
    const found = await read(options, fetchBytes);
    const names = [...new Set(found.pictures.map((each) => each.folder))].sort();
    if (names.length < 2) {
      throw new DataError(
        `${found.file} has pictures in one folder only; put those of each class into a folder of its own.`,
      );
    }
    if (names.length > MAX_CLASSES) {
      throw new DataError(
        `${found.file} has ${names.length} folders; at most ${MAX_CLASSES} can be classes.`,
      );
    }
    return { ...options, classes: nameListText(names, CLASSES_LENGTH) };
  },

  async load(options, fetchBytes, _seed, decoder): Promise<HostDataset> {
    const { width, classes } = images.shape(options);
    const { file, pictures } = await read(options, fetchBytes);
    const known = readNameList(textOption(options, 'classes')).names;
    const names = known ?? [...new Set(pictures.map(({ folder }) => folder))].sort();
    if (names.length !== classes) {
      throw new DataError(`${file} has ${names.length} class folders; the run has ${classes} classes.`);
    }
    const rows = pictures.length;
    if (rows * width > MAX_VALUES) {
      throw new DataError(
        `${file} makes ${rows} rows of ${width} bytes; at most ${MAX_VALUES} bytes are kept: choose a smaller size.`,
      );
    }
    // Test pictures stand last.
    const sorted = [...pictures].sort((a, b) => Number(a.test) - Number(b.test));
    const features = new Uint8Array(rows * width);
    const labels = new Uint8Array(rows);
    const side = numberOption(options, 'size');
    for (const [row, { path, folder, bytes }] of sorted.entries()) {
      const label = names.indexOf(folder);
      if (label < 0) {
        throw new DataError(
          `${file}: ${path} is in a folder that is no class of the run; those are ${listOf(names)}.`,
        );
      }
      labels[row] = label;
      const picture = await readPicture(`${file}: ${path}`, bytes, decoder ?? null);
      scalePicture(picture, side, channelsOf(options), features, row * width);
    }
    const tests = sorted.filter(({ test }) => test).length;
    if (tests === rows) throw new DataError(`${file} has test pictures only; there is nothing to train on.`);
    const data = { rows, width, classes, scale: 1 / 255, features, labels };
    return tests === 0 ? data : { ...data, testRows: tests };
  },
};

const channelsOf = (options: Options): 1 | 3 => (choiceOption(options, 'colour') === 'grey' ? 1 : 3);

const listOf = (names: readonly string[]) =>
  `${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`;

interface Found {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The folder it lies in: its class. */
  readonly folder: string;
  readonly test: boolean;
}

/** @throws {DataError} */
async function read(
  options: Options,
  fetchBytes: FetchBytes,
): Promise<{ readonly file: string; readonly pictures: readonly Found[] }> {
  const file = textOption(options, 'file');
  if (file === '') throw new DataError('No pictures are chosen; give a folder as images:FOLDER.');
  const bytes = await fetchBytes(`file:${file}`);
  if (!isZip(bytes)) {
    throw new DataError(
      `${file} is no folder and no zip archive; put the pictures of each class into a folder.`,
    );
  }
  const files = (await unpackZip(file, bytes)).filter(({ path }) => PICTURE.test(path));
  if (files.length === 0) {
    throw new DataError(
      `${file} has no pictures; PNG, JPEG, PGM, PPM and BMP are read, in one folder a class.`,
    );
  }
  const pictures = files.map((each) => {
    const folders = each.path.split('/').slice(0, -1);
    const folder = folders.at(-1);
    if (folder === undefined) {
      throw new DataError(`${file}: ${each.path} is in no folder; put the pictures of each class into one.`);
    }
    return { ...each, folder, test: folders.slice(0, -1).some((above) => TEST.test(above)) };
  });
  return { file, pictures };
}
