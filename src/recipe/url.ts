/**
 * The recipe and the local settings in a URL, so that a link reproduces a run. What equals the default is
 * left out; what is not understood is reported, never fatal. The room is in the fragment (`#room=…`).
 */
import {
  OptionError,
  type OptionSchema,
  type OptionValue,
  optionText,
  parseOption,
} from '../base/options.ts';
import { partitionText } from '../data/partition-text.ts';
import type { Choice, LocalSettings, Recipe } from './recipe.ts';
import {
  buildRecipe,
  DEFAULT_RECIPE,
  FAMILIES,
  FAMILY_NAMES,
  type Family,
  type RecipeParts,
  SCALAR_NAMES,
  SCALARS,
  setPath,
} from './schema.ts';

/** Most virtual workers one tab hosts. */
export const MAX_WORKERS = 32;

export const DEFAULT_LOCAL: LocalSettings = { workers: 1, backend: 'auto', transport: 'auto', name: '' };

const LOCAL = {
  workers: {
    kind: 'number',
    default: 1,
    min: 1,
    max: MAX_WORKERS,
    integer: true,
    label: 'workers in this tab',
    help: 'Virtual workers that this tab hosts.',
  },
  backend: {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'webgpu', 'cpu'],
    label: 'backend',
    help: 'What computes: WebGPU where there is one (auto), or the processor.',
  },
  transport: {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'webrtc', 'broadcast', 'memory'],
    label: 'transport',
    help: 'How tabs talk: WebRTC, the tabs of this browser only (broadcast), or not at all (memory).',
  },
} as const satisfies OptionSchema;

const NAME_LENGTH = 24;

function same(a: OptionValue | undefined, b: OptionValue | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Writes what differs from `standard`, which is what a recipe with the same algorithm has by itself. */
function writeChoice(query: URLSearchParams, name: Family, choice: Choice, standard: Choice): void {
  if (name === 'partition') {
    const text = partitionText(choice);
    if (text !== partitionText(standard)) query.set(name, text);
    return;
  }
  if (choice.id !== standard.id) query.set(name, choice.id);
  const entry = FAMILIES[name].find((candidate) => candidate.id === choice.id);
  for (const [option, value] of Object.entries(choice.options)) {
    const silent = choice.id === standard.id ? standard.options[option] : entry?.options[option]?.default;
    if (!same(value, silent)) {
      query.set(`${name}.${option}`, optionText(entry?.options[option], value));
    }
  }
}

/** Query (and fragment, if a room is named) for this recipe and these settings; '' for all defaults. */
export function urlOf(recipe: Recipe, local: LocalSettings = DEFAULT_LOCAL, room?: string): string {
  const query = new URLSearchParams();
  const standard = buildRecipe({ algorithm: recipe.algorithm });
  for (const name of FAMILY_NAMES) {
    writeChoice(query, name, recipe[name], name === 'algorithm' ? DEFAULT_RECIPE.algorithm : standard[name]);
  }
  for (const name of SCALAR_NAMES) {
    if (recipe[name] !== standard[name]) query.set(name, optionText(SCALARS[name], recipe[name]));
  }
  if (local.workers !== DEFAULT_LOCAL.workers) query.set('workers', String(local.workers));
  if (local.backend !== DEFAULT_LOCAL.backend) query.set('backend', local.backend);
  if (local.transport !== DEFAULT_LOCAL.transport) query.set('transport', local.transport);
  if (local.name !== '') query.set('name', local.name);
  const text = query.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  return `${text === '' ? '' : `?${text}`}${room === undefined ? '' : `#room=${encodeURIComponent(room)}`}`;
}

export interface FromUrl {
  readonly recipe: Recipe;
  readonly local: LocalSettings;
  /** Room code of the fragment, or null. */
  readonly room: string | null;
  /** One clear line for each part that was not understood; those parts are left at their defaults. */
  readonly errors: readonly string[];
}

function readLocal(query: URLSearchParams, attempt: (action: () => void) => void): LocalSettings {
  let local = DEFAULT_LOCAL;
  attempt(() => {
    const text = query.get('workers');
    const value = text === null ? 1 : parseOption('workers', LOCAL.workers, text);
    if (typeof value === 'number') local = { ...local, workers: value };
  });
  attempt(() => {
    const value = parseOption('backend', LOCAL.backend, query.get('backend') ?? 'auto');
    if (value === 'webgpu' || value === 'cpu') local = { ...local, backend: value };
  });
  attempt(() => {
    const value = parseOption('transport', LOCAL.transport, query.get('transport') ?? 'auto');
    if (value === 'webrtc' || value === 'broadcast' || value === 'memory') {
      local = { ...local, transport: value };
    }
  });
  return { ...local, name: (query.get('name') ?? '').slice(0, NAME_LENGTH) };
}

/** Query parameters that belong to the page alone. */
const PAGE_PARAMETERS = ['view', 'theme'];

/** Reads recipe, local settings and room from an address; never throws. */
export function recipeFromUrl(url: URL): FromUrl {
  const errors: string[] = [];
  const attempt = (action: () => void) => {
    try {
      action();
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      errors.push(error.message);
    }
  };
  const local = readLocal(url.searchParams, attempt);
  const reserved = [...Object.keys(LOCAL), 'name', ...PAGE_PARAMETERS];
  // Entries before their options, so that an option is checked against the entry the address names.
  const pairs = [...url.searchParams].filter(([name]) => !reserved.includes(name));
  pairs.sort(([a], [b]) => Number(a.includes('.')) - Number(b.includes('.')));
  let parts: RecipeParts = {};
  for (const [name, text] of pairs) {
    attempt(() => {
      const next = { ...parts };
      setPath(next, name, text);
      buildRecipe(next);
      parts = next;
    });
  }
  const room = new URLSearchParams(url.hash.replace(/^#/, '')).get('room');
  return { recipe: buildRecipe(parts), local, room: room === '' ? null : room, errors };
}
