/** The build step: a program compiles from source, is kept by content, and an error names what is wrong. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runnerImport } from 'vite';
import { afterAll, expect, it } from 'vitest';
import { AssemblyError, compiled } from './asc-plugin.ts';

const folder = mkdtempSync(join(tmpdir(), 'asc-'));
const cache = join(folder, 'cache');
const entry = join(folder, 'index.ts');
afterAll(() => rmSync(folder, { recursive: true }));

it('compiles a program of several files, and again only when one of them changes', async () => {
  writeFileSync(entry, "export { twice } from './twice';\n");
  writeFileSync(join(folder, 'twice.ts'), 'export function twice(x: i32): i32 { return 2 * x; }\n');
  const memory = new WebAssembly.Memory({ initial: 1 });
  const run = async (name: string): Promise<unknown> => {
    const { instance } = await WebAssembly.instantiate(new Uint8Array(await compiled(entry, cache)), {
      env: { memory },
    });
    const found = instance.exports[name];
    return typeof found === 'function' ? found(21) : null;
  };
  expect(await run('twice')).toBe(42);
  expect(await run('twice')).toBe(42);
  expect(readdirSync(cache)).toHaveLength(1);
  writeFileSync(join(folder, 'twice.ts'), 'export function twice(x: i32): i32 { return 2 * x + 1; }\n');
  expect(await run('twice')).toBe(43);
  expect(readdirSync(cache)).toHaveLength(2);
  // There need be no place to keep it.
  expect((await compiled(entry, join(entry, 'below a file'))).length).toBeGreaterThan(8);
});

it('says what does not compile', async () => {
  writeFileSync(entry, 'export function twice(x: i32): i32 { return "two"; }\n');
  await expect(compiled(entry, cache)).rejects.toThrow(AssemblyError);
  await expect(compiled(entry, cache)).rejects.toThrow('not assignable');
});

it('compiles where nothing is kept yet, once Vite has let go of what loads its configuration', async () => {
  writeFileSync(entry, 'export function thrice(x: i32): i32 { return 3 * x; }\n');
  const file = join(import.meta.dirname, 'asc-plugin.ts');
  const { module } = await runnerImport<typeof import('./asc-plugin.ts')>(file);
  expect((await module.compiled(entry, join(folder, 'empty'))).length).toBeGreaterThan(8);
});
