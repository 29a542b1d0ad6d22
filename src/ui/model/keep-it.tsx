/**
 * Take the model and the run elsewhere: files, and a library in this browser. Loading a model makes the
 * whole room begin again from it, which is said where it is done.
 */
import { useCallback, useEffect, useId, useState } from 'react';
import {
  type Checkpoint,
  deleteCheckpoint,
  listCheckpoints,
  openCheckpoint,
} from '../../session/checkpoints.ts';
import { metricsCsv } from '../../session/metrics-csv.ts';
import type { Whose } from '../../session/models-questions.ts';
import { useSnapshot, useStage } from '../context.ts';
import { grouped, percent, three } from '../format.ts';
import { words } from '../words.ts';
import { chartsAsSvg, pngOf } from './chart-files.ts';
import { useNames } from './data.ts';
import {
  autosaveEvery,
  DEFAULT_EVERY,
  libraryChanged,
  onLibraryChange,
  save,
  setAutosaveEvery,
} from './keeper.ts';
import { runJson } from './run-file.ts';
import { useWhose, WhoseChoice } from './write.tsx';

const say = words.model.keep;

/** Hands a file to the browser to save. */
function give(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const MODEL_TYPE = 'application/octet-stream';
const fileName = (name: string) =>
  `${name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'model'}.safetensors`;

interface Told {
  readonly text: string;
  readonly wrong: boolean;
  /** A recipe that would make a refused model welcome. */
  readonly recipe: string | null;
}

function useTold() {
  const [told, setTold] = useState<Told | null>(null);
  const tell = useCallback((text: string) => setTold({ text, wrong: false, recipe: null }), []);
  const attempt = useCallback(async (work: () => Promise<void>, recipe: string | null = null) => {
    try {
      setTold(null);
      await work();
    } catch (error) {
      setTold({ text: error instanceof Error ? error.message : String(error), wrong: true, recipe });
    }
  }, []);
  return { told, tell, attempt };
}

function useLibrary(): { readonly list: readonly Checkpoint[]; readonly why: string | null } {
  const [state, setState] = useState<{ list: readonly Checkpoint[]; why: string | null }>({
    list: [],
    why: null,
  });
  useEffect(() => {
    const read = () =>
      void listCheckpoints().then(
        (list) => setState({ list, why: null }),
        (error: unknown) =>
          setState({ list: [], why: error instanceof Error ? error.message : String(error) }),
      );
    read();
    return onLibraryChange(read);
  }, []);
  return state;
}

function Automatic() {
  const id = useId();
  const [every, setEvery] = useState(autosaveEvery);
  const change = (next: number) => {
    setAutosaveEvery(next);
    setEvery(next);
  };
  return (
    <p className="automatic">
      <label>
        <input
          type="checkbox"
          checked={every > 0}
          onChange={({ currentTarget: { checked } }) => change(checked ? DEFAULT_EVERY : 0)}
        />{' '}
        {say.automatic}
      </label>
      {every > 0 && (
        <span className="counter">
          <label htmlFor={id}>{say.automaticEvery}</label>
          <input
            id={id}
            type="number"
            min={1}
            max={10000}
            value={every}
            onChange={({ currentTarget: { valueAsNumber } }) =>
              change(Number.isInteger(valueAsNumber) && valueAsNumber > 0 ? valueAsNumber : 1)
            }
          />
          {say.automaticUnit}
        </span>
      )}
    </p>
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
        <button type="button" aria-label={say.removeNamed(entry.name)} onClick={props.remove}>
          {say.remove}
        </button>
      </td>
    </tr>
  );
}

export default function KeepIt() {
  const stage = useStage();
  const { lab } = stage;
  const [of, choose] = useWhose();
  const nameOf = useNames();
  const { list, why } = useLibrary();
  const { told, tell, attempt } = useTold();
  const [name, setName] = useState('');
  const nameId = useId();
  const round = useSnapshot((snapshot) => snapshot?.round ?? 0);
  const standard = `${nameOf(of)}, ${words.model.asOf(grouped(round))}`;

  const download = (whose: Whose) =>
    attempt(async () => {
      const { bytes, round: at } = await lab.ask('export', { of: whose });
      give(fileName(`${nameOf(whose)} round ${at}`), bytes, MODEL_TYPE);
    });
  const load = (bytes: Uint8Array, recipe: string | null) =>
    attempt(async () => {
      await lab.ask('import', { bytes });
      tell(say.loaded);
    }, recipe);
  const charts = (as: 'svg' | 'png') =>
    attempt(async () => {
      const drawn = chartsAsSvg(document);
      if (drawn === null) throw new Error(say.noCharts);
      if (as === 'svg') give('charts.svg', drawn.text, 'image/svg+xml');
      else give('charts.png', await pngOf(drawn), 'image/png');
    });
  const runFiles = (file: 'run.json' | 'metrics.csv') =>
    attempt(async () => {
      const { snapshot } = lab.store.getState();
      if (snapshot === null || (file === 'metrics.csv' && lab.history.rows.length === 0)) {
        throw new Error(say.noRows);
      }
      if (file === 'metrics.csv') give(file, metricsCsv(lab.history.rows, lab.history.distances), 'text/csv');
      else
        give(file, runJson(snapshot, lab.history, navigator.userAgent, __LAB_VERSION__), 'application/json');
    });

  return (
    <div className="keep">
      <div className="keep-tools">
        <WhoseChoice label={say.whose} value={of} choose={choose} />
        <button type="button" onClick={() => void download(of)}>
          {say.download}
        </button>
        <label className="file" title={say.loadHelp}>
          {say.load}
          <input
            type="file"
            accept=".safetensors"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              event.currentTarget.value = '';
              if (file !== undefined)
                void file.arrayBuffer().then((bytes) => load(new Uint8Array(bytes), null));
            }}
          />
        </label>
      </div>
      <p className="help">{say.loadHelp}</p>
      <form
        className="keep-tools"
        onSubmit={(event) => {
          event.preventDefault();
          void attempt(async () => {
            const saved = await save(stage, of, name.trim() || standard, false);
            setName('');
            tell(say.saved(saved.name));
          });
        }}
      >
        <label htmlFor={nameId}>{say.name}</label>
        <input
          id={nameId}
          value={name}
          placeholder={standard}
          maxLength={80}
          onChange={({ currentTarget: { value } }) => setName(value)}
        />
        <button type="submit">{say.save}</button>
      </form>
      <Automatic />
      <p aria-live="polite" className={told?.wrong ? 'help wrong' : 'help'}>
        {told?.text}
        {told?.recipe != null && (
          <>
            {' '}
            <button
              type="button"
              className="plain"
              onClick={() => {
                const { recipe } = told;
                if (recipe !== null) lab.send({ kind: 'command', command: { kind: 'recipe', recipe } });
              }}
            >
              {say.useRecipe}
            </button>
          </>
        )}
      </p>
      <div className="scroll">
        <table className="library">
          <caption>{say.library}</caption>
          {list.length > 0 && (
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
            {list.map((entry) => (
              <Entry
                key={entry.id}
                entry={entry}
                load={() => void attempt(async () => load(await openCheckpoint(entry.id), entry.recipe))}
                get={() =>
                  void attempt(async () =>
                    give(fileName(entry.name), await openCheckpoint(entry.id), MODEL_TYPE),
                  )
                }
                remove={() =>
                  void attempt(async () => {
                    await deleteCheckpoint(entry.id);
                    libraryChanged();
                  })
                }
              />
            ))}
          </tbody>
        </table>
      </div>
      {list.length === 0 && <p className="help">{why ?? say.empty}</p>}
      <h3>{say.run}</h3>
      <div className="keep-tools">
        <button type="button" onClick={() => void runFiles('run.json')}>
          {say.runJson}
        </button>
        <button type="button" onClick={() => void runFiles('metrics.csv')}>
          {say.metrics}
        </button>
        <button type="button" onClick={() => void charts('svg')}>
          {say.svg}
        </button>
        <button type="button" onClick={() => void charts('png')}>
          {say.png}
        </button>
      </div>
    </div>
  );
}
