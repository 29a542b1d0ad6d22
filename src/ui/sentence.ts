/**
 * The recipe as a sentence: a list of parts, plain or pressable. The form, the summary, the alternative
 * text of the flock all read from here. Pure; no React.
 */
import type { OptionSchema, Options } from '../base/options.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { Family, ScalarName } from '../recipe/schema.ts';
import { PHRASES, type Phrase, words } from './words.ts';

/** What a pressable part of the sentence changes. */
export type Target = { readonly family: Family } | { readonly scalar: ScalarName } | 'workers' | 'more';

export interface Part {
  readonly text: string;
  readonly target?: Target;
}

/** What the page needs to know of a registry's entry. */
export interface FamilyEntry {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly options: OptionSchema;
}

/** The registries and rules a recipe is chosen from; given from outside so that tests can be small. */
export interface Catalogue {
  readonly families: Readonly<Record<Family, readonly FamilyEntry[]>>;
  readonly scalars: Readonly<Record<ScalarName, OptionSchema[string]>>;
  refusal(recipe: Recipe): string | null;
}

function differing(entry: FamilyEntry, options: Options): string[] {
  return Object.entries(options)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(entry.options[name]?.default))
    .map(([name, value]) => `${entry.options[name]?.label ?? name} ${String(value)}`);
}

/** How a chosen entry reads in the sentence. */
export function phraseOf(family: Family, recipe: Recipe, catalogue: Catalogue): Phrase {
  const { id, options } = recipe[family];
  const known = PHRASES[`${family}:${id}`];
  if (known !== undefined) return known(options, recipe.algorithm.id);
  const entry = catalogue.families[family].find((candidate) => candidate.id === id);
  if (entry === undefined) return { bold: id };
  const extra = differing(entry, options);
  return { bold: extra.length === 0 ? entry.label : `${entry.label} (${extra.join(', ')})` };
}

/** The sentence for a recipe and the number of workers present (0: not known yet). */
export function sentenceOf(recipe: Recipe, workers: number, catalogue: Catalogue): readonly Part[] {
  const count = recipe.seats > 0 ? recipe.seats : workers;
  const say = words.sentence;
  const parts: Part[] = [];
  const choose = (family: Family) => {
    const { bold, tail } = phraseOf(family, recipe, catalogue);
    parts.push({ text: bold, target: { family } });
    if (tail !== undefined) parts.push({ text: tail });
  };
  const write = (text: string) => parts.push({ text });
  const scalar = (name: ScalarName) =>
    parts.push({ text: String(Number(recipe[name].toPrecision(6))), target: { scalar: name } });

  parts.push({ text: count > 0 ? say.workers(count) : say.workersUnknown, target: 'workers' });
  write(say.on);
  choose('topology');
  write(say.learn(count === 1));
  choose('dataset');
  write(say.withModel);
  choose('model');
  write(say.dealt);
  choose('partition');
  write(say.by);
  choose('algorithm');
  write(say.sending);
  choose('compressor');
  write(say.rate);
  scalar('lr');
  write(say.batch);
  scalar('batch');
  write(say.seed);
  // A seed is a name, not a measurement: never rounded.
  parts.push({ text: String(recipe.seed), target: { scalar: 'seed' } });
  write(say.end);
  return parts;
}

/** The sentence as plain text. */
export function textOf(parts: readonly Part[]): string {
  return parts.map((part) => part.text).join('');
}
