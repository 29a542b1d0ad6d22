/**
 * Files that are made once and kept (Node only: packed data, compiled programs). Written apart and renamed,
 * because builds and tests may run at the same time, and nobody may read half of one.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** @throws the system's error; nothing of the file is left then. */
export function keepFile(file: string, content: string | Uint8Array): void {
  const draft = `${file}.${process.pid}`;
  mkdirSync(dirname(file), { recursive: true });
  try {
    writeFileSync(draft, content);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** As `keepFile`; false where there is no place for it, so that whoever needs it again makes it again. */
export function keepIfPossible(file: string, content: string | Uint8Array): boolean {
  try {
    keepFile(file, content);
    return true;
  } catch {
    return false;
  }
}
