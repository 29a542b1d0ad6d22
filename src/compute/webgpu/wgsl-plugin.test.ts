import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withoutComments } from './wgsl-plugin.ts';

const folder = new URL('../../../shaders/', import.meta.url);

it('takes comments and indentation from a shader, and nothing else', () => {
  expect(withoutComments('// what\nfn f() { // why\n  let a = 1 / 2;\n\n}\n')).toBe(
    'fn f() {\nlet a = 1 / 2;\n}',
  );
  for (const name of readdirSync(folder)) {
    const source = readFileSync(new URL(name, folder), 'utf8');
    expect(source, name).not.toContain('/*');
    const tokens = (text: string) =>
      text
        .replace(/\/\/[^\n]*/g, ' ')
        .split(/\s+/)
        .join(' ')
        .trim();
    expect(tokens(withoutComments(source)), name).toBe(tokens(source));
  }
});
