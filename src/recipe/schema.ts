/**
 * What a recipe may be: the registries and the scalars, checked in one place for the form, the URL, the
 * room, the command line and `run.json`. Any text gives a legal recipe or an `OptionError` of one line.
 */
import type { Configuration } from '../algorithms/algorithm.ts';
import { ALGORITHMS } from '../algorithms/index.ts';
import {
  completeOptions,
  numberOption,
  OptionError,
  type OptionSchema,
  parseOption,
} from '../base/options.ts';
import { findEntry } from '../base/registry.ts';
import { COMPRESSORS } from '../compressors/index.ts';
import { DATASETS, PARTITIONS } from '../data/index.ts';
import { parsePartition } from '../data/partition-text.ts';
import { MODELS } from '../models/index.ts';
import { TOPOLOGIES } from '../topology/index.ts';
import type { Choice, Recipe } from './recipe.ts';

interface Entry {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly options: OptionSchema;
}

/** The families a recipe chooses from, in the order of the sentence. */
export const FAMILIES = {
  dataset: DATASETS,
  partition: PARTITIONS,
  model: MODELS,
  algorithm: ALGORITHMS,
  compressor: COMPRESSORS,
  topology: TOPOLOGIES,
} as const satisfies Readonly<Record<string, readonly Entry[]>>;

export type Family = keyof typeof FAMILIES;
export const FAMILY_NAMES = [
  'dataset',
  'partition',
  'model',
  'algorithm',
  'compressor',
  'topology',
] as const satisfies readonly Family[];

/** The numbers of a recipe that belong to no entry. */
export const SCALARS = {
  lr: {
    kind: 'number',
    default: 0.1,
    min: 0,
    max: 100,
    label: 'learning rate',
    help: 'Step size of each gradient step. Too large diverges, too small learns slowly.',
  },
  batch: {
    kind: 'number',
    default: 32,
    min: 1,
    max: 1024,
    integer: true,
    label: 'batch',
    help: 'Rows a worker looks at for one gradient.',
  },
  seed: {
    kind: 'number',
    default: 1,
    min: 0,
    max: 4294967295,
    integer: true,
    label: 'seed',
    help: 'Decides the split, the partition, the initial parameters and every batch.',
  },
  rounds: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 10000000,
    integer: true,
    label: 'rounds',
    help: 'Rounds until the run ends by itself; 0 goes on until you pause.',
  },
  evalEvery: {
    kind: 'number',
    default: 10,
    min: 1,
    max: 100000,
    integer: true,
    label: 'evaluate every',
    help: 'Rounds between two measurements on the test data and of consensus.',
  },
  seats: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 256,
    integer: true,
    label: 'seats',
    help: 'Number of workers to deal the data over; 0 deals it over whoever is present at the start.',
  },
} as const satisfies OptionSchema;

export type ScalarName = keyof typeof SCALARS;
export const SCALAR_NAMES = ['lr', 'batch', 'seed', 'rounds', 'evalEvery', 'seats'] as const;

/** Parts of a recipe as they come from text: anything may be missing. */
export interface RecipeParts {
  [family: string]: unknown;
}

