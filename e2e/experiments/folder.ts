/**
 * The folder of a run. It is reserved before anything is trained, by really making it: what cannot be
 * written to is found then. Files are written beside their places, in `unfinished` (see `folder-owner.ts`),
 * and moved when all are there, run.json last: a run.json means that everything is there.
 *
 * Only what a run of this tool wrote is ever replaced or removed: its run.json names its `files`.
 */
import { rmSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import { whyNot } from '../file-trouble.ts';
import { placeOf } from '../sentence.ts';
import {
  clearAway,
  isAtWork,
  newOwner,
  type Owner,
  readOwner,
  reserve,
  UNFINISHED,
  writeOwner,
} from './folder-owner.ts';
import { exists, makeFolders, makeNew, removeEmpty } from './folder-place.ts';

/** The outputs have no place, or could not be written; one sentence that says where what there is can be found. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

const RECORD = 'run.json';
/** What a run may write. Nothing else is ever touched, whatever a run.json says. */
const OWN =
  /^(?:run\.json|metrics\.csv|timing\.csv|trace\.jsonl|(?:model(?:-[a-z0-9-]+)?|state-\d+)\.(?:safetensors|onnx))$/;
/** The names are what counts; the hashes are for people. */
const record = v.object({ files: v.record(v.string(), v.string()) });

/** What the run.json in this folder says that its run wrote; none if there is no such file. */
async function recorded(folder: string): Promise<readonly string[]> {
  try {
    const { files } = v.parse(record, JSON.parse(await readFile(path.join(folder, RECORD), 'utf8')));
    return [RECORD, ...Object.keys(files)];
  } catch {
    return [];
  }
}

export class RunFolder {
  readonly path: string;
  /** Files of an earlier run that this one will replace. */
  readonly replaces: readonly string[];
  readonly #owner: Owner;
  /** Topmost folder that was made for this run, or undefined. */
  readonly #made: string | undefined;
  readonly #written: string[] = [];
  /** A process that ends at once leaves nothing behind, unless there is something to keep. */
  readonly #leave = () => {
    if (this.#written.length === 0) rmSync(this.unfinished, { recursive: true, force: true });
  };

  constructor(folder: string, owner: Owner, replaces: readonly string[], made: string | undefined) {
    this.path = folder;
    this.#owner = owner;
    this.replaces = replaces;
    this.#made = made;
    process.on('exit', this.#leave);
  }

  get unfinished(): string {
    return path.join(this.path, UNFINISHED);
  }

  /** Names of the files so far: what run.json is to hold as `files`. */
  get written(): readonly string[] {
    return this.#written;
  }

  /** Where what is complete lies, in a sentence; '' if nothing is. */
  get rest(): string {
    const [first, ...more] = this.#written;
    if (first === undefined) return '';
    const and = more.length === 0 ? '' : ` and ${more.length} more`;
    return ` What is complete (${first}${and}) is in ${this.unfinished}.`;
  }

  /** Writes one file, whole or not at all. @throws {OutputError} */
  async write(name: string, content: string | Uint8Array | Iterable<string>): Promise<void> {
    if (!OWN.test(name)) throw new Error(`${name} is no name of an output; add it to OWN.`);
    const file = path.join(this.unfinished, name);
    try {
      await writeFile(file, content, { flush: true });
    } catch (error) {
      await rm(file, { force: true });
      throw new OutputError(`${name} could not be written: ${whyNot(error)}.${this.rest}`, { cause: error });
    }
    this.#written.push(name);
  }

  /** Moves everything into place, and what an earlier run left out of it. @throws {OutputError} */
  async complete(): Promise<void> {
    const names = [...this.#written.filter((name) => name !== RECORD), RECORD];
    try {
      for (const name of names) {
        if (!this.replaces.includes(name) && (await exists(path.join(this.path, name)))) {
          throw new OutputError(`${name} has appeared in ${this.path} and is not this run's.${this.rest}`);
        }
      }
      // Should the process die halfway, the next one knows whose these are.
      const files = [...new Set([...this.replaces, ...names])];
      await writeOwner(this.unfinished, { ...this.#owner, files });
      const old = this.replaces.filter((name) => name !== RECORD && !names.includes(name));
      for (const name of [RECORD, ...old]) await rm(path.join(this.path, name), { force: true });
      for (const name of names) await rename(path.join(this.unfinished, name), path.join(this.path, name));
      await rm(this.unfinished, { recursive: true });
    } catch (error) {
      if (error instanceof OutputError) throw error;
      throw new OutputError(`${this.path} could not be completed: ${whyNot(error)}.${this.rest}`, {
        cause: error,
      });
    }
    process.off('exit', this.#leave);
    this.#written.length = 0;
  }

  /** Leaves what was written, for whoever reads the sentence; or, if that is nothing, no trace of the run. */
  async leave(): Promise<void> {
    process.off('exit', this.#leave);
    if (!(await exists(this.unfinished))) return;
    if (this.#written.length > 0) {
      await writeOwner(this.unfinished, { ...this.#owner, pid: null }).catch(() => undefined);
      return;
    }
    await rm(this.unfinished, { recursive: true, force: true });
    await removeEmpty(this.path, this.#made);
  }

  /** As if it had not been: for a run that has nothing to say. */
  async discard(): Promise<void> {
    this.#written.length = 0;
    await this.leave();
  }
}

/** Reserves the folder; files that a run which was cut off may have left half replaced. */
async function take(folder: string, owner: Owner, force: boolean): Promise<readonly string[]> {
  if (await reserve(folder, owner)) return [];
  const staging = path.join(folder, UNFINISHED);
  const there = await readOwner(staging);
  if (there === null) {
    if (await exists(staging)) {
      throw new OutputError(`${staging} is in the way, and no run made it: choose another --out.`);
    }
    return take(folder, owner, force);
  }
  if (isAtWork(there)) {
    const who = `process ${there.pid} on ${there.host}`;
    throw new OutputError(
      `Another run (${who}) is writing into ${folder}: choose another --out, or remove ${staging} if it is long gone.`,
    );
  }
  if (!force) {
    throw new OutputError(
      `${folder} holds what a run that was cut off left (${staging}): choose another --out, or replace it with --force.`,
    );
  }
  await clearAway(folder, there);
  return [...there.files, ...(await take(folder, owner, false))];
}

/** Files of an earlier run that are to be replaced. @throws {OutputError} if that is not allowed. */
async function toReplace(
  folder: string,
  left: readonly string[],
  force: boolean,
): Promise<readonly string[]> {
  const there = (await readdir(folder)).filter((name) => OWN.test(name));
  const [first] = there;
  if (first === undefined) return [];
  if (!force) {
    throw new OutputError(
      `${folder} is used already (${first} is there): choose another --out, or replace the run in it with --force.`,
    );
  }
  const known = new Set([...(await recorded(folder)), ...left]);
  const stranger = there.find((name) => !known.has(name));
  if (stranger === undefined) return there;
  throw new OutputError(
    `${folder} holds ${stranger}, which no run is known to have written, so that not even --force replaces it: choose another --out.`,
  );
}

/** Reserves a folder that is there. */
async function openHere(folder: string, made: string | undefined, force: boolean): Promise<RunFolder> {
  const owner = newOwner();
  const left = await take(folder, owner, force);
  try {
    return new RunFolder(folder, owner, await toReplace(folder, left, force), made);
  } catch (error) {
    const staging = path.join(folder, UNFINISHED);
    // What a run that was cut off while it moved in left is still nobody else's.
    if (left.length > 0) await writeOwner(staging, { ...owner, pid: null, files: [...left] });
    else await rm(staging, { recursive: true });
    throw error;
  }
}

/**
 * @param out what the person chose; null for a new folder, named `standard` or numbered after it.
 * @throws {OutputError} in one sentence, before anything is trained.
 */
export async function openRunFolder(
  out: string | null,
  standard: string,
  force: boolean,
): Promise<RunFolder> {
  try {
    const { folder, made } =
      out === null ? await makeNew(standard) : { folder: out, made: await makeFolders(out) };
    try {
      return await openHere(folder, made, force);
    } catch (error) {
      await removeEmpty(folder, made);
      throw error;
    }
  } catch (error) {
    if (error instanceof OutputError) throw error;
    const place = placeOf(out ?? standard);
    throw new OutputError(`${place} cannot be written to: ${whyNot(error)}; choose another --out.`, {
      cause: error,
    });
  }
}
