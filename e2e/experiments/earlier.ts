/**
 * An earlier run's folder, to go on from: its recipe, where it ran, and each worker's state, or, where it kept
 * none, each worker's model. Everything in it may be damaged or made up; it is checked before anything runs.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import * as v from 'valibot';
import type { Layout } from '../../src/base/layout.ts';
import { OptionError } from '../../src/base/options.ts';
import { decodeModel, ModelFileError } from '../../src/models/model-file.ts';
import { SafetensorsError } from '../../src/models/safetensors.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { parseRecipe } from '../../src/recipe/schema.ts';
import { LossWindow } from '../../src/session/loss-window.ts';
import {
  decodeState,
  encodeState,
  MAX_STATE_BYTES,
  SavedStateError,
  type SavedWorker,
} from '../../src/session/saved-state.ts';
import { codeOf, whyNot } from '../file-trouble.ts';
import { oneLine } from '../sentence.ts';

const MAX_RECORD_BYTES = 67_108_864;
const MAX_TABLE_BYTES = 1_073_741_824;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const record = v.object({
  config: v.record(v.string(), v.unknown()),
  local: v.object({
    tabs: v.pipe(count, v.minValue(1)),
    workersPerTab: v.pipe(count, v.minValue(1)),
    transport: v.picklist(['webrtc', 'broadcast', 'memory']),
    backend: v.picklist(['auto', 'webgpu', 'cpu']),
    clock: v.picklist(['real', 'virtual']),
  }),
  summary: v.object({
    seconds: amount,
    simulatedSeconds: v.nullable(amount),
    bytesUncompressed: amount,
    bytesControl: amount,
    bytesResync: amount,
    gradientSteps: amount,
  }),
  workers: v.array(v.object({ seat: count, rounds: count, bytesSent: amount, bytesReceived: amount })),
  /** Of the files, their SHA-256. */
  files: v.record(v.string(), v.string()),
});
type Told = v.InferOutput<typeof record>;

/** An earlier run, as its run.json tells it. */
export interface Earlier {
  /** As it was typed. */
  readonly folder: string;
  /** SHA-256 of its run.json, which has those of all other files. */
  readonly sha256: string;
  readonly recipe: Recipe;
  readonly local: Told['local'];
  readonly summary: Told['summary'];
  readonly workers: Told['workers'];
  readonly files: Told['files'];
}

