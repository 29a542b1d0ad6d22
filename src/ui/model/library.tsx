/**
 * The library of saved models in this browser: what there is, how good it was, and what to do with it. What
 * is damaged is told, and kept until its person deletes it.
 */
import { useEffect, useRef, useState } from 'react';
import {
  type Checkpoint,
  type Damaged,
  deleteCheckpoint,
  type Library,
  listCheckpoints,
  openCheckpoint,
  openDamaged,
} from '../../session/checkpoints.ts';
import { grouped, percent, three } from '../format.ts';
import { words } from '../words.ts';
import { fileName, give, MODEL_TYPE } from './give.ts';
import { libraryChanged, onLibraryChange } from './keeper.ts';

const say = words.model.keep;

const NOTHING: Library = { models: [], damaged: [] };

function useLibrary(): Library & { readonly why: string | null } {
  const [state, setState] = useState<Library & { readonly why: string | null }>({ ...NOTHING, why: null });
  useEffect(() => {
    const read = () =>
      void listCheckpoints().then(
        (found) => setState({ ...found, why: null }),
        (error: unknown) =>
          setState({ ...NOTHING, why: error instanceof Error ? error.message : String(error) }),
      );
    read();
    return onLibraryChange(read);
  }, []);
  return state;
}

/** Deletes on the second press; the first only asks, until the button is left. */
function Remove({ name, remove }: { readonly name: string; readonly remove: () => void }) {
  const [asking, setAsking] = useState(false);
  return (
    <button
      type="button"
      aria-label={asking ? say.removeSureNamed(name) : say.removeNamed(name)}
      onClick={asking ? remove : () => setAsking(true)}
      onBlur={() => setAsking(false)}
      onKeyDown={({ key }) => key === 'Escape' && setAsking(false)}
    >
      {asking ? say.removeSure : say.remove}
    </button>
  );
}

function Entry(props: {
  readonly entry: Checkpoint;
  readonly load: () => void;
  readonly get: () => void;
  readonly remove: () => void;
}) {
  const { entry } = props;
  const score = entry.testAccuracy === null ? say.loss(three(entry.testLoss)) : percent(entry.testAccuracy);
  return (
    <tr>
      <th scope="row">{entry.name}</th>
      <td>{new Date(entry.savedAt).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}</td>
      <td className="number">
        {score} <small>{say.atRound(grouped(entry.round))}</small>
      </td>
      <td className="library-recipe">{entry.sentence}</td>
      <td className="library-tools">
        <button type="button" aria-label={say.useNamed(entry.name)} onClick={props.load}>
          {say.use}
        </button>
        <button type="button" aria-label={say.getNamed(entry.name)} onClick={props.get}>
          {say.get}
        </button>
        <Remove name={entry.name} remove={props.remove} />
      </td>
    </tr>
  );
}

function DamagedEntry(props: {
  readonly entry: Damaged;
  readonly get: () => void;
  readonly remove: () => void;
}) {
  const { name, file } = props.entry;
  const called = name ?? say.nameless;
  return (
    <tr>
      <th scope="row">{called}</th>
      <td colSpan={3} className="library-recipe">
        {file ? say.damaged : say.gone}
      </td>
      <td className="library-tools">
        {file && (
          <button type="button" aria-label={say.getNamed(called)} onClick={props.get}>
            {say.get}
          </button>
        )}
        <Remove name={called} remove={props.remove} />
      </td>
    </tr>
  );
}

export function SavedModels({
  attempt,
  load,
}: {
  /** Does something, and tells what went wrong. */
  attempt(work: () => Promise<void>): Promise<void>;
  load(model: Uint8Array, recipe: string): void;
}) {
  const { models, damaged, why } = useLibrary();
  const caption = useRef<HTMLTableCaptionElement>(null);
  const remove = (id: string) =>
    attempt(async () => {
      await deleteCheckpoint(id);
      // The button goes; who pressed it by keyboard stays near.
      caption.current?.focus();
      libraryChanged();
    });
  /** As it is, even where it is damaged: its person may know what to do with it. */
  const giveSaved = (id: string, called: string) =>
    attempt(async () => give(fileName(called), await openDamaged(id), MODEL_TYPE));
  return (
    <>
      <div className="scroll">
        <table className="library">
          <caption ref={caption} tabIndex={-1}>
            {say.library}
          </caption>
          {models.length + damaged.length > 0 && (
            <thead>
              <tr>
                <th scope="col">{say.name}</th>
                <th scope="col">{say.date}</th>
                <th scope="col">{say.score}</th>
                <th scope="col">{say.recipe}</th>
                <th scope="col" aria-label={words.model.open.keep} />
              </tr>
            </thead>
          )}
          <tbody>
            {models.map((entry) => (
              <Entry
                key={entry.id}
                entry={entry}
                load={() => void attempt(async () => load(await openCheckpoint(entry), entry.recipe))}
                get={() => void giveSaved(entry.id, entry.name)}
                remove={() => void remove(entry.id)}
              />
            ))}
            {damaged.map((entry) => (
              <DamagedEntry
                key={entry.id}
                entry={entry}
                get={() => void giveSaved(entry.id, entry.name ?? say.nameless)}
                remove={() => void remove(entry.id)}
              />
            ))}
          </tbody>
        </table>
      </div>
      {models.length + damaged.length === 0 && <p className="help">{why ?? say.empty}</p>}
    </>
  );
}
