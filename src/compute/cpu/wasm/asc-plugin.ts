/**
 * The Vite plugin behind `import bytes from './assembly/index.ts?asc'`: it compiles the AssemblyScript
 * program to WebAssembly while Vite builds, serves or tests, and hands the module out as base64 text.
 *
 * Text, because one import then works in a page, a worker, Node and the tests alike, with nothing to
 * fetch, and synchronously; a module of a few kilobytes is not worth a request. What has been compiled is
 * kept in `node_modules/.cache` under the hash of the compiler's manifest, its options and the sources, so
 * that they are compiled only when one of them has changed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { Plugin } from 'vite';
import { keepIfPossible } from '../../../base/kept-file.ts';

const SUFFIX = '?asc';
/** No relaxed SIMD, whose results differ between machines. */
const OPTIONS: readonly string[] = [
  ...['--outFile', 'module.wasm'],
  '-O3',
  '--noAssert',
  ...['--runtime', 'stub'],
  ...['--enable', 'simd'],
  '--importMemory',
  '--noExportMemory',
];

const { resolve } = createRequire(import.meta.url);
const compiler = resolve('assemblyscript/package.json');
const PROGRAM = resolve('./asc-compile.mjs');
/** Beside the compiler, whatever the root of the build is. */
const CACHE = join(dirname(compiler), '..', '.cache', 'murmuration-wasm');

export class AssemblyError extends Error {
  override readonly name = 'AssemblyError';
}

export function ascPlugin(): Plugin {
  return {
    name: 'murmuration:asc',
    enforce: 'pre',
    async load(id) {
      if (!id.endsWith(SUFFIX)) return null;
      const entry = id.slice(0, -SUFFIX.length);
      for (const name of sourcesBeside(entry).keys()) this.addWatchFile(join(dirname(entry), name));
      const bytes = await compiled(entry, CACHE);
      return { code: `export default '${Buffer.from(bytes).toString('base64')}';`, map: null };
    },
  };
}

/** The WebAssembly of a program: from the cache folder, or compiled into it. @throws {AssemblyError} */
export async function compiled(entry: string, cache: string): Promise<Uint8Array> {
  const sources = sourcesBeside(entry);
  const file = join(cache, `${digest(sources)}.wasm`);
  try {
    return readFileSync(file);
  } catch {
    const bytes = compile(basename(entry), sources);
    keepIfPossible(file, bytes);
    return bytes;
  }
}

/** A program is one flat folder; its files by name. */
function sourcesBeside(entry: string): ReadonlyMap<string, string> {
  const folder = dirname(entry);
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function digest(sources: ReadonlyMap<string, string>): string {
  const manifest = readFileSync(compiler, 'utf8');
  const everything = JSON.stringify([manifest, OPTIONS, ...sources]);
  return createHash('sha256').update(everything).digest('hex').slice(0, 32);
}

function compile(entry: string, sources: ReadonlyMap<string, string>): Uint8Array {
  const given = JSON.stringify({ entry, options: OPTIONS, sources: Object.fromEntries(sources) });
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM], { input: given });
  if (status === 0) return stdout;
  throw new AssemblyError(`The AssemblyScript of the cpu backend does not compile:\n${stderr?.toString()}`);
}
