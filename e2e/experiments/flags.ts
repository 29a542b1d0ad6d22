/**
 * The command line of an experiment: flags to a recipe, local settings and what the driver itself needs.
 *
 * What a value may be comes from the same schemas as the form and the URL; this adds only spelling.
 * Anything wrong is one `OptionError` line that says what is allowed.
 */
import { parseArgs } from 'node:util';
import { OptionError, type OptionSchema, type OptionSpec, parseOption } from '../../src/base/options.ts';
import { available, shown } from '../../src/base/wording.ts';
import { MAX_SEATS } from '../../src/protocol/control.ts';
import { conditionsIn } from '../../src/recipe/conditions.ts';
import type { LocalSettings, Recipe } from '../../src/recipe/recipe.ts';
import { buildRecipe, type RecipeParts, SCALARS, sameRun, setPath } from '../../src/recipe/schema.ts';
import { MAX_WORKERS } from '../../src/recipe/url.ts';
import type { Earlier } from './earlier.ts';

/** What the driver needs beyond the recipe and each tab's settings. */
export interface RunOptions {
  readonly tabs: number;
  /** Whose time passes: the machine's, or a simulated one. */
  readonly clock: 'real' | 'virtual';
  /** Limit in seconds of that clock, or null. */
  readonly seconds: number | null;
  /** Stop once the mean of the workers' test accuracies reaches this (0 to 1), or null. */
  readonly targetAccuracy: number | null;
  /** Folder of the outputs; null: a new one under results/. */
  readonly out: string | null;
  /** The run that is in that folder may be replaced. */
  readonly force: boolean;
  /** A model to begin at, or null. */
  readonly startFrom: string | null;
  /** Whether the workers' states are kept: always, never, or where they are small. */
  readonly keepState: 'auto' | 'always' | 'never';
  /** Write the models as ONNX, too. */
  readonly onnx: boolean;
  readonly json: boolean;
}

export interface Experiment {
  readonly recipe: Recipe;
  readonly local: LocalSettings;
  readonly run: RunOptions;
}

interface Flag {
  readonly value: string | null;
  readonly help: string;
  /** Where in the recipe it goes, if it goes there. */
  readonly path?: string;
  readonly spec?: OptionSpec;
}

/** Rounds of a run that names no end at all. */
const DEFAULT_ROUNDS = '200';

function scalar(path: keyof typeof SCALARS, value: string, help: string = SCALARS[path].help): Flag {
  return { value, path, help };
}

const RUN = {
  tabs: {
    kind: 'number',
    default: 4,
    min: 1,
    max: 64,
    integer: true,
    label: 'tabs',
    help: 'Tabs to open (4; with --transport memory 1).',
  },
  'workers-per-tab': {
    kind: 'number',
    default: 1,
    min: 1,
    max: MAX_WORKERS,
    integer: true,
    label: 'workers',
    help: 'Virtual workers in each tab (1).',
  },
  seconds: {
    kind: 'number',
    default: 0,
    min: 0.001,
    max: 1e7,
    label: 'seconds',
    help: 'Stop after this many seconds of training.',
  },
  'target-accuracy': {
    kind: 'number',
    default: 1,
    min: 0,
    max: 1,
    label: 'target',
    help: 'Stop once the mean test accuracy of the workers reaches this.',
  },
  transport: {
    kind: 'choice',
    default: 'webrtc',
    choices: ['webrtc', 'broadcast', 'memory'],
    label: 'transport',
    help: 'How tabs talk (webrtc); memory with --backend cpu runs in Node, without a browser.',
  },
  backend: {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'webgpu', 'cpu'],
    label: 'backend',
    help: 'What computes (auto: WebGPU where there is one).',
  },
  clock: {
    kind: 'choice',
    default: 'real',
    choices: ['real', 'virtual'],
    label: 'clock',
    help: 'Virtual: time is simulated, by --compute and --link alone; with --transport memory --backend cpu. Writes trace.jsonl, too: every event, one JSON object a line (see e2e/experiments/trace.ts).',
  },
  'keep-state': {
    kind: 'choice',
    default: 'auto',
    choices: ['auto', 'always', 'never'],
    label: 'state',
    help: 'Write state-SEAT.safetensors, too: all that a worker’s next round depends on, for --continue (auto: where all together take 64 MB at most).',
  },
} as const satisfies OptionSchema;

