/**
 * A person's own files without a browser: a file as it is, a folder as an archive of what is in it, and a
 * decoder for PNG. JPEG is left to browsers.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { DataError } from '../data/dataset.ts';
import { looksLikeIdx } from '../data/idx-pairs.ts';
import type { PictureDecoder } from '../data/images-picture.ts';
import { MAX_ARCHIVE_BYTES, MAX_FILES, packZip } from '../data/zip.ts';

/** What of a folder can be data; the rest is not even read. */
const DATA = /\.(png|jpe?g|pgm|ppm|pnm|bmp)$/i;

/** @throws {DataError} that names the file or folder and the problem. */
export async function readOwnFile(file: string): Promise<Uint8Array> {
  try {
    const found = await stat(file);
    if (found.isDirectory()) return await packFolder(file);
    if (found.size > MAX_ARCHIVE_BYTES) throw tooLarge(file, found.size);
    return await readFile(file);
  } catch (error) {
    if (error instanceof DataError) throw error;
    // What the system says names the file once more.
    const why = (error instanceof Error ? error.message : String(error)).split(',')[0];
    const name = file.length > 100 ? `…${file.slice(-100)}` : file;
    throw new DataError(`${name} cannot be read: ${why}.`, { cause: error });
  }
}

async function packFolder(folder: string): Promise<Uint8Array> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const wanted = entries
    .filter((entry) => entry.isFile() && (DATA.test(entry.name) || looksLikeIdx(entry.name)))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  if (wanted.length > MAX_FILES) {
    throw new DataError(`${folder} has ${wanted.length} files; at most ${MAX_FILES} are read.`);
  }
  const files: { path: string; bytes: Uint8Array }[] = [];
  let total = 0;
  for (const name of wanted) {
    total += (await stat(path.join(folder, name))).size;
    if (total > MAX_ARCHIVE_BYTES) throw tooLarge(folder, total);
    files.push({ path: name.split(path.sep).join('/'), bytes: await readFile(path.join(folder, name)) });
  }
  return packZip(files);
}

const tooLarge = (name: string, size: number) =>
  new DataError(`${name} has ${size} bytes; at most ${MAX_ARCHIVE_BYTES} (256 MiB) are read.`);

export const nodeDecoder: PictureDecoder = {
  formats: ['png'],
  async decode(bytes) {
    const { PNG } = await import('pngjs');
    const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
    return { width, height, rgba: data };
  },
};
