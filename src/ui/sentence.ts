/**
 * The recipe as a sentence: a list of parts, plain or pressable. The form, the summary, the alternative
 * text of the flock all read from here. Pure; no React.
 */
import type { Refusal } from '../algorithms/refusal.ts';
import type { OptionSchema, Options } from '../base/options.ts';
import { isPrivate } from '../data/private.ts';
import type { Choice, Recipe } from '../recipe/recipe.ts';
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
  /** Of algorithms: what they need, where they come from, and what a missing worker means to them. */
  readonly needs?: string;
  readonly paper?: string;
  readonly gradients?: (options: Options) => number;
  readonly lossPolicy?: 'view-change' | 'fold-into-self' | 'tolerates';
}

/** The registries and rules a recipe is chosen from; given from outside so that tests can be small. */
export interface Catalogue {
  readonly families: Readonly<Record<Family, readonly FamilyEntry[]>>;
  readonly scalars: Readonly<Record<ScalarName, OptionSchema[string]>>;
  refusal(recipe: Recipe, workers: number | null): Refusal | null;
  /** The recipe with what the mathematics has against it overruled; null if it could not run even so. */
  asControl(recipe: Recipe, workers: number | null): Recipe | null;
  /** The recipe with another choice, and the families that had to change with it. */
  withChoice(
    recipe: Recipe,
    family: Family,
    choice: Choice,
    workers: number | null,
  ): { readonly recipe: Recipe; readonly with: readonly Family[] };
  /** What all workers together send in one round, where it can be said. */
  cost(recipe: Recipe, workers: number): { readonly messages: number; readonly bytes: number } | null;
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
  const plain = (family: 'optimizer' | 'schedule') => {
    const [standard] = catalogue.families[family];
    return recipe[family].id === standard?.id && differing(standard, recipe[family].options).length === 0;
  };
  const write = (text: string) => parts.push({ text });
  const press = (text: string, name: ScalarName) => parts.push({ text, target: { scalar: name } });

  parts.push({ text: count > 0 ? say.workers(count) : say.workersUnknown, target: 'workers' });
  write(say.on);
  choose('topology');
  write(say.learn(count === 1));
  choose('dataset');
  write(say.withModel);
  choose('model');
  // Where every tab brings its own data, nothing is dealt.
  if (isPrivate(recipe.dataset.options)) write(say.undealt);
  else {
    write(say.dealt);
    choose('partition');
  }
  write(say.by);
  choose('algorithm');
  write(say.sending);
  choose('compressor');
  // What most runs leave alone is behind "more" until somebody changes it.
  if (!plain('optimizer')) {
    write(say.stepping);
    choose('optimizer');
  }
  write(say.rate);
  press(String(Number(recipe.lr.toPrecision(6))), 'lr');
  if (!plain('schedule')) {
    write(' ');
    choose('schedule');
  }
  if (recipe.clip > 0) {
    write(say.clipped);
    press(String(recipe.clip), 'clip');
  }
  write(say.batch);
  press(recipe.batch === 0 ? say.allRows : String(recipe.batch), 'batch');
  if (recipe.init !== 'standard') {
    write(say.from);
    press(say[recipe.init], 'init');
  }
  if (recipe.allow !== '') {
    write(say.control);
    press(recipe.allow.replaceAll(',', ', '), 'allow');
  }
  write(say.seed);
  // A seed is a name, not a measurement: never rounded.
  press(String(recipe.seed), 'seed');
  write(say.end);
  return parts;
}

/** Whether its workers take gradients, and have a training loss; not those that only come to agree. */
export function learns({ algorithm: { id, options } }: Recipe, { families }: Catalogue): boolean {
  return families.algorithm.find((entry) => entry.id === id)?.gradients?.(options) !== 0;
}

/** The sentence as plain text. */
export function textOf(parts: readonly Part[]): string {
  return parts.map((part) => part.text).join('');
}