function own(name: keyof typeof RUN, value: string): Flag {
  return { value, spec: RUN[name], help: RUN[name].help };
}

/** Every flag, in the order of the help. `value: null` takes none. */
export const FLAGS: Readonly<Record<string, Flag>> = {
  tabs: own('tabs', 'N'),
  'workers-per-tab': own('workers-per-tab', 'N'),
  algorithm: { value: 'ID', path: 'algorithm', help: 'How workers learn together.' },
  compressor: { value: 'ID', path: 'compressor', help: 'What is left out of each message.' },
  topology: { value: 'ID', path: 'topology', help: 'Who talks to whom.' },
  dataset: { value: 'ID|csv:FILE|idx:DIR|images:DIR', path: 'dataset', help: 'What is learned.' },
  target: {
    value: 'COLUMN',
    path: 'dataset.target',
    help: 'Column of the table to predict (the last one if not given).',
  },
  partition: {
    value: 'ID[:VALUE]',
    path: 'partition',
    help: 'How the data is dealt over workers: iid, contiguous, shards:K, dirichlet:ALPHA, and more.',
  },
  model: { value: 'ID', path: 'model', help: 'What learns it.' },
  optimizer: { value: 'ID', path: 'optimizer', help: 'How a worker steps along a gradient.' },
  schedule: { value: 'ID', path: 'schedule', help: 'How the learning rate changes over the rounds.' },
  batch: scalar('batch', 'N|full'),
  init: scalar('init', SCALARS.init.choices.join('|')),
  allow: scalar(
    'allow',
    'CODE[,…]',
    'Runs a recipe that is refused for its mathematics, to see it fail; may be given several times.',
  ),
  lr: scalar('lr', 'X'),
  clip: scalar('clip', 'X|off'),
  seed: scalar('seed', 'N'),
  rounds: scalar(
    'rounds',
    'N',
    `Rounds until the run ends (${DEFAULT_ROUNDS} if no other end is given; 0: another end decides).`,
  ),
  seconds: own('seconds', 'S'),
  'target-accuracy': own('target-accuracy', 'A'),
  'eval-every': scalar('evalEvery', 'N'),
  transport: own('transport', RUN.transport.choices.join('|')),
  backend: own('backend', RUN.backend.choices.join('|')),
  clock: own('clock', RUN.clock.choices.join('|')),
  compute: scalar('compute', 'TIME[,jitter=P%]'),
  straggler: scalar('straggler', 'SEAT:FACTORx[,…]'),
  link: scalar('link', 'NAME=VALUE[,…]'),
  set: { value: 'PATH=VALUE', help: 'Sets any option of the recipe, e.g. compressor.ratio=0.01.' },
  out: {
    value: 'DIR',
    help: 'Folder for the outputs (a new one under results/); one with a run in it is refused.',
  },
  force: { value: null, help: 'Replace the run in --out, once this one is complete. Other files stay.' },
  'start-from': {
    value: 'FILE',
    help: 'Begin at the model in this safetensors file, for every worker; the recipe may be another if the model fits.',
  },
  continue: {
    value: 'DIR',
    help: 'Go on with the run in this folder, to more --rounds (or --seconds, --target-accuracy): its recipe, its workers, their states. Only --lr, --rounds and --eval-every of the recipe may change.',
  },
  'keep-state': own('keep-state', RUN['keep-state'].choices.join('|')),
  onnx: {
    value: null,
    help: 'Write model.onnx (the model that the run reports) and model-SEAT.onnx, too, for other runtimes.',
  },
  json: { value: null, help: 'Print the summary alone, as JSON, on standard output.' },
  help: { value: null, help: 'Print this.' },
};

