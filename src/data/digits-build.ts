/**
 * Makes `public/data/digits.bin` from the `mnist` package (Node only; runs when the lab is built or
 * served, and before command-line runs). The package holds pixels as k/255 rounded to three decimals, so
 * rounding back to k restores the original bytes exactly. Rows are in the package's order, by class;
 * every use of them shuffles by seed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { keepFile, keepIfPossible } from '../base/kept-file.ts';
import { DIGITS_PATH } from './digits.ts';
import { DataError, readHeader, writeHeader } from './packed-format.ts';

const ROWS = 10_000;
const WIDTH = 784;
const CLASSES = 10;

/** The package's JSON of one digit as pixel bytes, row after row. */
function pixelsOf(path: string): Uint8Array {
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const values = parsed !== null && typeof parsed === 'object' && 'data' in parsed ? parsed.data : null;
  if (!Array.isArray(values) || values.length === 0 || values.length % WIDTH !== 0) {
    throw new DataError(`${path} does not hold rows of ${WIDTH} pixels.`);
  }
  return Uint8Array.from(values, (value: unknown) => {
    const pixel = typeof value === 'number' ? value * 255 : Number.NaN;
    const byte = Math.round(pixel);
    if (!(Math.abs(pixel - byte) <= 0.1276) || byte < 0 || byte > 255) {
      throw new DataError(`${path} holds ${JSON.stringify(value)}, which is no pixel rounded to 3 decimals.`);
    }
    return byte;
  });
}

/** The packed file's bytes. `folder` holds 0.json to 9.json. */
export function packDigits(folder: string): Uint8Array {
  const classes = Array.from({ length: CLASSES }, (_, digit) => pixelsOf(join(folder, `${digit}.json`)));
  const labels = classes.flatMap((pixels, digit) => new Array<number>(pixels.length / WIDTH).fill(digit));
  const packed = gzipSync(Buffer.concat([Uint8Array.from(labels), ...classes]), { level: 7 });
  const header = writeHeader({
    rows: labels.length,
    width: WIDTH,
    classes: CLASSES,
    packedBytes: packed.length,
  });
  return new Uint8Array(Buffer.concat([header, packed]));
}

/** Whether a whole file of this version is there already. */
function isCurrent(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    const header = readHeader(readFileSync(path));
    return header.rows === ROWS && header.width === WIDTH && header.classes === CLASSES;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

/** The packed digits, made from the package where they are not there yet. */
function make(root: string): Uint8Array {
  return packDigits(dirname(createRequire(join(root, 'package.json')).resolve('mnist/src/digits/0.json')));
}

/**
 * Writes the file if it is missing or stale; several processes may do so at once.
 * @param root the repository's root folder.
 * @returns the file's path.
 */
export function ensureDigits(root: string): string {
  const path = join(root, 'public', DIGITS_PATH);
  if (!isCurrent(path)) keepFile(path, make(root));
  return path;
}

/** The file's bytes; where it can neither be found nor written they are made for this once. */
export function digitsBytes(root: string): Uint8Array {
  const path = join(root, 'public', DIGITS_PATH);
  if (isCurrent(path)) return readFileSync(path);
  const bytes = make(root);
  keepIfPossible(path, bytes);
  return bytes;
}
