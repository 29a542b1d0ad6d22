/** Changes numbers of the recipe that belong to no entry: learning rate, batch, seed, rounds, seats. */
import { useState } from 'react';
import type { OptionSchema } from '../../base/options.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { ScalarName } from '../../recipe/schema.ts';
import { useStage } from '../context.ts';
import { words } from '../words.ts';
import { draftOf, parseDraft } from './draft.ts';
import { EditorForm } from './editor-form.tsx';
import { Fields } from './fields.tsx';

interface Props {
  readonly names: readonly ScalarName[];
  readonly recipe: Recipe;
  onApply(recipe: Recipe): void;
}

export function ScalarsEditor({ names, recipe, onApply }: Props) {
  const { catalogue } = useStage();
  const schema: OptionSchema = Object.fromEntries(names.map((name) => [name, catalogue.scalars[name]]));
  const given = Object.fromEntries(names.map((name) => [name, recipe[name]]));
  const [draft, setDraft] = useState(() => draftOf(schema, given));
  const parsed = parseDraft(schema, draft);
  const changed = parsed.ok && names.some((name) => parsed.options[name] !== recipe[name]);
  return (
    <EditorForm
      ready={changed}
      message={changed ? words.editor.restarts : null}
      onSubmit={() => {
        if (parsed.ok && changed) onApply({ ...recipe, ...parsed.options });
      }}
    >
      <Fields schema={schema} draft={draft} errors={parsed.ok ? {} : parsed.errors} onChange={setDraft} />
    </EditorForm>
  );
}