interface Given {
  readonly values: ReadonlyMap<string, string>;
  readonly sets: readonly string[];
}

/** Flags as text, each checked to exist and to have a value where it needs one. */
function readFlags(args: readonly string[]): Given {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(FLAGS).map(([name, { value }]) => [
        name,
        { type: value === null ? ('boolean' as const) : ('string' as const) },
      ]),
    ),
  });
  const values = new Map<string, string>();
  const sets: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      throw new OptionError(`${shown(token.value)} is not a flag; flags start with --, see --help.`);
    }
    const flag = Object.hasOwn(FLAGS, token.name) ? FLAGS[token.name] : undefined;
    if (flag === undefined) {
      const known = Object.keys(FLAGS).map((name) => `--${name}`);
      const given = token.rawName.slice(0, 40);
      throw new OptionError(`There is no flag ${given}; ${available(known, given)}; see --help.`);
    }
    const { value } = token;
    if (flag.value === null) {
      if (value !== undefined) throw new OptionError(`--${token.name} takes no value.`);
      values.set(token.name, 'true');
    } else if (value === undefined || (token.inlineValue === false && value.startsWith('--'))) {
      throw new OptionError(`--${token.name} needs a value: --${token.name} ${flag.value}.`);
    } else if (token.name === 'set') {
      sets.push(value);
    } else if (token.name === 'allow') {
      values.set('allow', [values.get('allow') ?? [], value].flat().join(','));
    } else {
      values.set(token.name, value);
    }
  }
  return { values, sets };
}

/** What may not change in a run that goes on, by name. */
function changed(before: Recipe, after: Recipe): readonly string[] {
  if (sameRun(before, after)) return [];
  const live = ['lr', 'rounds', 'evalEvery'];
  const others = new Map(Object.entries(after));
  return Object.entries(before)
    .filter(
      ([name, value]) => !live.includes(name) && JSON.stringify(value) !== JSON.stringify(others.get(name)),
    )
    .map(([name]) => name);
}

function readRecipe({ values, sets }: Given, earlier: Earlier | null): Recipe {
  const parts: RecipeParts = earlier === null ? {} : { ...earlier.recipe };
  const endless = !values.has('seconds') && !values.has('target-accuracy');
  if (endless && earlier === null && !values.has('rounds')) setPath(parts, 'rounds', DEFAULT_ROUNDS);
  if (!endless && earlier !== null) setPath(parts, 'rounds', '0');
  for (const [name, flag] of Object.entries(FLAGS)) {
    const text = values.get(name);
    if (flag.path !== undefined && text !== undefined) setPath(parts, flag.path, text);
  }
  for (const text of sets) {
    const at = text.indexOf('=');
    if (at < 1)
      throw new OptionError(`--set ${shown(text)} must be PATH=VALUE, such as compressor.ratio=0.01.`);
    setPath(parts, text.slice(0, at), text.slice(at + 1));
  }
  const recipe = buildRecipe(parts);
  const others = earlier === null ? [] : changed(earlier.recipe, recipe);
  if (others.length > 0) {
    throw new OptionError(
      `The run in ${earlier?.folder} goes on with its own recipe, but for --lr, --rounds and --eval-every; ` +
        `here ${others.join(', ')} would change: --start-from a model of it trains on by another.`,
    );
  }
  return recipe;
}

/** Where a run that goes on was; flags may say otherwise. */
function withPlaces(given: Given, { local }: Earlier): Given {
  const { tabs, workersPerTab, transport, backend, clock } = local;
  const places = {
    ...{ tabs: String(tabs), 'workers-per-tab': String(workersPerTab) },
    ...{ transport, backend, clock },
  };
  return { ...given, values: new Map([...Object.entries(places), ...given.values]) };
}

function readNumber({ values }: Given, name: keyof typeof RUN): number | null {
  const text = values.get(name);
  if (text === undefined) return null;
  const value = parseOption(`--${name}`, RUN[name], text);
  return typeof value === 'number' ? value : null;
}

