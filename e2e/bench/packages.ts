/** Packages that only benchmarks need: fetched when one runs, exact versions, so that `npm ci` stays small. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../experiments/lab-build.ts';

const CACHE = path.join(ROOT, 'node_modules', '.cache', 'murmuration-bench');

export class PackagesError extends Error {
  override readonly name = 'PackagesError';
}

/**
 * The folder in whose node_modules they are, each set in one of its own.
 * @throws {PackagesError} if npm cannot fetch them.
 */
export function ensurePackages(
  set: string,
  versions: Readonly<Record<string, string>>,
  say: (line: string) => void,
): string {
  const folder = path.join(CACHE, set);
  const manifest = `${JSON.stringify({ private: true, dependencies: versions }, null, 2)}\n`;
  const done = path.join(folder, 'installed.json');
  if (existsSync(done) && readFileSync(done, 'utf8') === manifest) return folder;
  say(`fetching ${Object.keys(versions).join(', ')}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), manifest);
  const npm = spawnSync(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: 600_000,
      shell: process.platform === 'win32',
    },
  );
  if (npm.status !== 0) {
    throw new PackagesError(`npm could not fetch ${Object.keys(versions)}:\n${npm.stderr.slice(-1000)}`);
  }
  writeFileSync(done, manifest);
  return folder;
}
