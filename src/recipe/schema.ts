/**
 * What a recipe may be: the registries and the scalars, checked in one place for the form, the URL, the
 * room, the command line and `run.json`. Any text gives a legal recipe or an `OptionError` of one line.
 */
import type { Preference } from '../algorithms/algorithm.ts';
import { ALGORITHMS } from '../algorithms/index.ts';
import { CONTROL_CODES, controlsOf } from '../algorithms/refusal.ts';
import {
  choiceOption,
  completeOptions,
  numberOption,
  OptionError,
  type OptionSchema,
  parseOption,
  textOption,
} from '../base/options.ts';
import { findEntry } from '../base/registry.ts';
import { available, shown } from '../base/wording.ts';
import { COMPRESSORS } from '../compressors/index.ts';
import { DATASETS, PARTITIONS } from '../data/index.ts';
import { parsePartition } from '../data/partition-text.ts';
import { MODELS } from '../models/index.ts';
import { CLIP } from '../optimizers/clip.ts';
import { OPTIMIZERS } from '../optimizers/index.ts';
import { SCHEDULES } from '../optimizers/schedules.ts';
import { TOPOLOGIES } from '../topology/index.ts';
import { conditionsIn } from './conditions.ts';
import type { Choice, Init, Recipe } from './recipe.ts';

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
  optimizer: OPTIMIZERS,
  schedule: SCHEDULES,
} as const satisfies Readonly<Record<string, readonly Entry[]>>;

export type Family = keyof typeof FAMILIES;
export const FAMILY_NAMES = [
  'dataset',
  'partition',
  'model',
  'algorithm',
  'compressor',
  'topology',
  'optimizer',
  'schedule',
] as const satisfies readonly Family[];

