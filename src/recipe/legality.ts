/**
 * Whether a recipe can run, with the workers there are: what its topology and its algorithm say to it,
 * and what a round of it costs. Every answer is a sentence for a person, or null.
 */
import type { AlgorithmEntry, Configuration, Cost } from '../algorithms/algorithm.ts';
import { ALGORITHMS } from '../algorithms/index.ts';
import { controlsOf, impossible, type Refusal, type Unsound } from '../algorithms/refusal.ts';
import type { Layout } from '../base/layout.ts';
import { findEntry } from '../base/registry.ts';
import { contractionOf } from '../compressors/compressor.ts';
import { COMPRESSORS } from '../compressors/index.ts';
import { algorithmMessageBytes, packetCount, packetsBytes } from '../protocol/codec.ts';
import { type Graph, impossibleReason, graphOf as topologyGraph } from '../topology/graph.ts';
import { TOPOLOGIES } from '../topology/index.ts';
import { dataRefusal } from './data-legality.ts';
import { optimizerCaution, optimizerRefusal } from './optimizer-legality.ts';
import type { Choice, Recipe } from './recipe.ts';
import { buildRecipe, DEFAULT_RECIPE, FAMILIES, type Family } from './schema.ts';
import { startCaution, startRefusal } from './start-legality.ts';

/** Graphs of the latest recipes: a run asks for the same one in every round. */
const graphs = new WeakMap<Recipe, Map<string, Graph>>();
/** Rounds of a dynamic graph that are kept; workers of one tab are at most a round apart. */
const MAX_GRAPHS = 16;
/** 1 + α² beyond which an unbiased compressor makes a poor contraction. */
const MOST_DIVIDED = 20;

/** The graph of one round over n workers, with its mixing matrix. */
export function graphOf(recipe: Recipe, n: number, round: number): Graph {
  const entry = findEntry('topology', TOPOLOGIES, recipe.topology.id);
  const key = entry.dynamic === true ? `${n} ${round}` : `${n}`;
  let known = graphs.get(recipe);
  if (known === undefined) {
    known = new Map();
    graphs.set(recipe, known);
  }
  let graph = known.get(key);
  if (graph === undefined) {
    graph = topologyGraph(entry, recipe.topology.options, n, round, recipe.seed);
    for (const oldest of known.keys()) {
      if (known.size < MAX_GRAPHS) break;
      known.delete(oldest);
    }
    known.set(key, graph);
  }
  return graph;
}

/**
 * Why this recipe cannot run, and whether it may be allowed all the same; null if it can. `n` is the number of
 * workers; without it only what does not depend on it is judged.
 */
export function refusalOf(recipe: Recipe, n: number | null = null): Refusal | null {
  const entry = algorithmOf(recipe);
  const before = (n === null ? null : topologyRefusal(recipe, n)) ?? dataRefusal(recipe);
  if (before !== null) return impossible(before);
  const found = entry.refuses(configurationOf(recipe, n));
  if (found?.kind === 'impossible') return found;
  // What could not run in any case is said before what might be allowed.
  const after = optimizerRefusal(recipe) ?? startRefusal(recipe, entry);
  return after === null ? found : impossible(after);
}

/** The same as a sentence that says what to choose instead. */
export function refusal(recipe: Recipe, n: number | null = null): string | null {
  return refusalOf(recipe, n)?.why ?? null;
}

/** The negative controls that make this recipe run although the mathematics is against it. */
export function controlsIn(recipe: Recipe, n: number | null = null): readonly Unsound[] {
  const { refuses } = algorithmOf(recipe);
  const given = configurationOf(recipe, n);
  const found: Unsound[] = [];
  for (;;) {
    const next = refuses({ ...given, allow: found.map(({ control }) => control) });
    if (next?.kind !== 'unsound' || !given.allow.includes(next.control)) return found;
    found.push(next);
  }
}

/** The recipe with every refusal overruled that may be, as a negative control; null if that is not enough. */
export function asControl(recipe: Recipe, n: number | null = null): Recipe | null {
  const refused = refusalOf(recipe, n);
  if (refused === null) return recipe;
  if (refused.kind === 'impossible') return null;
  return asControl({ ...recipe, allow: controlsOf(`${recipe.allow},${refused.control}`).join(',') }, n);
}

function topologyRefusal({ topology: { id, options } }: Recipe, n: number): string | null {
  return impossibleReason(findEntry('topology', TOPOLOGIES, id), options, n);
}

/**
 * Why this recipe, though legal, is likely to disappoint, and what to choose instead; or null. Without the
 * layout of its model, the size of messages is not judged.
 */
export function caution(
  recipe: Recipe,
  n: number | null = null,
  layout: Layout | null = null,
): string | null {
  return (
    controlCaution(recipe, n) ??
    algorithmOf(recipe).caution?.(configurationOf(recipe, n)) ??
    optimizerCaution(recipe) ??
    startCaution(recipe, algorithmOf(recipe)) ??
    scaleCaution(recipe, layout) ??
    compressorCaution(recipe, layout)
  );
}

