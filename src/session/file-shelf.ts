/**
 * Where a tab keeps its files between visits: IndexedDB, through idb-keyval. Files are kept as Blobs, so
 * that listing them does not read them. The tabs of one browser share the shelf; nothing of it is sent.
 */
import { createStore, del, entries, get, set } from 'idb-keyval';
import { DataError } from '../data/dataset.ts';
import type { KeptFile } from './file-state.ts';

export interface Shelf {
  list(): Promise<readonly KeptFile[]>;
  /** null if there is none of this name. */
  read(name: string): Promise<Uint8Array | null>;
  /** Replaces one of the same name, whole or not at all. @throws {DataError} if there is no room. */
  write(name: string, blob: Blob, files: number): Promise<void>;
  remove(name: string): Promise<void>;
  /** Bytes in use and at most, as far as is known. */
  room(): Promise<{ readonly used: number; readonly most: number } | null>;
}

interface Item {
  readonly blob: Blob;
  readonly files: number;
}

/** What an older lab, or a damaged disk, may have left is not taken for a file. */
function isItem(value: unknown): value is Item {
  return (
    typeof value === 'object' &&
    value !== null &&
    'blob' in value &&
    value.blob instanceof Blob &&
    'files' in value &&
    typeof value.files === 'number'
  );
}

const damaged = (name: string, cause?: unknown) =>
  new DataError(`${name} as this browser kept it is damaged; delete it, and bring it once more.`, { cause });

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;

export function browserShelf(): Shelf {
  // Opened when first needed: some browsers refuse storage altogether, and training goes on without.
  let opened: ReturnType<typeof createStore> | null = null;
  const store = () => {
    opened ??= createStore('murmuration-files', 'files');
    return opened;
  };
  const room = async () => {
    const { usage, quota } = (await navigator.storage?.estimate()) ?? {};
    return usage === undefined || quota === undefined ? null : { used: usage, most: quota };
  };
  return {
    room,
    async list() {
      const items = await entries<string, unknown>(store());
      return items
        .map(([name, item]) =>
          isItem(item) ? { name, bytes: item.blob.size, files: item.files } : { name, bytes: 0, files: 1 },
        )
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async read(name) {
      const item = await get<unknown>(name, store());
      if (item === undefined) return null;
      if (!isItem(item)) throw damaged(name);
      try {
        return new Uint8Array(await item.blob.arrayBuffer());
      } catch (cause) {
        throw damaged(name, cause);
      }
    },
    async write(name, blob, files) {
      try {
        await set(name, { blob, files } satisfies Item, store());
      } catch (cause) {
        const full = cause instanceof DOMException && cause.name === 'QuotaExceededError';
        if (!full) throw cause;
        const known = await room();
        const use =
          known === null ? '' : ` (${megabytes(known.used)} of ${megabytes(known.most)} are in use)`;
        throw new DataError(
          `This browser has no room left for ${name} with ${megabytes(blob.size)}${use}; delete a file that you no longer need.`,
          { cause },
        );
      }
    },
    remove: (name) => del(name, store()),
  };
}
