/**
 * A library of saved models in this browser's IndexedDB: it survives a reload and a crash, and leaves the
 * browser only as a file. What is read back is checked, since an older lab may have written it, or a disk
 * may have lost a part of it; what cannot be read is told and kept until its person deletes it.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { createStore, delMany, get, getMany, keys, setMany, type UseStore } from 'idb-keyval';
import * as v from 'valibot';

const finite = v.nullable(v.pipe(v.number(), v.finite()));
const schema = v.object({
  id: v.string(),
  name: v.pipe(v.string(), v.maxLength(200)),
  /** ms since 1970. */
  savedAt: v.number(),
  /** The recipe as JSON, and as a sentence. */
  recipe: v.string(),
  sentence: v.string(),
  round: v.number(),
  testLoss: finite,
  testAccuracy: finite,
  bytes: v.number(),
  /** Saved by itself: the next one of this room takes its place. */
  automatic: v.boolean(),
  /** SHA-256 of the file; of older savings nothing is known. */
  hash: v.optional(v.string()),
});

/** What is known of a saved model without opening it. */
export type Checkpoint = v.InferOutput<typeof schema>;

/** A saving of which a part is gone or makes no sense. */
export interface Damaged {
  readonly id: string;
  /** Its name, as far as it is known. */
  readonly name: string | null;
  /** The file itself is still there, for whoever wants to look into it. */
  readonly file: boolean;
}

export interface Library {
  /** The latest first. */
  readonly models: readonly Checkpoint[];
  readonly damaged: readonly Damaged[];
}

/** The browser would not keep or give it; one sentence for a person. */
export class LibraryError extends Error {
  override readonly name = 'LibraryError';
}

const ABOUT = 'about:';
const MODEL = 'model:';

let opened: UseStore | null = null;
function library(): UseStore {
  opened ??= createStore('murmuration-models', 'models');
  return opened;
}

function failure(error: unknown): LibraryError {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'QuotaExceededError') {
    return new LibraryError(
      'This browser has no room left for models: delete some below, or free disk space.',
    );
  }
  const why = error instanceof Error ? error.message : String(error);
  return new LibraryError(`This browser does not keep models here (${why}): download them instead.`);
}

async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof LibraryError ? error : failure(error);
  }
}

/** Saves a model, or overwrites the one of the same id: both parts of it, or neither. @throws {LibraryError} */
export function saveCheckpoint(about: Omit<Checkpoint, 'hash'>, model: Uint8Array): Promise<void> {
  return attempt(() =>
    setMany(
      [
        [ABOUT + about.id, { ...about, hash: bytesToHex(sha256(model)) } satisfies Checkpoint],
        [MODEL + about.id, model],
      ],
      library(),
    ),
  );
}

/** All saved models, and what is left of those that cannot be read. @throws {LibraryError} */
export function listCheckpoints(): Promise<Library> {
  return attempt(async () => {
    const stored = new Set((await keys(library())).map(String));
    const ids = [...new Set([...stored].map(idOf).filter((id) => id !== null))];
    const found: unknown[] = await getMany(
      ids.map((id) => ABOUT + id),
      library(),
    );
    const models: Checkpoint[] = [];
    const damaged: Damaged[] = [];
    ids.forEach((id, at) => {
      const checked = v.safeParse(schema, found[at]);
      const file = stored.has(MODEL + id);
      if (checked.success && checked.output.id === id && file) models.push(checked.output);
      else damaged.push({ id, name: nameOf(found[at]), file });
    });
    return { models: models.sort((a, b) => b.savedAt - a.savedAt), damaged };
  });
}

const idOf = (key: string): string | null =>
  [ABOUT, MODEL].flatMap((prefix) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))[0] ?? null;

function nameOf(about: unknown): string | null {
  const known = v.safeParse(v.object({ name: schema.entries.name }), about);
  return known.success ? known.output.name : null;
}

/** The file of a saved model, as it was saved. @throws {LibraryError} if it is gone, or has changed since. */
export function openCheckpoint({
  id,
  hash,
}: Pick<Checkpoint, 'id' | 'hash'>): Promise<Uint8Array<ArrayBuffer>> {
  return attempt(async () => {
    const model = await rawFile(id);
    if (hash !== undefined && bytesToHex(sha256(model)) !== hash) {
      throw new LibraryError(
        'This saved model is damaged: its numbers are not those that were saved. You can still download its file.',
      );
    }
    return model;
  });
}

/** The file of a saving whatever has become of it. @throws {LibraryError} if there is none. */
export function openDamaged(id: string): Promise<Uint8Array<ArrayBuffer>> {
  return attempt(() => rawFile(id));
}

async function rawFile(id: string): Promise<Uint8Array<ArrayBuffer>> {
  const model: unknown = await get(MODEL + id, library());
  if (!(model instanceof Uint8Array)) throw new LibraryError('This model is not there any more.');
  return new Uint8Array(model);
}

/** Both parts of it, or neither. @throws {LibraryError} */
export function deleteCheckpoint(id: string): Promise<void> {
  return attempt(() => delMany([ABOUT + id, MODEL + id], library()));
}
