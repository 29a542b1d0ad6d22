/**
 * Which build of the lab this is: the package's version, a hash of everything that decides what tabs say
 * to each other, and the time. Two tabs with the same version run the same lab; of two versions the later
 * build wins. A finished build carries its own name in `build.json`, since it is served by a later process.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Plugin } from 'vite';
import { realClock } from '../base/clock.ts';
import { type LabBuild, labBuild } from '../network/lab.ts';

const FILE = 'build.json';
const packageFile = v.object({ version: v.string() });

/** The build that the sources under `root` make, now. */
export function buildOf(root: string): LabBuild {
  const { version } = v.parse(packageFile, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const hash = createHash('sha256');
  for (const folder of ['src', 'shaders']) {
    for (const file of sources(join(root, folder))) {
      hash
        .update(`${file.slice(root.length)}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
  return {
    version: `${version}-${hash.digest('hex').slice(0, 8)}`,
    built: Math.round(performance.timeOrigin + realClock.now()),
  };
}

/** Every file below a folder but tests, in one order on every machine. */
function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Puts the build's name beside it. */
export function buildPlugin(build: LabBuild): Plugin {
  return {
    name: 'murmuration:build',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: FILE, source: JSON.stringify(build) });
    },
  };
}

/** The name of a finished build, or null if it carries none. */
export function servedBuild(outDir: string): LabBuild | null {
  try {
    return v.parse(labBuild, JSON.parse(readFileSync(join(outDir, FILE), 'utf8')));
  } catch {
    return null;
  }
}
