/**
 * A draft: what stands in an open editor, as text, before it becomes part of the recipe. Checks with the
 * same rules as the URL and the command line. Pure; no React.
 */
import {
  allowed,
  OptionError,
  type OptionSchema,
  type OptionSpec,
  type Options,
  type OptionValue,
  optionText,
  parseOption,
} from '../../base/options.ts';
import { words } from '../words.ts';

export type DraftValues = Readonly<Record<string, string>>;

export type Parsed =
  | { readonly ok: true; readonly options: Options }
  | { readonly ok: false; readonly errors: Readonly<Record<string, string>> };

function textOfValue(spec: OptionSpec, value: OptionValue): string {
  return Array.isArray(value) ? value.join(', ') : optionText(spec, value);
}

/** The fields' text for these options; a default stands where one is missing. */
export function draftOf(schema: OptionSchema, options: Options = {}): DraftValues {
  return Object.fromEntries(
    Object.entries(schema).map(([name, spec]) => [name, textOfValue(spec, options[name] ?? spec.default)]),
  );
}

function check(name: string, spec: OptionSpec, text: string): OptionValue | OptionError {
  try {
    return parseOption(name, spec, text);
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
}

/** Options if every field is legal, else a sentence for each that is not. */
export function parseDraft(schema: OptionSchema, draft: DraftValues): Parsed {
  const options: Record<string, OptionValue> = {};
  const errors: Record<string, string> = {};
  for (const [name, spec] of Object.entries(schema)) {
    const value = check(name, spec, draft[name] ?? '');
    if (value instanceof OptionError) errors[name] = words.editor.range(allowed(spec));
    else options[name] = value;
  }
  return Object.keys(errors).length === 0 ? { ok: true, options } : { ok: false, errors };
}
