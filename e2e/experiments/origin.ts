/**
 * Where a run begins, if not at the seed's x_0: at a model from a file, or where an earlier run was. What is
 * given is checked before any tab opens; then the tabs are told, and the run starts from there.
 */

import { ALGORITHMS } from '../../src/algorithms/index.ts';
import type { Layout } from '../../src/base/layout.ts';
import { OptionError, textOption } from '../../src/base/options.ts';
import { findEntry } from '../../src/base/registry.ts';
import { decodeModel, ModelFileError } from '../../src/models/model-file.ts';
import { SafetensorsError } from '../../src/models/safetensors.ts';
import type { Snapshot } from '../../src/session/snapshot.ts';
import { type Earlier, readBounded, sha256, statesOf, tableOf } from './earlier.ts';
import type { Experiment } from './flags.ts';
import type { Tab } from './ledger.ts';

/** A model file: no model of this lab is near it. */
const MAX_MODEL_BYTES = 268_435_456;

/** What run.json says of it. */
export type Parent =
  | {
      readonly kind: 'model';
      /** As it was typed. */
      readonly file: string;
      /** Of the file. */
      readonly sha256: string;
    }
  | {
      readonly kind: 'run';
      /** As it was typed. */
      readonly folder: string;
      /** Of its run.json, which has those of its other files. */
      readonly sha256: string;
      /** Rounds that it had done. */
      readonly round: number;
      /** The run is, but for measured times, the one that it would be without an interruption. */
      readonly exact: boolean;
      /** Why it is not, in a sentence; null if it is. */
      readonly note: string | null;
    };

export interface Origin {
  readonly parent: Parent;
  /** The round that all workers are at once they have heard. */
  readonly round: number;
  /** Gives the tabs what they need and has them begin again from it; resolves once it is on its way. */
  tell(tabs: readonly Tab[], snapshotOf: (tab: Tab) => Snapshot | undefined): Promise<void>;
}

/** What an earlier run had measured. */
export interface Before extends Pick<Earlier, 'summary'> {
  readonly metrics: string;
  readonly timing: string;
  readonly round: number;
  readonly evalEvery: number;
}

/** @throws {OptionError} in one sentence, if the file is no model for this recipe. */
export async function modelOrigin(file: string, layout: Layout): Promise<Origin> {
  const bytes = await readBounded(file, MAX_MODEL_BYTES);
  try {
    decodeModel(bytes, layout);
  } catch (error) {
    if (error instanceof ModelFileError)
      throw new OptionError(`${file} cannot be started from. ${error.message}`);
    if (!(error instanceof SafetensorsError)) throw error;
    throw new OptionError(`${file} is not a safetensors file of 32-bit numbers: ${error.message}`);
  }
  return {
    parent: { kind: 'model', file, sha256: sha256(bytes) },
    round: 0,
    async tell([first]) {
      await first?.ask('import', { bytes });
    },
  };
}

/** Why going on cannot be exact, in a sentence; null if it is. */
function inexactness(
  { recipe, local, run }: Experiment,
  earlier: Earlier,
  states: { whole: boolean; even: boolean },
): string | null {
  const { asynchronous } = findEntry('algorithm', ALGORITHMS, recipe.algorithm.id);
  const { options } = recipe.algorithm;
  if (!states.whole) {
    return 'Only the models were kept: momenta, residuals and whatever else the algorithm remembers begin anew.';
  }
  if (asynchronous === true) {
    return 'Messages of an asynchronous algorithm that were under way are lost: workers go on with their states as after a change of members.';
  }
  if (!states.even) {
    return 'The workers had not all done the same rounds: they go on as after a change of members.';
  }
  if (Object.hasOwn(options, 'lane') && textOption(options, 'lane') === 'lossy') {
    return 'What the lossy lane loses is decided by when packets come, which is another time now.';
  }
  const { tabs, workersPerTab, backend } = earlier.local;
  if (tabs !== run.tabs || workersPerTab !== local.workers || backend !== local.backend) {
    return 'Other tabs, or another backend, compute now: sums may be rounded differently.';
  }
  return null;
}

/** @throws {OptionError} in one sentence, if that run cannot be gone on with. */
export async function earlierOrigin(
  earlier: Earlier,
  experiment: Experiment,
  layout: Layout,
): Promise<{ origin: Origin; before: Before }> {
  const { folder } = earlier;
  const { recipe, run, local } = experiment;
  const states = await statesOf(earlier, layout);
  const { round, files } = states;
  if (run.tabs * local.workers !== files.length) {
    throw new OptionError(`The run in ${folder} has ${files.length} workers, and goes on with as many.`);
  }
  if (recipe.rounds > 0 && recipe.rounds <= round) {
    throw new OptionError(
      `The run in ${folder} has done ${round} rounds: say with --rounds which round it is to go on to.`,
    );
  }
  const note = inexactness(experiment, earlier, states);
  const { asynchronous } = findEntry('algorithm', ALGORITHMS, recipe.algorithm.id);
  // What the states can do; what else speaks against the same bytes is told, and changes nothing about this.
  const exact = states.whole && states.even && asynchronous !== true;
  const resumed = { id: earlier.sha256, round, dealt: states.dealt, workers: files.length, exact };
  const origin: Origin = {
    parent: { kind: 'run', folder, sha256: earlier.sha256, round, exact: note === null, note },
    round,
    async tell(tabs, snapshotOf) {
      for (const tab of tabs) {
        const mine = snapshotOf(tab)?.workers.filter((worker) => worker.mine) ?? [];
        const held = mine.flatMap(({ seat }) => files[seat] ?? []);
        await tab.ask('resume', { id: resumed.id, files: held });
      }
      await tabs[0]?.send({ kind: 'command', command: { kind: 'reset', resumed } });
    },
  };
  const {
    summary,
    recipe: { evalEvery },
  } = earlier;
  const [metrics, timing] = [await tableOf(earlier, 'metrics.csv'), await tableOf(earlier, 'timing.csv')];
  return { origin, before: { summary, metrics, timing, round, evalEvery } };
}

/**
 * A table of the whole run: of the earlier part the rows that a run without an interruption would have, then
 * the rows of this part. If a build of other columns wrote the earlier part, this part alone.
 */
export function joinTables(earlier: string, { round, evalEvery }: Before, now: string): string {
  const [head = '', ...before] = earlier.trimEnd().split('\n');
  const [header = '', ...rows] = now.trimEnd().split('\n');
  const column = header.split(',').indexOf('round');
  if (head !== header || column < 0) return now;
  const kept = before.filter((line) => {
    const at = Number(line.split(',')[column]);
    return at <= round && at % evalEvery === 0;
  });
  return `${[header, ...kept, ...rows].join('\n')}\n`;
}