function controlCaution(recipe: Recipe, n: number | null): string | null {
  const controls = controlsIn(recipe, n);
  if (controls.length === 0) return null;
  const codes = controls.map(({ control }) => control).join(', ');
  return `A negative control (${codes}): ${controls.map(({ why }) => why).join(' ')}`;
}

/** An algorithm that divides an unbiased compressor's messages, and by so much that nothing much moves. */
function scaleCaution(recipe: Recipe, layout: Layout | null): string | null {
  if (layout === null || algorithmOf(recipe).contracts !== true) return null;
  const { id, options } = recipe.compressor;
  const divider = 1 / contractionOf(findEntry('compressor', COMPRESSORS, id), layout, options);
  if (divider <= MOST_DIVIDED) return null;
  const { label } = algorithmOf(recipe);
  return `${label} divides what ${id} sends by ${Number(divider.toPrecision(2))}, its worst noise, so that little moves. Let it send more levels, share them in smaller blocks, or choose a contraction such as one-bit.`;
}

/** Compression that makes more of it: a share of more than half, say, each number with its place. */
function compressorCaution({ compressor: { id, options } }: Recipe, layout: Layout | null): string | null {
  if (layout === null) return null;
  const [bytes, whole] = [findEntry('compressor', COMPRESSORS, id).bytes(layout, options), 4 * layout.length];
  if (bytes <= whole) return null;
  return `With ${id} as it is set a whole model takes ${bytes} bytes, and without compression ${whole}. Let it send less, or choose none.`;
}

/** What all workers together send in one round; `groups` names the tab of every worker. */
export function costOf(recipe: Recipe, layout: Layout, groups: readonly number[]): Cost {
  const compressor = findEntry('compressor', COMPRESSORS, recipe.compressor.id);
  return algorithmOf(recipe).cost({
    options: recipe.algorithm.options,
    layout,
    graph: graphOf(recipe, groups.length, 0),
    groups,
    compressed: (part) => algorithmMessageBytes(compressor.bytes(part, recipe.compressor.options)),
    dense: (length) => algorithmMessageBytes(4 * length),
    packets: (part) => {
      const payload = compressor.bytes(part, recipe.compressor.options);
      return { messages: packetCount(payload), bytes: packetsBytes(payload) };
    },
  });
}

/**
 * The recipe with another choice of one family. Where a new algorithm cannot work with the topology or
 * the compressor there is, those that it prefers (or the defaults) come with it, plain SGD where it takes no such optimizer, and
 * with data a model that can learn them; `with` names what came.
 */
export function withChoice(
  recipe: Recipe,
  family: Family,
  choice: Choice,
  n: number | null,
): { readonly recipe: Recipe; readonly with: readonly Family[] } {
  const chosen = startedAnew(recipe, { ...recipe, [family]: choice });
  const strays = family === 'algorithm' && optimizerRefusal(chosen) !== null;
  const next: Recipe = strays ? { ...chosen, optimizer: DEFAULT_RECIPE.optimizer } : chosen;
  const along: readonly Family[] = strays ? ['optimizer'] : [];
  if (refusal(next, n) === null) return { recipe: next, with: along };
  const other = family === 'dataset' ? 'model' : family === 'model' ? 'dataset' : null;
  if (other !== null) {
    // The first model that can learn these data, or the first data that this model can learn.
    for (const { id } of FAMILIES[other]) {
      const fitting = buildRecipe({ ...next, [other]: { id } });
      if (refusal(fitting, n) === null) return { recipe: fitting, with: [other] };
    }
  }
  if (family !== 'algorithm') return { recipe: next, with: along };
  const candidates: readonly (readonly Family[])[] = [
    ['compressor'],
    ['topology'],
    ['compressor', 'topology'],
  ];
  for (const families of candidates) {
    const preferred = buildRecipe({
      ...next,
      ...Object.fromEntries(families.map((name) => [name, undefined])),
    });
    if (refusal(preferred, n) === null) return { recipe: preferred, with: [...along, ...families] };
  }
  return { recipe: next, with: along };
}

/** A start that nobody chose, or that the new algorithm cannot have, is the one that it prefers. */
function startedAnew(before: Recipe, after: Recipe): Recipe {
  const [from, to] = [algorithmOf(before), algorithmOf(after)];
  const unchosen = from !== to && before.init === (from.prefers?.init ?? DEFAULT_RECIPE.init);
  if (!unchosen && startRefusal(after, to) === null) return after;
  return { ...after, init: to.prefers?.init ?? DEFAULT_RECIPE.init };
}

export function algorithmOf(recipe: Recipe): AlgorithmEntry {
  return findEntry('algorithm', ALGORITHMS, recipe.algorithm.id);
}

function configurationOf(recipe: Recipe, n: number | null): Configuration {
  const compressor = findEntry('compressor', COMPRESSORS, recipe.compressor.id);
  return {
    allow: controlsOf(recipe.allow),
    options: recipe.algorithm.options,
    compressor: compressor.id,
    compressorClass: compressor.classOf?.(recipe.compressor.options) ?? compressor.class,
    compressorOptions: recipe.compressor.options,
    topology: recipe.topology.id,
    graph: n === null ? null : graphOf(recipe, n, 0),
  };
}