const DEFAULT_IDS: Readonly<Record<Family, string>> = {
  dataset: 'digits',
  partition: 'iid',
  model: 'mlp',
  algorithm: 'd-psgd',
  compressor: 'none',
  topology: 'ring',
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function choice(family: Family, given: unknown): Choice {
  if (given !== undefined && !isRecord(given)) {
    throw new OptionError(`${family} must have an id and options.`);
  }
  const id = given?.id ?? DEFAULT_IDS[family];
  if (typeof id !== 'string') throw new OptionError(`${family}.id must be text.`);
  const options = given?.options ?? {};
  if (!isRecord(options)) throw new OptionError(`${family}.options must be an object.`);
  const entries: readonly Entry[] = FAMILIES[family];
  const entry = findEntry(family, entries, id);
  return { id, options: completeOptions(family, entry.options, options) };
}

/**
 * A complete recipe from whatever is given; the rest are defaults.
 * @throws {OptionError} with one line that names what is wrong and what is allowed.
 */
export function buildRecipe(parts: unknown): Recipe {
  if (!isRecord(parts)) throw new OptionError('A recipe must be an object.');
  const known: readonly string[] = [...FAMILY_NAMES, ...SCALAR_NAMES];
  for (const name of Object.keys(parts)) {
    if (!known.includes(name)) {
      throw new OptionError(`A recipe has no "${name}"; it has ${known.join(', ')}.`);
    }
  }
  const given = Object.fromEntries(
    SCALAR_NAMES.filter((name) => parts[name] !== undefined).map((name) => [name, parts[name]]),
  );
  const scalars = completeOptions('recipe', SCALARS, given);
  return {
    dataset: choice('dataset', parts.dataset),
    partition: choice('partition', parts.partition),
    model: choice('model', parts.model),
    algorithm: choice('algorithm', parts.algorithm),
    compressor: choice('compressor', parts.compressor),
    topology: choice('topology', parts.topology),
    lr: numberOption(scalars, 'lr'),
    batch: numberOption(scalars, 'batch'),
    seed: numberOption(scalars, 'seed'),
    rounds: numberOption(scalars, 'rounds'),
    evalEvery: numberOption(scalars, 'evalEvery'),
    seats: numberOption(scalars, 'seats'),
  };
}

export const DEFAULT_RECIPE: Recipe = buildRecipe({});

function family(name: string): Family | undefined {
  return FAMILY_NAMES.find((candidate) => candidate === name);
}

/**
 * Sets one path of the parts from text: `lr`, `algorithm` (an id), `partition` (`shards:2`), or
 * `algorithm.eta`. Values are checked by `buildRecipe`, except that unknown paths throw here.
 * @throws {OptionError}
 */
export function setPath(parts: RecipeParts, path: string, text: string): void {
  const [head = '', option, ...rest] = path.split('.');
  const scalar = SCALAR_NAMES.find((name) => name === head);
  if (scalar !== undefined && option === undefined) {
    parts[scalar] = parseOption(scalar, SCALARS[scalar], text);
    return;
  }
  const name = family(head);
  if (name === undefined || rest.length > 0) {
    const paths = [...SCALAR_NAMES, ...FAMILY_NAMES, ...FAMILY_NAMES.map((each) => `${each}.OPTION`)];
    throw new OptionError(`There is no setting "${path}"; there are ${paths.join(', ')}.`);
  }
  const before = parts[name];
  const current = isRecord(before) ? before : {};
  const options = isRecord(current.options) ? current.options : {};
  if (option !== undefined) {
    parts[name] = { ...current, options: { ...options, [option]: text } };
  } else if (name === 'partition') {
    parts[name] = parsePartition(text);
  } else {
    const entries: readonly Entry[] = FAMILIES[name];
    findEntry(name, entries, text);
    // Options given before their entry is named are its; those of another entry go with it.
    const kept = current.id === undefined || current.id === text ? options : {};
    parts[name] = { id: text, options: kept };
  }
}

/** Why this recipe cannot run, in a sentence that says what to choose instead; null if it can. */
export function refusal(recipe: Recipe): string | null {
  return algorithmOf(recipe).refuses(configurationOf(recipe));
}

/** Why this recipe, though legal, is likely to disappoint, and what to choose instead; or null. */
export function caution(recipe: Recipe): string | null {
  return algorithmOf(recipe).caution?.(configurationOf(recipe)) ?? null;
}

const algorithmOf = (recipe: Recipe) => findEntry('algorithm', ALGORITHMS, recipe.algorithm.id);

function configurationOf(recipe: Recipe): Configuration {
  const compressor = findEntry('compressor', COMPRESSORS, recipe.compressor.id);
  return {
    options: recipe.algorithm.options,
    compressor: compressor.id,
    compressorClass: compressor.class,
    compressorOptions: recipe.compressor.options,
    topology: recipe.topology.id,
  };
}

const parsed = new Map<string, Recipe>();
const MAX_PARSED = 16;

/**
 * A recipe from text of unknown origin (a peer, a file). The same text gives the same object.
 * @throws {OptionError}
 */
export function parseRecipe(text: string): Recipe {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new OptionError('The recipe is not JSON.');
  }
  const recipe = buildRecipe(value);
  for (const oldest of parsed.keys()) {
    if (parsed.size < MAX_PARSED) break;
    parsed.delete(oldest);
  }
  parsed.set(text, recipe);
  return recipe;
}

/** What may change in the middle of a run. */
const LIVE: readonly (keyof Recipe)[] = ['lr', 'rounds', 'evalEvery'];

/** Whether a run of `a` can go on as `b`: they differ in learning rate, end or evaluations at most. */
export function sameRun(a: Recipe, b: Recipe): boolean {
  const fixed = (recipe: Recipe) =>
    JSON.stringify(Object.entries(recipe).filter(([name]) => !LIVE.some((live) => live === name)));
  return fixed(a) === fixed(b);
}
