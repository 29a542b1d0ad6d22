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
  /** One clear line for each part that was not understood; those parts are left at their defaults. */
  readonly errors: readonly string[];
}

/** What only the page looks at (`ui/mount.tsx`), checked here so that nothing in an address is dropped unsaid. */
const PAGE = {
  theme: {
    kind: 'choice',
    default: 'system',
    choices: ['system', 'light', 'dark'],
    label: 'theme',
    help: 'Light or dark, whatever the system prefers.',
  },
  view: {
    kind: 'choice',
    default: 'desk',
    choices: ['desk', 'projector'],
    label: 'view',
    help: 'The projector view is for the wall of a classroom.',
  },
} as const satisfies OptionSchema;

/** Each parameter once: of several with one name the last counts, and that is said. */
function lastOfEach(query: URLSearchParams, errors: string[]): URLSearchParams {
  const last = new URLSearchParams();
  for (const [name, text] of query) last.set(name, text);
  for (const name of last.keys()) {
    const given = query.getAll(name);
    if (new Set(given).size > 1) {
      errors.push(
        `${name} is given ${given.length} times; the last, ${JSON.stringify(given.at(-1))}, counts.`,
      );
    }
  }
  return last;
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
  const given = query.get('name') ?? '';
  // Not cut within a character of two halves.
  const name = given.slice(0, NAME_LENGTH).replace(/[\ud800-\udbff]$/, '');
  attempt(() => {
    if (name === given) return;
    throw new OptionError(
      `name is longer than ${NAME_LENGTH} characters; it is cut to ${JSON.stringify(name)}.`,
    );
  });
  return { ...local, name };
}

/** Reads recipe and local settings from an address; never throws. The room is `PageAddress`'s affair. */
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
  const query = lastOfEach(url.searchParams, errors);
  const local = readLocal(query, attempt);
  for (const [name, spec] of Object.entries(PAGE)) {
    attempt(() => void parseOption(name, spec, query.get(name) ?? spec.default));
  }
  const reserved = [...Object.keys(LOCAL), 'name', ...Object.keys(PAGE), 'room'];
  // Entries before their options, so that an option is checked against the entry the address names.
  const pairs = [...query].filter(([name]) => !reserved.includes(name));
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
  return { recipe: buildRecipe(parts), local, errors };
}
