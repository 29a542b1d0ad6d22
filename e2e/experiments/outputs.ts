/**
 * The files of a run: first what was collected (metrics.csv, timing.csv, one safetensors file a model), so
 * that nothing which fails later can lose it, and last run.json, with the hashes of the others. `trace.ts` and
 * `onnx-models.ts` add their own in between.
 */
import path from 'node:path';
import { encodeModel } from '../../src/models/model-file.ts';
import { metricsCsv, timingCsv } from './csv.ts';
import type { Collected } from './drive.ts';
import type { Experiment } from './flags.ts';
import type { RunFolder } from './folder.ts';
import { type Before, joinTables, type Parent } from './origin.ts';
import { fileHashes, type Provenance } from './provenance.ts';
import { reportedOf } from './reported.ts';
import type { Summary, WorkerSummary } from './summary.ts';

export interface Environment {
  /** "Chromium 156.0.1", or "none" for a run in Node. */
  readonly browser: string;
  /** Adapters of the workers, each once. */
  readonly adapter: string;
  readonly backend: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** A new folder under results/ that sorts by time and says what ran. */
export function defaultFolder({ recipe }: Experiment, now: Date): string {
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-');
  return path.join('results', `${time}-${recipe.algorithm.id}-${recipe.compressor.id}-seed-${recipe.seed}`);
}

/** @throws {OutputError} */
export async function writeCollected(
  folder: RunFolder,
  { recipe }: Experiment,
  collected: Collected,
  before: Before | null,
): Promise<void> {
  const whole = (earlier: string, now: string) => (before === null ? now : joinTables(earlier, before, now));
  const metrics = metricsCsv(collected.rows, collected.consensus, collected.figures);
  await folder.write('metrics.csv', whole(before?.metrics ?? '', metrics));
  await folder.write('timing.csv', whole(before?.timing ?? '', timingCsv(collected.rows)));
  const describe = { model: JSON.stringify(recipe.model), seed: String(recipe.seed) };
  for (const { seat, round, layout, parameters } of collected.models) {
    const metadata = { ...describe, seat: String(seat), round: String(round) };
    await folder.write(`model-${seat}.safetensors`, encodeModel(layout, parameters, metadata));
  }
  const reported = reportedOf(recipe, collected.models);
  const layout = collected.models[0]?.layout;
  if (reported !== null && layout !== undefined) {
    const { says, round, parameters } = reported;
    const metadata = { ...describe, of: says, round: String(round) };
    await folder.write('model.safetensors', encodeModel(layout, parameters, metadata));
  }
}

/** What a run that goes on from here depends on; nothing where it is not to be had. @throws {OutputError} */
export async function writeStates(folder: RunFolder, { states }: Collected): Promise<void> {
  for (const { seat, file } of states ?? []) await folder.write(`state-${seat}.safetensors`, file);
}

/** run.json, once all other files are there: it has their hashes. @throws {OutputError} */
export async function writeRecord(
  folder: RunFolder,
  { recipe, local, run }: Experiment,
  provenance: Provenance,
  parent: Parent | null,
  environment: Environment,
  { failure, states }: Collected,
  summary: Summary,
  workers: readonly WorkerSummary[],
): Promise<void> {
  const record = {
    config: recipe,
    local: {
      tabs: run.tabs,
      workersPerTab: local.workers,
      transport: local.transport,
      backend: local.backend,
      clock: run.clock,
    },
    limits: { rounds: recipe.rounds, seconds: run.seconds, targetAccuracy: run.targetAccuracy },
    provenance,
    parent,
    environment,
    summary,
    failure,
    workers,
    stateKept: states !== null,
    files: await fileHashes(folder.unfinished, (name) => folder.written.includes(name)),
  };
  await folder.write('run.json', `${JSON.stringify(record, null, 2)}\n`);
}