function readChoice<Name extends 'transport' | 'backend' | 'clock' | 'keep-state'>(
  { values }: Given,
  name: Name,
): (typeof RUN)[Name]['choices'][number] {
  const spec = RUN[name];
  const value = parseOption(`--${name}`, spec, values.get(name) ?? spec.default);
  return spec.choices.find((choice) => choice === value) ?? spec.default;
}

/** What simulated time needs. @throws {OptionError} */
function checkVirtual(recipe: Recipe, inNode: boolean, seconds: number | null): void {
  if (!inNode) throw new OptionError('--clock virtual needs --transport memory --backend cpu.');
  if (recipe.compute !== '') return;
  if (seconds !== null || recipe.rounds === 0) {
    throw new OptionError(
      'Under --clock virtual no time passes by itself: give --compute, such as --compute 20ms, or --rounds alone.',
    );
  }
  if (recipe.straggler !== '') {
    throw new OptionError(
      '--straggler under --clock virtual needs --compute: a multiple of which time is its gradient to take?',
    );
  }
}

/** The folder of a run to go on with, or null. @throws {OptionError} */
export function folderToContinue(args: readonly string[]): string | null {
  const { values } = readFlags(args);
  return values.has('help') ? null : (values.get('continue') ?? null);
}

/**
 * @param earlier the run to go on with, or null.
 * @returns null if help was asked for.
 * @throws {OptionError} with one line that says what is wrong and what is allowed.
 */
export function readExperiment(args: readonly string[], earlier: Earlier | null = null): Experiment | null {
  const typed = readFlags(args);
  if (typed.values.has('help')) return null;
  const given = earlier === null ? typed : withPlaces(typed, earlier);
  const recipe = readRecipe(given, earlier);
  const startFrom = given.values.get('start-from') ?? null;
  if (startFrom !== null && earlier !== null) {
    throw new OptionError('--start-from begins a run and --continue goes on with one: give one of them.');
  }
  const transport = readChoice(given, 'transport');
  const backend = readChoice(given, 'backend');
  const tabs = readNumber(given, 'tabs') ?? (transport === 'memory' ? 1 : RUN.tabs.default);
  if (transport === 'memory' && backend !== 'cpu' && tabs > 1) {
    throw new OptionError(
      '--transport memory connects workers within one tab: use --workers-per-tab instead of --tabs, ' +
        'or --backend cpu to run without a browser.',
    );
  }
  const workers = readNumber(given, 'workers-per-tab') ?? 1;
  if (tabs * workers > MAX_SEATS) {
    throw new OptionError(
      `--tabs ${tabs} with --workers-per-tab ${workers} makes ${tabs * workers} workers; a room holds up to ${MAX_SEATS}.`,
    );
  }
  const missing = [...conditionsIn(recipe).stragglers.keys()].find((seat) => seat >= tabs * workers);
  if (missing !== undefined) {
    throw new OptionError(
      `--straggler names worker ${missing}; with ${tabs * workers} workers there are 0 to ${tabs * workers - 1}.`,
    );
  }
  const out = given.values.get('out') ?? null;
  if (out !== null && out.trim() === '') throw new OptionError('--out needs the name of a folder.');
  const clock = readChoice(given, 'clock');
  const seconds = readNumber(given, 'seconds');
  const targetAccuracy = readNumber(given, 'target-accuracy');
  if (recipe.rounds === 0 && seconds === null && targetAccuracy === null) {
    throw new OptionError(
      '--rounds 0 names no end: give rounds from 1, or --seconds or --target-accuracy beside it.',
    );
  }
  if (clock === 'virtual') checkVirtual(recipe, transport === 'memory' && backend === 'cpu', seconds);
  return {
    recipe,
    local: { workers, backend, transport, name: '' },
    run: {
      tabs,
      clock,
      seconds,
      targetAccuracy,
      out,
      force: given.values.has('force'),
      startFrom,
      keepState: readChoice(given, 'keep-state'),
      onnx: given.values.has('onnx'),
      json: given.values.has('json'),
    },
  };
}
