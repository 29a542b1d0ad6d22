/** The text of `--help`: every flag, and every entry of every registry with its options. */
import { allowed, type OptionSchema } from '../../src/base/options.ts';
import { FAMILIES, FAMILY_NAMES } from '../../src/recipe/schema.ts';
import { FLAGS } from './flags.ts';

interface Entry {
  readonly id: string;
  readonly description: string;
  readonly options: OptionSchema;
}

function entryLines(family: string, { id, description, options }: Entry): readonly string[] {
  const width = 14;
  return [
    `  ${id.padEnd(width)}${description}`,
    ...Object.entries(options).map(
      ([name, spec]) =>
        `  ${' '.repeat(width)}--set ${family}.${name}=${spec.default}: ${spec.label}; ${allowed(spec)}`,
    ),
  ];
}

export function helpText(): string {
  const flags = Object.entries(FLAGS).map(([name, { value, help }]) => {
    const usage = `  --${name}${value === null ? '' : ` ${value}`}`;
    return usage.length < 29 ? `${usage.padEnd(30)}${help}` : `${usage}\n${' '.repeat(30)}${help}`;
  });
  const families = FAMILY_NAMES.flatMap((family) => {
    const entries: readonly Entry[] = FAMILIES[family];
    return ['', `${family}:`, ...entries.flatMap((entry) => entryLines(family, entry))];
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
    'Exit codes: 0 done, 1 the run failed, 2 a wrong flag, 130 interrupted (what there is was written).',
  ].join('\n');
}
