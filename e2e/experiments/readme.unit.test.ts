/** The README names everything that can be chosen, and nothing that cannot. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { CONTROLS } from '../../src/algorithms/refusal.ts';
import { FAMILIES, FAMILY_NAMES } from '../../src/recipe/schema.ts';
import { ROOT } from './lab-build.ts';

const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

it.each(FAMILY_NAMES)('names every %s', (family) => {
  for (const { id } of FAMILIES[family]) {
    expect(readme, id).toMatch(new RegExp(`\`${id}(:[A-Z]+)?\``));
  }
});

it('has a row for algorithms that exist, in files that exist', () => {
  const rows = [...readme.matchAll(/^\| `([a-z0-9-]+)` \|.*\(src\/algorithms\/([a-z0-9-]+\.ts)\)/gm)];
  const known: readonly string[] = FAMILIES.algorithm.map(({ id }) => id);
  expect(rows.map(([, id]) => id).sort()).toEqual([...known].sort());
  for (const [, id, file] of rows) {
    const text = readFileSync(path.join(ROOT, 'src', 'algorithms', file ?? ''), 'utf8');
    expect(text).toContain(`id: '${id}'`);
  }
});

it('has a row for every negative control, in the words of the command', () => {
  for (const [code, what] of Object.entries(CONTROLS)) {
    expect(readme.includes(`| \`${code}\` | ${what} |`), code).toBe(true);
  }
});
