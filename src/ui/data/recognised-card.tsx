/**
 * What a file turned out to be, with the choices it leaves, and the button that makes the room use it.
 * Every choice is read anew by the session, so what is shown is what will be trained on.
 */
import { type ReactNode, useId, useState } from 'react';
import type { OptionValue } from '../../base/options.ts';
import type { Recognised } from '../../data/files-recognise.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { useRecipe, useSnapshot, useStage } from '../context.ts';
import { grouped, three } from '../format.ts';
import { words } from '../words.ts';
import { Columns, columnList } from './columns.tsx';

/** What follows from the file, and is found out again when a choice changes. */
const FOUND = ['columns', 'classes', 'characters', 'height', 'width'];
const SIDES = [16, 28, 32, 48, 64];

const kindOf = (id: string): string =>
  id in words.data.kinds ? words.data.kinds[id as keyof typeof words.data.kinds] : id;

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="number">{children}</dd>
    </div>
  );
}

function Facts({ recognised }: { readonly recognised: Recognised }) {
  const { rows, testRows, width, classes, range, image } = recognised;
  const say = words.data;
  return (
    <dl className="facts">
      <Fact name={say.rows}>
        {testRows === 0
          ? say.rowsAll(grouped(rows))
          : say.rowsOf(grouped(rows - testRows), grouped(testRows))}
      </Fact>
      {image === null ? (
        <Fact name={say.features}>{grouped(width)}</Fact>
      ) : (
        <Fact name={say.image}>{say.imageSize(image.width, image.height, image.channels)}</Fact>
      )}
      {range !== null && <Fact name={say.range}>{say.rangeOf(three(range[0]), three(range[1]))}</Fact>}
      {classes.length > 0 && (
        <Fact name={say.classes(classes.length)}>
          <ul className="data-classes">
            {classes.slice(0, 60).map(({ name, rows: count }) => (
              <li key={name}>
                {name} <small>{grouped(count)}</small>
              </li>
            ))}
            {classes.length > 60 && <li>…</li>}
          </ul>
        </Fact>
      )}
    </dl>
  );
}

function Choice({
  label,
  value,
  choices,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly (readonly [value: string, label: string])[];
  onChange(value: string): void;
}) {
  const id = useId();
  const known = choices.some(([each]) => each === value);
  return (
    <p className="data-choice">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        {!known && <option value={value}>{value}</option>}
        {choices.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </p>
  );
}

function Check({
  label,
  checked,
  onChange,
}: {
  readonly label: string;
  readonly checked: boolean;
  onChange(checked: boolean): void;
}) {
  return (
    <label className="data-check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      <span>{label}</span>
    </label>
  );
}

interface Props {
  readonly recognised: Recognised;
  readonly own: string | null;
  readonly busy: boolean;
  onUsed(): void;
}

export function RecognisedCard({ recognised, own, busy, onUsed }: Props) {
  const { lab, catalogue } = useStage();
  const recipe = useRecipe();
  const present = useSnapshot(
    (snapshot) => snapshot?.workers.filter(({ health }) => health !== 'gone').length ?? 0,
  );
  const [apart, setApart] = useState(false);
  const { name, id, options } = recognised;
  const say = words.data;
  const workers = present === 0 ? null : present;

  const readAgain = (changes: Readonly<Record<string, OptionValue>>, as = id) => {
    const kept = Object.entries(options).filter(([option]) => as === id && !FOUND.includes(option));
    const columns = as === 'csv' && id === 'csv' ? { columns: columnList(recognised, changes.target) } : {};
    const chosen = { ...Object.fromEntries(kept), ...columns, ...changes };
    lab.send({ kind: 'files', ask: { do: 'recognise', name, as: { id: as, options: chosen } } });
  };
  const choice = { id, options: { ...options, private: apart } };
  const next = catalogue.withChoice(recipe, 'dataset', choice, workers).recipe;
  const refused = catalogue.refusal(next, workers)?.why ?? null;
  const inUse = JSON.stringify(recipe.dataset) === JSON.stringify(choice) && (!apart || own === name);
  const wanted = wantsOwn(recipe, id);

  const use = (to: Recipe | null) => {
    if (to === null || apart) lab.send({ kind: 'files', ask: { do: 'own', name, rejoin: to === null } });
    if (to !== null) {
      lab.send({ kind: 'command', command: { kind: 'recipe', recipe: JSON.stringify(to) } });
      onUsed();
    }
    // Who takes part begins anew, which closes this; a file that does not fit is told here.
  };

  return (
    <section className="data-card" aria-label={say.recognised(name, kindOf(id))}>
      <h3>{say.recognised(name, kindOf(id))}</h3>
      <Facts recognised={recognised} />
      {(id === 'csv' || id === 'text') && (
        <Choice
          label={say.readAs}
          value={id}
          choices={[
            ['csv', say.kinds.csv],
            ['text', say.kinds.text],
          ]}
          onChange={(as) => readAgain({}, as)}
        />
      )}
      {id === 'csv' && (
        <Choice
          label={say.targetLabel}
          value={String(options.target)}
          choices={recognised.columns.map((column) => [column.name, column.name])}
          onChange={(target) => readAgain({ target })}
        />
      )}
      {id === 'images' && (
        <>
          <Choice
            label={say.sizeLabel}
            value={String(options.size)}
            choices={SIDES.map((side) => [String(side), say.sizeOf(side)])}
            onChange={(size) => readAgain({ size: Number(size), classes: options.classes ?? '' })}
          />
          <Choice
            label={say.colourLabel}
            value={String(options.colour)}
            choices={Object.entries(say.colours)}
            onChange={(colour) => readAgain({ colour, classes: options.classes ?? '' })}
          />
        </>
      )}
      {options.test !== undefined && (
        <Choice
          label={say.testLabel}
          value={String(options.test)}
          choices={Object.entries(say.testChoices)}
          onChange={(test) => readAgain({ test: Number(test) })}
        />
      )}
      {id === 'csv' && (
        <Check
          label={say.standardise}
          checked={options.standardise === true}
          onChange={(standardise) => readAgain({ standardise })}
        />
      )}
      <Check label={say.private} checked={apart} onChange={setApart} />
      <Columns
        recognised={recognised}
        busy={busy}
        choose={(column, used) => readAgain({ columns: columnList(recognised, undefined, { column, used }) })}
      />
      <div className="editor-end">
        <button
          type="button"
          className="primary"
          disabled={busy || inUse || refused !== null}
          onClick={() => use(next)}
        >
          {say.useIt}
        </button>
        {wanted && own !== name && (
          <button type="button" disabled={busy} onClick={() => use(null)}>
            {say.takePart}
          </button>
        )}
        <output className="help">
          {refused ??
            (inUse
              ? say.inUse
              : wanted && own !== name
                ? say.takePartHint
                : apart
                  ? say.privateHint
                  : say.useHint)}
        </output>
      </div>
    </section>
  );
}

/** Whether the room wants of each tab a file of this kind. */
const wantsOwn = ({ dataset }: Recipe, id: string) => dataset.id === id && dataset.options.private === true;
