/**
 * The built lab in `dist`: whether it is still what the sources make, and making it anew. A build is made
 * beside and put in its place when it is whole, so that nobody is ever served half of one.
 */
import { spawn } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { madeFromNow, madeFromThen } from '../../src/server/made-from.ts';
import { codeOf, whyNot } from '../file-trouble.ts';
import { oneLine } from '../sentence.ts';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const DIST = path.join(ROOT, 'dist');

export class BuildError extends Error {
  override readonly name = 'BuildError';
  /** It is the place that is against it, not the sources. */
  readonly unwritable: boolean;

  constructor(
    message: string,
    { unwritable = false, ...options }: ErrorOptions & { unwritable?: boolean } = {},
  ) {
    super(message, options);
    this.unwritable = unwritable;
  }
}

/** `renamed`: of the same sources, which have another commit by now. */
export type BuildState = 'current' | 'renamed' | 'old' | 'none';

export function buildState(): BuildState {
  const then = madeFromThen(DIST);
  if (then === null) return 'none';
  const now = madeFromNow(ROOT);
  if (then.files !== now.files) return 'old';
  return then.source === now.source ? 'current' : 'renamed';
}

/** The line of what a build said that says what was wrong. */
function complaintIn(said: string): string {
  const plain = stripVTControlCharacters(said);
  const lines = plain.split('\n').filter((line) => line.trim() !== '');
  return oneLine(
    lines.find((line) => /error|E[A-Z]{4,}/i.test(line)) ?? lines.at(-1) ?? 'it said nothing',
    160,
  );
}

/** Vite's build into this folder; what was wrong with it, or null. */
async function runVite(outDir: string): Promise<string | null> {
  const vite = path.join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  // Vite and Vitest have put theirs into this process; a build by them would have React's development half.
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: 'production' };
  // Where and as what it is served is none of a build's business, nor is what is wrong about that.
  for (const setting of ['PORT', 'HOST', 'MURMURATION_ROOM', 'MURMURATION_HOSTS']) delete env[setting];
  const child = spawn(process.execPath, [vite, 'build', '--configLoader', 'runner', '--outDir', outDir], {
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
  return code === 0 ? null : complaintIn(said.join(''));
}

/** @throws {BuildError} in one sentence. */
export async function build(say: (line: string) => void): Promise<void> {
  const draft = `${DIST}-${process.pid}`;
  try {
    await mkdir(draft);
  } catch (error) {
    throw new BuildError(`The lab cannot be built in ${ROOT}: ${whyNot(error)}.`, {
      unwritable: true,
      cause: error,
    });
  }
  say('building the lab');
  const wrong = await runVite(draft);
  if (wrong !== null || madeFromThen(draft) === null) {
    await rm(draft, { recursive: true, force: true });
    throw new BuildError(
      `The lab could not be built (${wrong ?? 'not all of it is there'}): "npm run build" shows it all.`,
    );
  }
  const old = `${draft}-old`;
  await rename(DIST, old).catch((error) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
  // Should another build have been put there in between, it is as good as this one.
  await rename(draft, DIST).catch(() => rm(draft, { recursive: true }));
  await rm(old, { recursive: true, force: true });
}

/** Builds unless there is a build of just these sources. @throws {BuildError} */
export async function ensureBuilt(say: (line: string) => void): Promise<void> {
  const state = buildState();
  if (state === 'old' || state === 'none') await build(say);
}