/** The settings of a recipe that belong to no entry. */
export const SCALARS = {
  lr: {
    kind: 'number',
    default: 0.1,
    min: 0,
    max: 100,
    label: 'learning rate',
    help: 'Step size of each gradient step. Too large diverges, too small learns slowly.',
  },
  clip: CLIP,
  batch: {
    kind: 'number',
    default: 32,
    min: 1,
    max: 1024,
    integer: true,
    zero: 'full',
    label: 'batch',
    help: 'Rows a worker looks at for one gradient; full takes all rows that it holds.',
  },
  init: {
    kind: 'choice',
    default: 'standard',
    choices: ['standard', 'zeros', 'spread'],
    label: 'start',
    help: 'Initial parameters: standard draws them from the seed as the model asks for, zeros are all 0. spread lets gossip start apart: every worker adds to each of the standard ones a normal number of mean 0 and deviation 0.1 of its own.',
  },
  allow: {
    kind: 'text',
    default: '',
    maxLength: 200,
    pattern: {
      expression: new RegExp(`^$|^ *(${CONTROL_CODES.join('|')}) *(, *(${CONTROL_CODES.join('|')}) *)*$`),
      words: `nothing, or one or more of ${CONTROL_CODES.join(', ')}, separated by commas`,
    },
    label: 'negative controls',
    help: 'Refusals by name that do not count, to see a method fail where the mathematics says that it does; empty for none.',
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
  compute: {
    kind: 'text',
    default: '',
    maxLength: 60,
    label: 'emulated compute',
    help: 'Time that a gradient takes, such as 20ms,jitter=10%; empty: as long as it takes.',
  },
  straggler: {
    kind: 'text',
    default: '',
    maxLength: 400,
    label: 'stragglers',
    help: 'Workers that are slower, by seat: 3:10x or 0:2x,3:10x.',
  },
  link: {
    kind: 'text',
    default: '',
    maxLength: 120,
    label: 'emulated links',
    help: 'What every link between two workers is like: bandwidth=10mbit,latency=50ms,jitter=5ms,loss=1%; per=worker shares the bandwidth among all that a worker sends.',
  },
} as const satisfies OptionSchema;

export type ScalarName = keyof typeof SCALARS;
export const SCALAR_NAMES = [
  'lr',
  'clip',
  'batch',
  'init',
  'allow',
  'seed',
  'rounds',
  'evalEvery',
  'seats',
  'compute',
  'straggler',
  'link',
] as const;

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
  optimizer: 'sgd',
  schedule: 'constant',
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function choice(family: Family, given: unknown, preferred?: Preference): Choice {
  if (given !== undefined && !isRecord(given)) {
    throw new OptionError(`${family} must have an id and options.`);
  }
  const id = given?.id ?? preferred?.id ?? DEFAULT_IDS[family];
  if (typeof id !== 'string') throw new OptionError(`${family}.id must be text.`);
  const chosen = id === preferred?.id ? preferred.options : undefined;
  const options = { ...chosen, ...optionsIn(family, given) };
  const entries: readonly Entry[] = FAMILIES[family];
  const entry = findEntry(family, entries, id);
  return { id, options: completeOptions(family, entry.options, options) };
}

function optionsIn(family: Family, given: Record<string, unknown> | undefined): Record<string, unknown> {
  const options = given?.options ?? {};
  if (!isRecord(options)) throw new OptionError(`${family}.options must be an object.`);
  return options;
}

/**
 * A complete recipe from whatever is given; the rest are defaults, or what the algorithm prefers.
 * @throws {OptionError} with one line that names what is wrong and what is allowed.
 */
export function buildRecipe(parts: unknown): Recipe {
  if (!isRecord(parts)) throw new OptionError('A recipe must be an object.');
  const known: readonly string[] = [...FAMILY_NAMES, ...SCALAR_NAMES];
  for (const name of Object.keys(parts)) {
    if (!known.includes(name)) {
      throw new OptionError(`A recipe has no ${shown(name)}; ${available(known, name)}.`);
    }
  }
  const given = Object.fromEntries(
    SCALAR_NAMES.filter((name) => parts[name] !== undefined).map((name) => [name, parts[name]]),
  );
  const scalars = completeOptions('recipe', SCALARS, given);
  const conditions = {
    compute: textOption(scalars, 'compute'),
    straggler: textOption(scalars, 'straggler'),
    link: textOption(scalars, 'link'),
  };
  conditionsIn(conditions);
  const algorithm = choice('algorithm', parts.algorithm);
  const { prefers } = findEntry('algorithm', ALGORITHMS, algorithm.id);
  return {
    dataset: choice('dataset', parts.dataset),
    partition: choice('partition', parts.partition),
    model: choice('model', parts.model),
    algorithm,
    compressor: choice('compressor', parts.compressor, prefers?.compressor),
    topology: choice('topology', parts.topology, prefers?.topology),
    optimizer: choice('optimizer', parts.optimizer),
    schedule: choice('schedule', parts.schedule),
    lr: numberOption(scalars, 'lr'),
    clip: numberOption(scalars, 'clip'),
    batch: numberOption(scalars, 'batch'),
    init: initIn(parts.init === undefined ? (prefers?.init ?? 'standard') : choiceOption(scalars, 'init')),
    allow: controlsOf(textOption(scalars, 'allow')).join(','),
    seed: numberOption(scalars, 'seed'),
    rounds: numberOption(scalars, 'rounds'),
    evalEvery: numberOption(scalars, 'evalEvery'),
    seats: numberOption(scalars, 'seats'),
    ...conditions,
  };
}

function initIn(text: string): Init {
  return text === 'zeros' || text === 'spread' ? text : 'standard';
}

export const DEFAULT_RECIPE: Recipe = buildRecipe({});

function family(name: string): Family | undefined {
  return FAMILY_NAMES.find((candidate) => candidate === name);
}

/**
 * Sets one path of the parts from text: `lr`, `algorithm` (an id), `partition` (`shards:2`), `dataset`
 * (`csv:FILE`), or `algorithm.eta`. Values are checked by `buildRecipe`, except that unknown paths throw here.
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
    throw new OptionError(`There is no setting ${shown(path)}; ${available(paths, path)}.`);
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
    const { id, first } = name === 'dataset' ? datasetIn(text) : { id: text, first: {} };
    findEntry(name, entries, id);
    // Options given before their entry is named are its; those of another entry go with it.
    const kept = current.id === undefined || current.id === id ? options : {};
    parts[name] = { id, options: { ...kept, ...first } };
  }
}

/** `csv:FILE`: what follows the colon is the value of the data set's first option. */
function datasetIn(text: string): { id: string; first: Record<string, string> } {
  const colon = text.indexOf(':');
  if (colon < 0) return { id: text, first: {} };
  const id = text.slice(0, colon);
  const [option] = Object.keys(findEntry('dataset', DATASETS, id).options);
  if (option === undefined) throw new OptionError(`dataset: ${id} takes no value; write just "${id}".`);
  return { id, first: { [option]: text.slice(colon + 1) } };
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
