/**
 * `npm run experiment -- …`: one recipe, run to its end, as files. Standard output has the summary alone;
 * progress and troubles go to standard error.
 */
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { OptionError } from '../../src/base/options.ts';
import { findEntry } from '../../src/base/registry.ts';
import { DataError } from '../../src/data/dataset.ts';
import { DATASETS } from '../../src/data/index.ts';
import { refusesOnnx } from '../../src/models/onnx.ts';
import { caution, refusalOf } from '../../src/recipe/legality.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import type { Assets } from '../../src/session/assets.ts';
import { messageOf, oneLine } from '../sentence.ts';
import { type Collected, drive, RunFailure } from './drive.ts';
import type { Flock } from './drive-browser.ts';
import { type Earlier, readEarlier } from './earlier.ts';
import { completeData, openAssets, testEvaluation } from './evaluate.ts';
import { type Experiment, folderToContinue, readExperiment } from './flags.ts';
import { OutputError, openRunFolder, type RunFolder } from './folder.ts';
import { helpText } from './help.ts';
import { BuildError, ROOT } from './lab-build.ts';
import { writeOnnxModels } from './onnx-models.ts';
import { type Before, earlierOrigin, modelOrigin, type Origin } from './origin.ts';
import { defaultFolder, type Environment, writeCollected, writeRecord, writeStates } from './outputs.ts';
import { openProgress, type Progress } from './progress.ts';
import { type Provenance, provenanceOf } from './provenance.ts';
import { regretOf } from './regret.ts';
import { type Summary, summarise, summariseWorkers, summaryText, type WorkerSummary } from './summary.ts';
import { writeTrace } from './trace.ts';

const DONE = 0;
const FAILED = 1;
const USAGE = 2;
const INTERRUPTED = 130;

/** What the states of all workers may take to be kept without being asked for, in bytes. */
const SMALL_STATES = 64_000_000;

function version(name: string): string {
  const require = createRequire(path.join(ROOT, 'package.json'));
  const found: unknown = require(name === 'murmuration' ? './package.json' : `${name}/package.json`);
  const known = typeof found === 'object' && found !== null && 'version' in found;
  return known ? String(found.version) : 'unknown';
}

function environmentOf(browser: string, workers: readonly WorkerSummary[]): Environment {
  const distinct = (values: readonly string[]) => [...new Set(values)].sort().join(', ');
  return {
    browser,
    adapter: distinct(workers.map(({ adapter }) => adapter)),
    backend: distinct(workers.map(({ backend }) => backend)),
    versions: {
      murmuration: version('murmuration'),
      node: process.versions.node,
      playwright: version('playwright'),
      os: `${os.type()} ${os.release()} ${os.arch()}`,
    },
  };
}

const inNode = ({ local }: Experiment) => local.transport === 'memory' && local.backend === 'cpu';

/** What the data has against this run, or null. */
function dataTrouble(experiment: Experiment): string | null {
  const { recipe, run } = experiment;
  const { shape } = findEntry('dataset', DATASETS, recipe.dataset.id);
  if (run.onnx && refusesOnnx(recipe.model.id) !== null) return refusesOnnx(recipe.model.id);
  if (run.targetAccuracy !== null && shape(recipe.dataset.options).classes === 0) {
    return 'There is no accuracy where numbers are predicted: leave out --target-accuracy, use --rounds.';
  }
  return null;
}

async function openFlock(experiment: Experiment, progress: Progress, signal: AbortSignal): Promise<Flock> {
  if (inNode(experiment)) {
    return (await import('./drive-node.ts')).openNodeFlock(experiment);
  }
  return (await import('./drive-browser.ts')).openBrowserFlock(experiment, progress, signal);
}

/** What went wrong while writing, or null. */
async function troubleOf(write: () => Promise<void>): Promise<OutputError | null> {
  try {
    await write();
    return null;
  } catch (error) {
    if (error instanceof OutputError) return error;
    throw error;
  }
}

/** What the run comes from. */
interface Beginning {
  readonly provenance: Provenance;
  readonly origin: Origin | null;
  /** What was measured before this part of the run; null where it is the first. */
  readonly before: Before | null;
}

/** @throws {OptionError} if it cannot begin there. */
async function beginningOf(
  experiment: Experiment,
  earlier: Earlier | null,
  provenance: Provenance,
  { layout }: Assets,
): Promise<Beginning> {
  const { startFrom } = experiment.run;
  if (earlier !== null) return { provenance, ...(await earlierOrigin(earlier, experiment, layout)) };
  const origin = startFrom === null ? null : await modelOrigin(startFrom, layout);
  return { provenance, origin, before: null };
}

/** Writes what was collected, before anything that might fail, then what follows from it. */
async function finish(
  experiment: Experiment,
  { provenance, origin, before }: Beginning,
  folder: RunFolder,
  collected: Collected,
  assets: Assets,
  { browser, trace }: Flock,
): Promise<{ summary: Summary; workers: readonly WorkerSummary[]; trouble: OutputError | null }> {
  const unwritten = await troubleOf(() => writeCollected(folder, experiment, collected, before));
  const evaluate = testEvaluation(assets);
  const { recipe, run } = experiment;
  const workers = await summariseWorkers(collected, recipe, evaluate);
  const regret = await regretOf(collected, run.tabs * experiment.local.workers, assets);
  const { targetAccuracy } = run;
  const limits = { recipe, targetAccuracy };
  const summary = withBefore(await summarise(collected, workers, limits, evaluate, regret), before);
  const write = async () => {
    if (experiment.run.onnx) await writeOnnxModels(folder, collected.models, assets);
    if (trace !== undefined) await writeTrace(folder, trace, collected.startedAt);
    await writeStates(folder, collected);
    const environment = environmentOf(browser, workers);
    const parent = origin?.parent ?? null;
    await writeRecord(folder, experiment, provenance, parent, environment, collected, summary, workers);
    await folder.complete();
  };
  return { summary, workers, trouble: unwritten ?? (await troubleOf(write)) };
}

