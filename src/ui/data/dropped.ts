/**
 * What was dropped or picked, as things to keep: a folder is one, IDX files that were dropped together are
 * one, every other file is one by itself. Pure, apart from walking what the browser hands over.
 */
import { looksLikeIdx } from '../../data/idx-pairs.ts';

export interface Dropped {
  /** With the folders it lay in. */
  readonly path: string;
  readonly blob: Blob;
}

export interface Bundle {
  readonly name: string;
  readonly files: readonly Dropped[];
}

/** Files of one folder or set together, in the order in which they were met. */
export function bundlesOf(dropped: readonly Dropped[]): readonly Bundle[] {
  const folders = new Map<string, Dropped[]>();
  const idx: Dropped[] = [];
  const bundles: Bundle[] = [];
  for (const each of dropped) {
    const [folder = '', ...rest] = each.path.split('/');
    if (rest.length > 0) folders.set(folder, [...(folders.get(folder) ?? []), each]);
    else if (looksLikeIdx(each.path)) idx.push(each);
    else bundles.push({ name: each.path, files: [each] });
  }
  const [first] = idx;
  if (first !== undefined) {
    bundles.push({ name: idx.length === 1 ? first.path : `${first.path} + ${idx.length - 1}`, files: idx });
  }
  for (const [name, files] of folders) bundles.push({ name, files });
  return bundles;
}

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File>((resolve, reject) => {
    entry.file(resolve, reject);
  });

async function filesIn(entry: FileSystemEntry): Promise<Dropped[]> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry instanceof FileSystemFileEntry) return [{ path, blob: await fileOf(entry) }];
  if (!(entry instanceof FileSystemDirectoryEntry)) return [];
  const reader = entry.createReader();
  const found: Dropped[] = [];
  for (;;) {
    // A folder is told in pieces of a hundred or so; an empty piece is the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (entries.length === 0) return found;
    for (const each of entries) found.push(...(await filesIn(each)));
  }
}

/** Everything that a drop brings, folders walked through. Must be called while the drop is handled. */
export async function filesOfDrop({ items, files }: DataTransfer): Promise<readonly Dropped[]> {
  const entries = [...items].map((item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null));
  const plain = pickedFiles(files);
  if (entries.every((entry) => entry === null)) return plain;
  const found = await Promise.all(entries.map((entry) => (entry === null ? [] : filesIn(entry))));
  return found.flat();
}

/** What a file picker brings; of a folder with paths. */
export function pickedFiles(files: Iterable<File> | null): readonly Dropped[] {
  return [...(files ?? [])].map((file) => ({
    path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath,
    blob: file,
  }));
}
