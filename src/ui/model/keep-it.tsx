/**
 * Take the model and the run elsewhere: files, and a library in this browser. Loading a model makes the
 * whole room begin again from it, which is said where it is done.
 */
import { useCallback, useId, useState } from 'react';
import { metricsCsv } from '../../session/metrics-csv.ts';
import type { Whose } from '../../session/models-questions.ts';
import { useRecipe, useSnapshot, useStage } from '../context.ts';
import { grouped } from '../format.ts';
import { words } from '../words.ts';
import { chartsAsSvg, pngOf } from './chart-files.ts';
import { shapeOf, useNames } from './data.ts';
import { fileName, give, MODEL_TYPE } from './give.ts';
import { autosaveEvery, DEFAULT_EVERY, save, setAutosaveEvery } from './keeper.ts';
import { SavedModels } from './library.tsx';
import { runJson } from './run-file.ts';
import { useWhose, WhoseChoice } from './write.tsx';

const say = words.model.keep;
const BUILD = { version: __LAB_VERSION__, built: __LAB_BUILT__, source: __LAB_SOURCE__ };

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

export default function KeepIt() {
  const stage = useStage();
  const { lab } = stage;
  const [of, choose] = useWhose();
  const nameOf = useNames();
  const recipe = useRecipe();
  const writes = shapeOf(recipe)?.tokens === true;
  const { told, tell, attempt } = useTold();
  const [name, setName] = useState('');
  const nameId = useId();
  const round = useSnapshot((snapshot) => snapshot?.round ?? 0);
  const standard = `${nameOf(of)}, ${words.model.asOf(grouped(round))}`;

  const download = (whose: Whose, as: 'safetensors' | 'onnx') =>
    attempt(async () => {
      const { bytes, round: at } = await lab.ask('export', { of: whose, as });
      give(fileName(`${nameOf(whose)} round ${at}`, as), bytes, MODEL_TYPE);
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
      if (file === 'metrics.csv')
        give(file, metricsCsv(lab.history.rows, lab.history.distances, lab.history.figures), 'text/csv');
      else give(file, runJson(snapshot, lab.history, navigator.userAgent, BUILD), 'application/json');
    });

  return (
    <div className="keep">
      <div className="keep-tools">
        <WhoseChoice label={say.whose} value={of} choose={choose} />
        <button type="button" onClick={() => void download(of, 'safetensors')}>
          {say.download}
        </button>
        <button
          type="button"
          disabled={writes}
          title={writes ? say.noOnnx : say.onnxHelp}
          onClick={() => void download(of, 'onnx')}
        >
          {say.onnx}
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
      <p className="help">
        {say.loadHelp} {writes ? say.noOnnx : say.onnxHelp}
      </p>
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
      <SavedModels attempt={attempt} load={(bytes, from) => void load(bytes, from)} />
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
