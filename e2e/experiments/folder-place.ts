/** Makes the place of a run's folder, and removes it again if nothing came of it. */
import { lstat, mkdir, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../file-trouble.ts';

export const exists = (file: string) =>
  lstat(file).then(
    () => true,
    () => false,
  );

/** Removes a folder and those around it up to `made`, as far as they are empty. */
export async function removeEmpty(folder: string, made: string | undefined): Promise<void> {
  if (made === undefined) return;
  const top = path.resolve(made);
  for (let empty = path.resolve(folder); empty.startsWith(top); empty = path.dirname(empty)) {
    const gone = await rmdir(empty).then(
      () => true,
      () => false,
    );
    if (!gone) return;
  }
}

/**
 * Makes a folder and those around it, one after another: Node's own way of making them all never ends where
 * the system denies that the parent exists, as /proc does.
 * @returns the topmost that was made, or undefined if all were there.
 */
export async function makeFolders(folder: string): Promise<string | undefined> {
  const parent = path.dirname(folder);
  const made = parent === folder || (await exists(parent)) ? undefined : await makeFolders(parent);
  try {
    await mkdir(folder);
    return made ?? folder;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error;
    return made;
  }
}

/** Makes a folder that was not there, numbered if its name is taken. */
export async function makeNew(name: string): Promise<{ folder: string; made: string }> {
  const parents = await makeFolders(path.dirname(name));
  for (let count = 1; ; count++) {
    const folder = count === 1 ? name : `${name}-${count}`;
    try {
      await mkdir(folder);
      return { folder, made: parents ?? folder };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}
