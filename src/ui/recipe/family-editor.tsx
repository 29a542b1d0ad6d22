/**
 * Chooses an entry of one family (an algorithm, a compressor, ...) and its options. Entries that cannot
 * run with the rest of the recipe stay visible, greyed, with the reason; where only the mathematics is against
 * them, they can be chosen and run as a negative control.
 */
import { useId, useState } from 'react';
import type { Refusal } from '../../algorithms/refusal.ts';
import { completeOptions } from '../../base/options.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { Family } from '../../recipe/schema.ts';
import { useSnapshot, useStage } from '../context.ts';
import { OwnDataButton } from '../data/data-door.tsx';
import { bytes } from '../format.ts';
import type { Catalogue, FamilyEntry } from '../sentence.ts';
import { words } from '../words.ts';
import { type DraftValues, draftOf, parseDraft } from './draft.ts';
import { EditorForm } from './editor-form.tsx';
import { Fields } from './fields.tsx';

interface Props {
  readonly family: Family;
  readonly recipe: Recipe;
  onApply(recipe: Recipe): void;
}

/** Why this entry, with its defaults, cannot stand in this recipe; null if it can. */
function reasonAgainst(
  entry: FamilyEntry,
  family: Family,
  recipe: Recipe,
  workers: number | null,
  { refusal, withChoice }: Catalogue,
): Refusal | null {
  if (entry.id === recipe[family].id) return null;
  // What is yet to be written cannot speak against it: whoever chooses the entry is told then.
  if (Object.values(entry.options).some(({ kind }) => kind === 'text')) return null;
  const choice = { id: entry.id, options: completeOptions(family, entry.options) };
  return refusal(withChoice(recipe, family, choice, workers).recipe, workers);
}

/** What else there is to say of an algorithm: needs, loss policy, cost of a round, paper. */
function factsOf(
  entry: FamilyEntry,
  recipe: Recipe,
  workers: number | null,
  { cost, withChoice, refusal }: Catalogue,
): readonly string[] {
  const { needs, paper, lossPolicy } = entry;
  if (needs === undefined || paper === undefined || lossPolicy === undefined) return [];
  const facts = [words.editor.needs(needs), words.editor.lossPolicy[lossPolicy]];
  if (workers !== null && workers > 1) {
    const options =
      entry.id === recipe.algorithm.id
        ? recipe.algorithm.options
        : completeOptions('algorithm', entry.options);
    const next = withChoice(recipe, 'algorithm', { id: entry.id, options }, workers).recipe;
    const each = refusal(next, workers) === null ? cost(next, workers) : null;
    if (each !== null) facts.push(words.editor.cost(bytes(each.bytes), each.messages, workers));
  }
  return [...facts, paper];
}

export function FamilyEditor({ family, recipe, onApply }: Props) {
  const { catalogue } = useStage();
  const entries = catalogue.families[family];
  const [id, setId] = useState(recipe[family].id);
  const entry = entries.find((candidate) => candidate.id === id);
  const [draft, setDraft] = useState<DraftValues>(() =>
    entry === undefined ? {} : draftOf(entry.options, recipe[family].options),
  );
  const group = useId();
  const parsed = entry === undefined ? null : parseDraft(entry.options, draft);
  const present = useSnapshot(
    (snapshot) => snapshot?.workers.filter(({ health }) => health !== 'gone').length,
  );
  const workers = present === undefined || present === 0 ? null : present;
  const adapted =
    parsed?.ok === true
      ? catalogue.withChoice(recipe, family, { id, options: parsed.options }, workers)
      : null;
  const next = adapted?.recipe ?? null;
  const refused = next === null ? null : catalogue.refusal(next, workers);
  const control = refused?.kind === 'unsound' && next !== null ? catalogue.asControl(next, workers) : null;
  const objection = `${refused?.why ?? ''} ${words.editor.asControlHelp}`;
  const changed = next !== null && JSON.stringify(next[family]) !== JSON.stringify(recipe[family]);
  const along = (adapted?.with ?? []).map((name) => [words.family[name], next?.[name].id ?? ''] as const);
  const restarts = along.length === 0 ? words.editor.restarts : words.editor.restartsWith(along);

  return (
    <EditorForm
      ready={changed && refused === null}
      message={control === null ? (refused?.why ?? (changed ? restarts : null)) : objection}
      onControl={control === null ? undefined : () => onApply(control)}
      onSubmit={() => {
        if (next !== null && changed && refused === null) onApply(next);
      }}
    >
      {family === 'dataset' && <OwnDataButton />}
      <fieldset className="choices">
        <legend>{words.family[family]}</legend>
        {entries.map((candidate) => {
          const reason = reasonAgainst(candidate, family, recipe, workers, catalogue);
          return (
            <label key={candidate.id} className={reason === null ? 'choice' : 'choice impossible'}>
              <input
                type="radio"
                name={group}
                value={candidate.id}
                checked={candidate.id === id}
                disabled={reason?.kind === 'impossible'}
                onChange={() => {
                  setId(candidate.id);
                  setDraft(
                    draftOf(
                      candidate.options,
                      candidate.id === recipe[family].id ? recipe[family].options : {},
                    ),
                  );
                }}
              />
              <span>
                <b>{candidate.label}</b>
                <small>{reason?.why ?? candidate.description}</small>
                {candidate.id === id &&
                  factsOf(candidate, recipe, workers, catalogue).map((fact) => (
                    <small key={fact} className="fact">
                      {fact}
                    </small>
                  ))}
              </span>
            </label>
          );
        })}
      </fieldset>
      {entry !== undefined && (
        <Fields
          schema={entry.options}
          draft={draft}
          errors={parsed?.ok === false ? parsed.errors : {}}
          onChange={setDraft}
        />
      )}
    </EditorForm>
  );
}
