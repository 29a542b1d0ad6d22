/**
 * Text to learn to write: windows of characters, of the lab's own source, or of any UTF-8 file.
 *
 * A row is context + 1 tokens; a model predicts each from those before it. Rows lie side by side in the
 * text, so that every character but the first is predicted once; the last tenth is for testing. Peers
 * agree on the alphabet by the options (see text-alphabet.ts), and may each hold a text of their own.
 */
import { numberOption, type OptionSchema, type Options, textOption } from '../base/options.ts';
import { DataError, type DatasetEntry, type FetchBytes, type HostDataset } from './dataset.ts';
import { PRIVATE } from './private.ts';
import { Alphabet, extraCharacters } from './text-alphabet.ts';

/** Where the lab serves its own source (see text-build.ts), below its base address. */
export const SOURCE_TEXT_PATH = 'data/source.txt';

/** Bytes of a text at most. 64 MiB. */
const MOST_BYTES = 67_108_864;

const OPTIONS: OptionSchema = {
  file: {
    kind: 'text',
    label: 'file',
    help: "Name of a text file in UTF-8 (for the command line its path), up to 64 MiB; the lab's own source if nothing is given.",
    default: '',
    maxLength: 500,
  },
  context: {
    kind: 'number',
    label: 'context',
    help: 'Characters that a prediction looks back on at most; memory and time grow with it.',
    default: 64,
    min: 2,
    max: 256,
    integer: true,
  },
  characters: {
    kind: 'text',
    label: 'characters',
    help: 'Characters to tell apart besides printable ASCII, up to 159; filled in from the file. All others count as one.',
    default: '',
    maxLength: 400,
  },
  private: PRIVATE,
};

const MOST_TEST_ROWS = 200;

export const text: DatasetEntry = {
  id: 'text',
  label: 'text',
  description: "Text, character by character: the lab's own source code, or a file of your own as text:FILE.",
  options: OPTIONS,
  serves: [SOURCE_TEXT_PATH],
  testLast: true,

  shape: (options) => ({
    width: numberOption(options, 'context') + 1,
    classes: alphabetOf(options).size,
    tokens: true,
  }),

  // A row is `context` tokens to score: a few hundred rows say enough and do not hold the training up.
  testRows: (rows) => Math.min(MOST_TEST_ROWS, Math.max(1, Math.floor(rows / 10))),

  async complete(options, fetchBytes) {
    if (textOption(options, 'file') === '' || textOption(options, 'characters') !== '') return options;
    return { ...options, characters: extraCharacters(await read(options, fetchBytes)) };
  },

  async load(options, fetchBytes): Promise<HostDataset> {
    const { width, classes } = text.shape(options);
    const tokens = alphabetOf(options).encode(await read(options, fetchBytes));
    return windowsOf(tokens, width, classes, nameOf(options));
  },
};

/** The alphabet of a run, to turn what a model writes back into text. */
export function alphabetOf(options: Options): Alphabet {
  return new Alphabet(textOption(options, 'characters'));
}

/** Rows of `width` tokens, each beginning with the last token of the one before. @throws {DataError} */
function windowsOf(tokens: Uint8Array, width: number, classes: number, name: string): HostDataset {
  const context = width - 1;
  const rows = Math.floor((tokens.length - 1) / context);
  if (rows < 2) {
    throw new DataError(
      `${name} has ${tokens.length} characters; a context of ${context} needs ${2 * context + 1} at least.`,
    );
  }
  const features = new Uint8Array(rows * width);
  for (let row = 0; row < rows; row++) {
    features.set(tokens.subarray(row * context, row * context + width), row * width);
  }
  // There are no classes to deal by: all rows are alike.
  return { rows, width, classes, scale: 1, features, labels: new Uint8Array(rows) };
}

const nameOf = (options: Options) => textOption(options, 'file') || "The lab's source text";

/** @throws {DataError} unless it is UTF-8 of a bearable length. */
async function read(options: Options, fetchBytes: FetchBytes): Promise<string> {
  const file = textOption(options, 'file');
  const bytes = await fetchBytes(file === '' ? SOURCE_TEXT_PATH : `file:${file}`);
  if (bytes.length > MOST_BYTES) {
    throw new DataError(`${nameOf(options)} has ${bytes.length} bytes; at most ${MOST_BYTES} are read.`);
  }
  let decoded: string;
  try {
    decoded = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const advice = 'save it as UTF-8 in an editor';
    throw new DataError(`${nameOf(options)} is not text in UTF-8; ${advice}.`, { cause: error });
  }
  // A server without the file may answer with a page.
  if (file === '' && /^\s*<!doctype html/i.test(decoded)) {
    throw new DataError("The lab's source text is missing; build the lab again.");
  }
  return decoded;
}
