/**
 * Saving this tab's model into the library: when its person asks, and by itself every so many evaluations.
 * The wish to save by itself is this browser's, and off until somebody wants it.
 */
import { type Checkpoint, LibraryError, saveCheckpoint } from '../../session/checkpoints.ts';
import type { Whose } from '../../session/models-questions.ts';
import type { Stage } from '../context.ts';
import { sentenceOf, textOf } from '../sentence.ts';
import { words } from '../words.ts';

const KEY = 'murmuration.autosave';
export const DEFAULT_EVERY = 5;
/** Listeners of a change in the library, in this tab. */
const changed = new Set<() => void>();

export function onLibraryChange(listener: () => void): () => void {
  changed.add(listener);
  return () => changed.delete(listener);
}

export function libraryChanged(): void {
  for (const listener of [...changed]) listener();
}

/** Evaluations between two automatic savings; 0: none. */
export function autosaveEvery(): number {
  try {
    const every = Number(localStorage.getItem(KEY) ?? 0);
    return Number.isInteger(every) && every > 0 ? every : 0;
  } catch {
    return 0;
  }
}

export function setAutosaveEvery(every: number): void {
  try {
    localStorage.setItem(KEY, String(every));
  } catch {
    // Without storage there is no library either; saving says so.
  }
}

/** Saves a model of this tab. @throws {LibraryError} or the session's reason why there is no model. */
export async function save(stage: Stage, of: Whose, name: string, automatic: boolean): Promise<Checkpoint> {
  const { lab, catalogue } = stage;
  const { bytes, round } = await lab.ask('export', { of });
  const { snapshot } = lab.store.getState();
  if (snapshot === null) throw new LibraryError('There is nothing to save yet.');
  const { recipe, room, workers } = snapshot;
  const worker = workers.find(({ seat }) => seat === of);
  const about: Checkpoint = {
    id: automatic ? `auto ${room.code} ${of}` : crypto.randomUUID(),
    name: name.slice(0, 200),
    savedAt: Date.now(),
    recipe: JSON.stringify(recipe),
    sentence: textOf(sentenceOf(recipe, workers.length, catalogue)),
    round,
    testLoss: (of === 'reported' ? snapshot.model : worker)?.testLoss ?? null,
    testAccuracy: (of === 'reported' ? snapshot.model : worker)?.testAccuracy ?? null,
    bytes: bytes.length,
    automatic,
  };
  await saveCheckpoint(about, bytes);
  libraryChanged();
  return about;
}

let saved = { evaluation: 0, epoch: -1 };

/** Called after evaluations: saves if enough of them have passed. What goes wrong is a notice. */
export async function saveIfDue(stage: Stage, evaluation: number): Promise<void> {
  const every = autosaveEvery();
  const { snapshot } = stage.lab.store.getState();
  const mine = snapshot?.workers.find((worker) => worker.mine);
  if (every === 0 || snapshot === null || mine === undefined) return;
  const { epoch } = snapshot.view;
  const since = epoch === saved.epoch ? evaluation - saved.evaluation : evaluation;
  if (since < every) return;
  saved = { evaluation, epoch };
  try {
    const name = words.model.keep.automaticName(mine.name, snapshot.room.code);
    await save(stage, mine.seat, name, true);
  } catch (error) {
    // A model that is not there just now is saved the next time.
    if (!(error instanceof LibraryError)) return;
    stage.lab.notify({
      id: 'autosave',
      level: 'warning',
      what: error.message,
      ...words.model.keep.autosaveFailed,
    });
  }
}
