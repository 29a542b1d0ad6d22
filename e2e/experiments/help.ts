/** The text of `--help`: every flag, and every entry of every registry with its options. */
import type { AlgorithmEntry } from '../../src/algorithms/algorithm.ts';
import { ALGORITHMS } from '../../src/algorithms/index.ts';
import { CONTROLS } from '../../src/algorithms/refusal.ts';
import { allowed, type OptionSchema } from '../../src/base/options.ts';
import { costOf, refusal } from '../../src/recipe/legality.ts';
import { buildRecipe, FAMILIES, FAMILY_NAMES } from '../../src/recipe/schema.ts';
import { layoutOf } from '../../src/session/assets.ts';
import { FLAGS } from './flags.ts';

interface Entry {
  readonly id: string;
  readonly description: string;
  readonly options: OptionSchema;
}

function entryLines(family: string, { id, description, options }: Entry): readonly string[] {
  const width = 23;
  return [
    `  ${id.padEnd(width)}${description}`,
    ...Object.entries(options).map(
      ([name, spec]) =>
        `  ${' '.repeat(width)}--set ${family}.${name}=${spec.default}: ${spec.label}; ${allowed(spec)}`,
    ),
  ];
}

/** Workers that the costs in the help are for, each in a tab of its own. */
const WORKERS = 4;

/** Where an algorithm comes from, what it needs, and what a round of it sends. */
function algorithmLines({ id, paper, needs, lossPolicy }: AlgorithmEntry): readonly string[] {
  const recipe = buildRecipe({ algorithm: { id } });
  const indent = ' '.repeat(25);
  const lines = [`${indent}${paper}`, `${indent}needs: ${needs}; a missing worker: ${lossPolicy}`];
  if (refusal(recipe, WORKERS) !== null) return lines;
  const tabs = Array.from({ length: WORKERS }, (_, tab) => tab);
  const { bytes, messages } = costOf(recipe, layoutOf(recipe), tabs);
  const kilobytes = Number((bytes / 1000).toPrecision(3));
  const setting = `${recipe.topology.id}, ${recipe.compressor.id}`;
  return [
    ...lines,
    `${indent}a round: ${kilobytes} kB in ${Number(messages.toPrecision(3))} messages (${WORKERS} workers, ${setting})`,
  ];
}

export function helpText(): string {
  const flags = Object.entries(FLAGS).map(([name, { value, help }]) => {
    const usage = `  --${name}${value === null ? '' : ` ${value}`}`;
    return usage.length < 29 ? `${usage.padEnd(30)}${help}` : `${usage}\n${' '.repeat(30)}${help}`;
  });
  const families = FAMILY_NAMES.flatMap((family) => {
    const entries: readonly Entry[] = FAMILIES[family];
    const lines = (entry: Entry) => {
      const [head = '', ...options] = entryLines(family, entry);
      const algorithm = family === 'algorithm' ? ALGORITHMS.find(({ id }) => id === entry.id) : undefined;
      return [head, ...(algorithm === undefined ? [] : algorithmLines(algorithm)), ...options];
    };
    return ['', `${family}:`, ...entries.flatMap(lines)];
  });
  return [
    'Opens tabs, trains, and writes run.json, metrics.csv, timing.csv and the models.',
    '',
    'npm run experiment -- --tabs 4 --algorithm choco-sgd --compressor top-k --set compressor.ratio=0.01 \\',
    '  --topology ring --partition shards:2 --rounds 200 --seed 1 --out results/NAME',
    '',
    ...flags,
    ...families,
    '',
    'allow (negative controls):',
    ...Object.entries(CONTROLS).map(([code, what]) => `  ${code.padEnd(23)}${what}`),
    '',
    'Exit codes: 0 done, 1 the run failed, 2 a wrong flag, a recipe that cannot run or a folder that cannot be had, 130 interrupted (what there is was written).',
  ].join('\n');
}