/** The bytes of a file that a person named. @throws {OptionError} in one sentence, also for what is no file, or has no end. */
export async function readBounded(file: string, most: number): Promise<Uint8Array> {
  try {
    const handle = await open(file, 'r');
    try {
      const about = await handle.stat();
      if (about.isDirectory()) throw new OptionError(`${file} is a folder, not a file.`);
      if (!about.isFile()) throw new OptionError(`${file} is no ordinary file.`);
      if (about.size > most) {
        throw new OptionError(`${file} has ${about.size} bytes; at most ${most} are read.`);
      }
      // Node's own kind of bytes does not reach a page as such.
      return new Uint8Array(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof OptionError) throw error;
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : whyNot(error);
    throw new OptionError(`${file} cannot be read: ${why}.`);
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** @throws {OptionError} in one sentence. */
export async function readEarlier(folder: string): Promise<Earlier> {
  const file = path.join(folder, 'run.json');
  const bytes = await readBounded(file, MAX_RECORD_BYTES);
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new OptionError(`${file} is not JSON: no run of this lab wrote it.`);
  }
  const result = v.safeParse(record, parsed, { abortEarly: true });
  if (!result.success) {
    const where = v.getDotPath(result.issues[0]) ?? 'it';
    throw new OptionError(
      oneLine(`${file} is not of a run that can be continued: its "${where}" is missing or wrong.`),
    );
  }
  const { config, ...told } = result.output;
  try {
    return { folder, sha256: sha256(bytes), recipe: parseRecipe(JSON.stringify(config)), ...told };
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new OptionError(`The recipe in ${file} is none of this lab's: ${error.message}`);
  }
}

/** A file of the run, the very one that it wrote. @throws {OptionError} */
async function own({ folder, files }: Earlier, name: string, most: number): Promise<Uint8Array> {
  const file = path.join(folder, name);
  const bytes = await readBounded(file, most);
  if (files[name] !== sha256(bytes)) {
    throw new OptionError(`${file} is not the file that the run wrote: its SHA-256 is not that in run.json.`);
  }
  return bytes;
}

/** metrics.csv or timing.csv. @throws {OptionError} */
export async function tableOf(earlier: Earlier, name: 'metrics.csv' | 'timing.csv'): Promise<string> {
  return new TextDecoder().decode(await own(earlier, name, MAX_TABLE_BYTES));
}

/** What the workers had: their whole states, or the parameters alone. */
export interface EarlierStates {
  readonly whole: boolean;
  /** The most rounds that any worker has done. */
  readonly round: number;
  /** All have done as many. */
  readonly even: boolean;
  readonly dealt: number;
  /** State files, of seats 0, 1, and so on. */
  readonly files: readonly Uint8Array[];
}

/** A worker of whom there is its model. */
function bare(earlier: Earlier, told: Told['workers'][number], x: Float32Array): SavedWorker {
  const { recipe, summary, workers } = earlier;
  const { seat, rounds: round, bytesSent, bytesReceived } = told;
  const share = (total: number) => total / workers.length;
  return {
    ...{ whole: false, seat, round, since: round, state: { x } },
    dealt: Math.max(recipe.seats, workers.length),
    simulated: (summary.simulatedSeconds ?? 0) * 1000,
    totals: {
      ...{ bytesSent, bytesReceived },
      // Of these only the sum over all workers is known.
      bytesUncompressed: share(summary.bytesUncompressed),
      gradients: share(summary.gradientSteps),
    },
    ...{ sentTo: [], staleness: [], late: [], losses: new LossWindow().record() },
  };
}

/** @throws {OptionError} in one sentence. */
export async function statesOf(earlier: Earlier, layout: Layout): Promise<EarlierStates> {
  const { folder, workers, files: known, local } = earlier;
  const expected = local.tabs * local.workersPerTab;
  const told = workers.toSorted((a, b) => a.seat - b.seat);
  if (told.length !== expected || told.some(({ seat }, rank) => seat !== rank)) {
    throw new OptionError(
      `The run in ${folder} had other workers at its end than at its start, and cannot be continued: --start-from a model of it begins another.`,
    );
  }
  const stateOf = (seat: number) => `state-${seat}.safetensors`;
  const whole = told.every(({ seat }) => known[stateOf(seat)] !== undefined);
  const saved: SavedWorker[] = [];
  for (const each of told) {
    const name = whole ? stateOf(each.seat) : `model-${each.seat}.safetensors`;
    const bytes = await own(earlier, name, MAX_STATE_BYTES);
    try {
      const worker = whole
        ? decodeState(bytes, layout)
        : bare(earlier, each, decodeModel(bytes, layout).parameters);
      if (worker.seat !== each.seat) throw new SavedStateError('It is of another worker.');
      saved.push(worker);
    } catch (error) {
      const foreign = [SavedStateError, ModelFileError, SafetensorsError].some(
        (kind) => error instanceof kind,
      );
      if (!foreign || !(error instanceof Error)) throw error;
      throw new OptionError(`${path.join(folder, name)} cannot be gone on from: ${error.message}`);
    }
  }
  const rounds = saved.map(({ round }) => round);
  const round = Math.max(...rounds);
  if (round === 0) throw new OptionError(`The run in ${folder} has no finished round: run it anew instead.`);
  return {
    ...{ whole, round, even: rounds.every((each) => each === round) },
    dealt: saved[0]?.dealt ?? expected,
    files: saved.map(encodeState),
  };
}
