/**
 * The built lab on a free port, with its own signalling server: what a person gets from `npm start`.
 * Builds first if there is no build or something it was made from is newer.
 */
import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { preview } from 'vite';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
/** What a build is made from. */
const SOURCES = ['index.html', 'vite.config.ts', 'package-lock.json', 'src', 'shaders', 'public'];

export class BuildError extends Error {
  override readonly name = 'BuildError';
}

/** Time of the newest file in a file or folder, in milliseconds; 0 if there is none. */
async function newest(entry: string): Promise<number> {
  const found = await stat(entry).catch(() => null);
  if (found === null) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  // A test is no part of a build.
  const names = (await readdir(entry)).filter((name) => !/\.test\.tsx?$/.test(name));
  return Math.max(0, ...(await Promise.all(names.map((name) => newest(path.join(entry, name))))));
}

async function isStale(): Promise<boolean> {
  const built = await newest(path.join(ROOT, 'dist', 'index.html'));
  const changed = await Promise.all(SOURCES.map((name) => newest(path.join(ROOT, name))));
  return built < Math.max(...changed);
}

/** @throws {BuildError} with the end of what the build said. */
export async function ensureBuilt(say: (line: string) => void): Promise<void> {
  if (!(await isStale())) return;
  say('building the lab');
  const vite = path.join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  // Vite and Vitest have put theirs into this process; a build by them would have React's development half.
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = spawn(process.execPath, [vite, 'build'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  child.stdout.on('data', (text) => said.push(String(text)));
  child.stderr.on('data', (text) => said.push(String(text)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new BuildError(`The lab could not be built:\n${said.join('').slice(-2000)}`);
}

export interface LabServer {
  /** Address with a closing slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** `port`: 0 for any that is free; `host`: 0.0.0.0 for others, too. */
export async function serveLab(
  say: (line: string) => void,
  { port = 0, host = '127.0.0.1' } = {},
): Promise<LabServer> {
  await ensureBuilt(say);
  const server = await preview({
    root: ROOT,
    logLevel: 'warn',
    preview: { host, port, strictPort: false, open: false },
  });
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new BuildError('The lab was built, but its server has no address.');
  return { url, close: () => server.close() };
}
