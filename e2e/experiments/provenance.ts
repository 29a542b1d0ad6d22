/**
 * Where a run comes from, so that its figures can be quoted and had again: the sources, the command, the
 * start, and the hash of every file as it was written. Nothing here names a folder that the person did not.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Source, sourceOf } from '../../src/server/source.ts';
import { ROOT } from './lab-build.ts';

export interface Provenance extends Source {
  /** What was typed, as a line for a POSIX shell in the lab's folder. */
  readonly command: string;
  /** When it began, in UTC (ISO 8601). */
  readonly startedAt: string;
}

/** What a shell takes as one plain word; everything else is put into single quotes. */
const PLAIN = /^[\w@%+=:,./-]+$/;

function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** `npm run SCRIPT -- …`, to be pasted into a shell. */
export function commandLine(script: string, args: readonly string[]): string {
  return ['npm', 'run', script, ...(args.length > 0 ? ['--', ...args] : [])].map(quoted).join(' ');
}

/** Of a program that begins now. */
export function provenanceOf(script: string, args: readonly string[], now: Date): Provenance {
  return { ...sourceOf(ROOT), command: commandLine(script, args), startedAt: now.toISOString() };
}

/** SHA-256 (hex) of a file's bytes. */
export async function fileHash(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** SHA-256 of the files in a folder that `wanted` takes, by name, in the order of their names. */
export async function fileHashes(
  folder: string,
  wanted: (name: string) => boolean,
): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).filter(wanted).sort();
  const hashes: Record<string, string> = {};
  for (const name of names) hashes[name] = await fileHash(path.join(folder, name));
  return hashes;
}
