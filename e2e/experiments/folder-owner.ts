/**
 * Who is writing into a run's folder. A run keeps what it has not finished in a folder `unfinished` inside
 * its own; making that is what reserves the place, and `owner.json` in it says which process did. A run that
 * was cut off leaves it behind.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as v from 'valibot';
import { codeOf } from '../file-trouble.ts';

export const UNFINISHED = 'unfinished';
const OWNER = 'owner.json';

const owner = v.object({
  /** Process, or null once it has given up and left what it had. */
  pid: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1))),
  host: v.pipe(v.string(), v.maxLength(255)),
  token: v.pipe(v.string(), v.maxLength(64)),
  /** Files of the folder that may be replaced: filled in when the new ones move in. */
  files: v.pipe(v.array(v.pipe(v.string(), v.maxLength(255))), v.maxLength(10_000)),
});
export type Owner = v.InferOutput<typeof owner>;

export function newOwner(): Owner {
  return { pid: process.pid, host: os.hostname(), token: crypto.randomUUID(), files: [] };
}

/** Whose `unfinished` this is; null if no run's. */
export async function readOwner(staging: string): Promise<Owner | null> {
  try {
    return v.parse(owner, JSON.parse(await readFile(path.join(staging, OWNER), 'utf8')));
  } catch {
    return null;
  }
}

export async function writeOwner(staging: string, about: Owner): Promise<void> {
  await writeFile(path.join(staging, OWNER), JSON.stringify(about), { flush: true });
}

/** Whether it may still be at work: of another machine nobody knows. */
export function isAtWork({ pid, host }: Owner): boolean {
  if (pid === null) return false;
  if (host !== os.hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/**
 * Makes `unfinished` with its owner inside, in one step; false if there is one already.
 * @throws the system's error if the folder cannot be written to.
 */
export async function reserve(folder: string, about: Owner): Promise<boolean> {
  const draft = path.join(folder, `${UNFINISHED}-${about.token}`);
  await mkdir(draft);
  try {
    await writeOwner(draft, about);
    await rename(draft, path.join(folder, UNFINISHED));
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // A folder with something in it cannot be renamed over; Windows says EPERM.
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error))) return false;
    if (codeOf(error) === 'EPERM' && (await readOwner(path.join(folder, UNFINISHED))) !== null) return false;
    throw error;
  }
}

/** Removes what a run that is no longer at work left; only if it is still the same. */
export async function clearAway(folder: string, left: Owner): Promise<void> {
  const staging = path.join(folder, UNFINISHED);
  const aside = path.join(folder, `${UNFINISHED}-${crypto.randomUUID()}`);
  await rename(staging, aside);
  if ((await readOwner(aside))?.token === left.token) await rm(aside, { recursive: true });
  // Somebody else cleared it away first, and this is theirs.
  else await rename(aside, staging);
}
