/**
 * A library of saved models in this browser's IndexedDB: it survives a reload and a crash, and leaves the
 * browser only as a file. What is read back is checked, since an older lab may have written it.
 */
import { createStore, del, get, getMany, keys, setMany, type UseStore } from 'idb-keyval';
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
});

/** What is known of a saved model without opening it. */
export type Checkpoint = v.InferOutput<typeof schema>;

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
export function saveCheckpoint(about: Checkpoint, model: Uint8Array): Promise<void> {
  return attempt(() =>
    setMany(
      [
        [ABOUT + about.id, about],
        [MODEL + about.id, model],
      ],
      library(),
    ),
  );
}

/** All saved models, the latest first. @throws {LibraryError} */
export function listCheckpoints(): Promise<readonly Checkpoint[]> {
  return attempt(async () => {
    const names = (await keys(library())).filter(
      (key): key is string => typeof key === 'string' && key.startsWith(ABOUT),
    );
    const found: unknown[] = await getMany(names, library());
    return found
      .flatMap((each) => {
        const checked = v.safeParse(schema, each);
        return checked.success ? [checked.output] : [];
      })
      .sort((a, b) => b.savedAt - a.savedAt);
  });
}

/** The file of a saved model. @throws {LibraryError} */
export function openCheckpoint(id: string): Promise<Uint8Array<ArrayBuffer>> {
  return attempt(async () => {
    const model: unknown = await get(MODEL + id, library());
    if (!(model instanceof Uint8Array)) throw new LibraryError('This model is not there any more.');
    return new Uint8Array(model);
  });
}

export function deleteCheckpoint(id: string): Promise<void> {
  return attempt(async () => {
    await del(ABOUT + id, library());
    await del(MODEL + id, library());
  });
}
