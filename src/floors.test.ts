/**
 * The import-floor check: the house has floors, and imports point downward only (or stay in one folder).
 * A type is an import too: what two floors share belongs to the lower one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Folders of `src`, from the ground up; folders on one floor may not import each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['base', 'math'],
  ['topology', 'data', 'protocol'],
  ['compute'],
  ['models', 'optimizers'],
  ['compressors'],
  ['algorithms'],
  ['recipe'],
  ['network'],
  ['room', 'server'],
  ['session'],
  ['simulator'],
  ['store'],
  ['ui'],
];
/** What a folder must not know, wherever it comes from. */
const FORBIDDEN: Readonly<Record<string, RegExp>> = {
  ui: /^(peerjs|.*\/compute\/webgpu\/)/,
  store: /^(peerjs|react|.*\/compute\/)/,
  session: /^(react|recharts|zustand)/,
  room: /^(peerjs|react|.*\/compute\/)/,
  algorithms: /^(peerjs|react|.*\/compute\/(webgpu|cpu)\/)/,
};

const root = resolve(import.meta.dirname);

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Every module that a text imports, types included. */
function importsOf(text: string): string[] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)\s*import\s*'([^']+)'/g;
  return [...text.matchAll(pattern)].map(([, from, dynamic, bare]) => from ?? dynamic ?? bare ?? '');
}

const folderOf = (path: string): string => relative(root, path).split('/')[0] ?? '';
const floorOf = (folder: string): number => FLOORS.findIndex((floor) => floor.includes(folder));

/** Sentences about arrows that point the wrong way. */
function wrongArrows(files: ReadonlyMap<string, string>): string[] {
  const wrong: string[] = [];
  for (const [file, text] of files) {
    const from = folderOf(file);
    for (const module of importsOf(text)) {
      const path = module.replace(/\?.*$/, '');
      const name = path.startsWith('.') ? relative(root, resolve(dirname(file), path)) : path;
      if (FORBIDDEN[from]?.test(path.startsWith('.') ? `/${name}` : name)) {
        wrong.push(`${relative(root, file)} must not know ${name}`);
      }
      if (!path.startsWith('.') || floorOf(from) === -1) continue;
      const to = folderOf(resolve(dirname(file), path));
      if (to === from || to === '..') continue;
      if (floorOf(to) >= floorOf(from) || floorOf(to) === -1) {
        // The two folders of the ground floor are one.
        if (floorOf(to) === 0 && floorOf(from) === 0) continue;
        wrong.push(`${relative(root, file)} imports ${name}`);
      }
    }
  }
  return wrong;
}

describe('the floors', () => {
  const files = new Map(sources(root).map((file) => [file, readFileSync(file, 'utf8')]));

  it('hold every folder', () => {
    const folders = new Set([...files.keys()].map(folderOf).filter((name) => !name.includes('.')));
    expect([...folders].filter((folder) => floorOf(folder) === -1)).toEqual([]);
  });

  it('are imported downward only', () => {
    expect(wrongArrows(files)).toEqual([]);
  });

  it('would not let an upward, a sideways or a forbidden arrow pass', () => {
    const text = (module: string) => `import { x } from '${module}';\n`;
    const wrong = wrongArrows(
      new Map([
        [join(root, 'compute/a.ts'), text('../models/model.ts')],
        [join(root, 'data/a.ts'), text('../protocol/frame.ts')],
        [join(root, 'room/a.ts'), text('peerjs')],
        [join(root, 'algorithms/a.ts'), "import type {\n  A,\n} from '../room/view.ts';\n"],
        [join(root, 'models/fine.ts'), text('../compute/compute.ts')],
      ]),
    );
    expect(wrong).toHaveLength(4);
  });

  it('keep time in the clock and chance in seeds', () => {
    const banned = /\b(setTimeout|setInterval|Date\.now|new Date|performance\.now|requestAnimationFrame)\b/;
    const exempt = ['ui', 'store', 'server', 'main.tsx'];
    const found = [...files]
      .filter(([file]) => !exempt.includes(folderOf(file)) && !file.endsWith('base/clock.ts'))
      .filter(([, text]) => banned.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')))
      .map(([file]) => relative(root, file));
    expect(found).toEqual([]);
  });
});
