/**
 * Chooses an entry of one family (an algorithm, a compressor, ...) and its options. Entries that cannot
 * run with the rest of the recipe stay visible, greyed, with the reason.
 */
import { useId, useState } from 'react';
import { completeOptions } from '../../base/options.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { Family } from '../../recipe/schema.ts';
import { useStage } from '../context.ts';
import type { FamilyEntry } from '../sentence.ts';
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
  refusal: (recipe: Recipe) => string | null,
): string | null {
  if (entry.id === recipe[family].id) return null;
  return refusal({ ...recipe, [family]: { id: entry.id, options: completeOptions(family, entry.options) } });
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
  const next = parsed?.ok ? { ...recipe, [family]: { id, options: parsed.options } } : null;
  const refused = next === null ? null : catalogue.refusal(next);
  const changed = next !== null && JSON.stringify(next[family]) !== JSON.stringify(recipe[family]);

  return (
    <EditorForm
      ready={changed && refused === null}
      message={refused ?? (changed ? words.editor.restarts : null)}
      onSubmit={() => {
        if (next !== null && changed && refused === null) onApply(next);
      }}
    >
      <fieldset className="choices">
        <legend>{words.family[family]}</legend>
        {entries.map((candidate) => {
          const reason = reasonAgainst(candidate, family, recipe, catalogue.refusal);
          return (
            <label key={candidate.id} className={reason === null ? 'choice' : 'choice impossible'}>
              <input
                type="radio"
                name={group}
                value={candidate.id}
                checked={candidate.id === id}
                disabled={reason !== null}
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
                <small>{reason ?? candidate.description}</small>
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
