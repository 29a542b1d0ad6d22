/**
 * What a finished build was made from, beside it as `made-from.json`: whether it is still what the sources
 * make can then be told from what is in the files. Times of files say nothing after a copy or a checkout.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Plugin } from 'vite';
import { sourceOf } from './source.ts';

const FILE = 'made-from.json';
/** Files and folders, in the project's folder. */
const SOURCES = ['index.html', 'vite.config.ts', 'package-lock.json', 'src', 'shaders', 'public'];
/** Tests are no part of a build, and what it makes itself follows from the rest. */
const ASIDE = /\.test\.tsx?$|^public[\\/]data[\\/]/;

const madeFrom = v.object({
  /** SHA-256 of all sources with their paths. */
  files: v.string(),
  /** The commit and the like, which the page writes into what it saves. */
  source: v.string(),
});
export type MadeFrom = v.InferOutput<typeof madeFrom>;

/** What a build of the sources under `root` is made from, now. */
export function madeFromNow(root: string): MadeFrom {
  const hash = createHash('sha256');
  for (const entry of SOURCES.filter((name) => existsSync(join(root, name)))) {
    const names = statSync(join(root, entry)).isDirectory()
      ? readdirSync(join(root, entry), { recursive: true, encoding: 'utf8' }).map((name) => join(entry, name))
      : [entry];
    for (const name of names.sort()) {
      const file = join(root, name);
      if (ASIDE.test(name) || !statSync(file).isFile()) continue;
      hash
        .update(`${name.replaceAll('\\', '/')}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
  return { files: hash.digest('hex'), source: JSON.stringify(sourceOf(root)) };
}

/** What the build in this folder was made from; null if it does not say, or is not whole. */
export function madeFromThen(outDir: string): MadeFrom | null {
  try {
    return v.parse(madeFrom, JSON.parse(readFileSync(join(outDir, FILE), 'utf8')));
  } catch {
    return null;
  }
}

export function madeFromPlugin(root: string): Plugin {
  return {
    name: 'murmuration:made-from',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: FILE, source: JSON.stringify(madeFromNow(root)) });
    },
  };
}
