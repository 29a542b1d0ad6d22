/**
 * Several files as one: zip archives, and folders or sets of dropped files, which travel as a zip without
 * compression. fflate reads and writes the format; this adds the limits that a stranger's archive needs.
 *
 * What an archive says of itself is counted before anything is unpacked, and unpacking never writes more
 * than was said, so a zip bomb costs its own size and a sentence. Checksums are compared, which fflate
 * leaves out: a byte that fell over on the way is told, not trained on.
 */
import { DataError } from './dataset.ts';
import { ARCHIVES } from './late-parts.ts';
import { crc32, listedChecksums } from './zip-checksums.ts';

export interface PackedFile {
  /** With / between folders, relative, without . or .. in it. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Most files, and most bytes they may unpack to. 256 MiB. */
export const MAX_FILES = 50_000;
export const MAX_ARCHIVE_BYTES = 268_435_456;
/** From this many unpacked bytes on, data that shrinks beyond this ratio is no data. */
const RATIO_FROM = 16_777_216;
const MAX_RATIO = 200;

/** Whether bytes begin as a zip archive does: a file's header, or the end of an empty one. */
export function isZip(bytes: Uint8Array): boolean {
  const [p, k, a, b] = bytes;
  return p === 0x50 && k === 0x4b && ((a === 3 && b === 4) || (a === 5 && b === 6));
}

/** What file managers leave behind, and hidden files. */
const isClutter = (path: string) =>
  path
    .split('/')
    .some(
      (part) => part.startsWith('.') || part === '__MACOSX' || part === 'Thumbs.db' || part === 'desktop.ini',
    );

/** A path with forward slashes. @throws {DataError} for one that leaves its folder. */
function safePath(name: string, given: string): string {
  const path = given.replaceAll('\\', '/');
  const parts = path.split('/');
  if (path.startsWith('/') || /^[a-z]:/i.test(path) || parts.includes('..') || /\p{Cc}/u.test(path)) {
    throw new DataError(
      `${name}: the path ${JSON.stringify(given.slice(0, 80))} leads out of the archive; pack it anew.`,
    );
  }
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}

/**
 * The files of an archive in the order of their paths, without folders and clutter.
 * @throws {DataError} for what is damaged, dangerous or too large.
 */
export async function unpackZip(name: string, bytes: Uint8Array): Promise<readonly PackedFile[]> {
  const { unzipSync } = await ARCHIVES.load();
  const wanted = new Map<string, { readonly path: string; readonly size: number; readonly place: number }>();
  const paths = new Set<string>();
  let total = 0;
  let count = 0;
  const attempt = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof DataError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new DataError(`${name} is no sound zip archive (${why}); pack it anew.`, { cause });
    }
  };
  attempt(() =>
    unzipSync(bytes, {
      filter({ name: given, originalSize }) {
        count += 1;
        total += originalSize;
        if (count > MAX_FILES) throw new DataError(`${name} has more than ${MAX_FILES} files; use fewer.`);
        if (total > MAX_ARCHIVE_BYTES) {
          throw new DataError(
            `${name} unpacks to more than ${MAX_ARCHIVE_BYTES} bytes (256 MiB); use a part of it.`,
          );
        }
        const path = safePath(name, given);
        if (/[\\/]$/.test(given) || path === '' || isClutter(path)) return false;
        if (paths.has(path)) throw new DataError(`${name} has the file ${path} twice; pack it anew.`);
        paths.add(path);
        wanted.set(given, { path, size: originalSize, place: count - 1 });
        return false;
      },
    }),
  );
  if (total > RATIO_FROM && total > MAX_RATIO * bytes.length) {
    throw new DataError(
      `${name} unpacks to ${Math.round(total / bytes.length)} times its size; no data does.`,
    );
  }
  const unpacked = new Map(
    Object.entries(attempt(() => unzipSync(bytes, { filter: (file) => wanted.has(file.name) }))),
  );
  const checksums = listedChecksums(bytes, count);
  const files: PackedFile[] = [];
  for (const [given, { path, size, place }] of wanted) {
    const content = unpacked.get(given);
    if (content === undefined || content.length !== size) {
      throw new DataError(
        `${name}: ${path} unpacks to ${content?.length ?? 0} bytes instead of ${size}; pack it anew.`,
      );
    }
    if (checksums[place] !== crc32(content)) {
      throw new DataError(
        `${name}: ${path} is damaged, as its checksum shows; get the archive once more, or pack it anew.`,
      );
    }
    files.push({ path, bytes: content });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Files as one archive, without compression. The same files give the same bytes. */
export async function packZip(files: readonly PackedFile[]): Promise<Uint8Array> {
  const { zipSync } = await ARCHIVES.load();
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return zipSync(Object.fromEntries(sorted.map(({ path, bytes }) => [path, bytes])), {
    level: 0,
    mtime: '1980-01-01T00:00:00',
  });
}