/** Of the whole run: what the tabs of this part alone know is added to what there was. */
function withBefore(summary: Summary, before: Before | null): Summary {
  if (before === null) return summary;
  const { seconds, bytesControl, bytesResync } = before.summary;
  return {
    ...summary,
    seconds: seconds + summary.seconds,
    bytesControl: bytesControl + summary.bytesControl,
    bytesResync: bytesResync + summary.bytesResync,
  };
}

/** Whether anybody has finished a round. */
function hasTrained({ models, rows }: Collected): boolean {
  return models.some(({ round }) => round > 0) || rows.some(({ round }) => round > 0);
}

/** Runs the flock, writes and says what came of it. */
async function driveAndWrite(
  experiment: Experiment,
  beginning: Beginning,
  flock: Flock,
  folder: RunFolder,
  assets: Assets,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const { recipe, local, run } = experiment;
  const plan = {
    workersPerTab: local.workers,
    rounds: recipe.rounds,
    seconds: run.seconds,
    target:
      run.targetAccuracy === null
        ? null
        : { accuracy: run.targetAccuracy, recipe, evaluate: testEvaluation(assets) },
    origin: beginning.origin,
    stateBytes: { auto: SMALL_STATES, always: Number.MAX_SAFE_INTEGER, never: 0 }[run.keepState],
    pace: flock.pace,
  };
  const collected = await drive(flock.tabs, plan, progress, signal);
  const ended = collected.stoppedBy === 'interrupt' ? INTERRUPTED : FAILED;
  if (folder.replaces.length > 0 && !hasTrained(collected)) {
    await folder.discard();
    progress.end();
    const why = collected.failure ?? 'Stopped before the first round was done.';
    complain(`${folder.path} keeps the run that it had. ${why}`);
    return ended;
  }
  progress.update('writing results');
  const finished = await finish(experiment, beginning, folder, collected, assets, flock);
  const { summary, workers, trouble } = finished;
  progress.end();
  if (collected.failure !== null) complain(collected.failure);
  if (trouble !== null) complain(trouble.message);
  const place = trouble === null ? folder.path : `${folder.unfinished}, not completely`;
  console.log(run.json ? JSON.stringify(summary) : summaryText(summary, workers, place));
  if (trouble !== null) return FAILED;
  return ['interrupt', 'failure'].includes(collected.stoppedBy) ? ended : DONE;
}

/** Why a recipe cannot run, and how it runs all the same where only the mathematics is against it. */
function refusalIn(recipe: Recipe, workers: number): string | null {
  const refused = refusalOf(recipe, workers);
  if (refused?.kind !== 'unsound') return refused?.why ?? null;
  return `${refused.why} (--allow ${refused.control} runs it all the same, as a negative control.)`;
}

const complain = (text: string) => console.error(oneLine(text));

/** Exit code of a run whose flags were right. */
async function runExperiment(
  given: Experiment,
  earlier: Earlier | null,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<number> {
  const experiment = { ...given, recipe: await completeData(given.recipe) };
  const { recipe, local, run } = experiment;
  const workers = run.tabs * local.workers;
  const reason = dataTrouble(experiment) ?? refusalIn(recipe, workers);
  if (reason !== null) {
    complain(reason);
    return USAGE;
  }
  // What is wrong with the data, or with the folder, is said before anything runs.
  const assets = await openAssets(recipe);
  const tooFew = assets.refuses(workers);
  if (tooFew !== null) {
    complain(tooFew);
    return USAGE;
  }
  const beginning = await beginningOf(experiment, earlier, provenance, assets);
  const folder = await openRunFolder(
    run.out,
    defaultFolder(experiment, new Date(provenance.startedAt)),
    run.force,
  );
  const progress = openProgress(process.stderr);
  const doubt = caution(recipe, workers, assets.layout);
  if (doubt !== null) progress.note(doubt);
  const parent = beginning.origin?.parent;
  if (parent?.kind === 'run' && parent.note !== null) {
    progress.note(`This is not the run that it would be without an interruption. ${parent.note}`);
  }
  let flock: Flock | undefined;
  try {
    flock = await openFlock(experiment, progress, signal);
    return await driveAndWrite(experiment, beginning, flock, folder, assets, progress, signal);
  } catch (error) {
    progress.end();
    if (signal.aborted && error === signal.reason) {
      complain('Stopped before the run began.');
      return INTERRUPTED;
    }
    if (folder.rest !== '') complain(folder.rest);
    if (!(error instanceof RunFailure || error instanceof BuildError)) throw error;
    if (process.env.DEBUG) console.error(error);
    complain(error.message);
    return FAILED;
  } finally {
    await folder.leave();
    // What the run came to is known by now; a browser that does not close changes nothing about it.
    await flock?.close().catch((error) => complain(`Closing the tabs failed: ${messageOf(error)}`));
  }
}

export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const continued = folderToContinue(args);
    const earlier = continued === null ? null : await readEarlier(continued);
    const experiment = readExperiment(args, earlier);
    if (experiment !== null) {
      return await runExperiment(experiment, earlier, provenanceOf('experiment', args, new Date()), signal);
    }
    console.log(helpText());
    return DONE;
  } catch (error) {
    if (!(error instanceof OptionError || error instanceof OutputError || error instanceof DataError))
      throw error;
    complain(error.message);
    return error instanceof DataError ? FAILED : USAGE;
  }
}
