/**
 * The figures of a finished run, each defined once here, and the short text a person reads.
 *
 * Test loss and accuracy are of the model that the run reports (`reported.ts`), the workers' own models have
 * figures of their own; the consensus distance is the exact Ξ = sqrt((1/n) Σ‖x_i - x̄‖²) of the models as
 * collected, not the estimate shown while training.
 */
import type { Recipe } from '../../src/recipe/recipe.ts';
import { distancesToMean } from '../../src/session/consensus.ts';
import type { Snapshot } from '../../src/session/snapshot.ts';
import { sortedRows } from './csv.ts';
import type { Collected, StoppedBy } from './drive.ts';
import type { Regret } from './regret.ts';
import { type Figures, figuresOf, reportedOf } from './reported.ts';
import { reachedAt } from './target.ts';

export interface Summary {
  /** Rounds that every worker completed; like all that follows, of those that were there at the end. */
  readonly rounds: number;
  /** Wall-clock seconds from start to stop. */
  readonly seconds: number;
  /** Seconds of a virtual clock; null under the real one. */
  readonly simulatedSeconds: number | null;
  /** Of which model test loss and accuracy are. */
  readonly model: Figures;
  /**
   * Mean over workers of their training loss (nats): that of all batches of a worker's last 20 rounds. Workers
   * that computed nothing in these are left out; null where nobody did. It does not depend on `--eval-every`.
   */
  readonly finalTrainLoss: number | null;
  /** Of the reported model on the whole test split, or on all rows where none are held out. */
  readonly finalTestLoss: number | null;
  /** The same, 0 to 1; null where numbers are predicted. */
  readonly finalTestAccuracy: number | null;
  /** First evaluated round at which the reported model was as good as the target; null without one, or if never. */
  readonly targetRound: number | null;
  /** Of the workers' own models, as far as they are of the last round: mean, worst, and of how many. */
  readonly ownTestAccuracy: OwnAccuracy | null;
  /** Null where a server's model is reported: nobody has to agree. */
  readonly consensusDistance: number | null;
  /** Algorithm messages with their frames, all workers together. */
  readonly bytesSent: number;
  /** What the same messages would have been with `none`. */
  readonly bytesUncompressed: number;
  /** Joining, heartbeats, reports, sketches, changes of the view: of all tabs since they opened, with frames. */
  readonly bytesControl: number;
  readonly bytesResync: number;
  /** Packets that were due over the lossy lane; those that were not there by the deadline; of these, those that came later. */
  readonly packetsExpected: number;
  readonly packetsMissed: number;
  readonly packetsLate: number;
  /** Gradients that all workers together computed in finished rounds. */
  readonly gradientSteps: number;
  /** How old the gradients of an asynchronous algorithm were; null of others. */
  readonly staleness: Staleness | null;
  /** Of online algorithms; null of others, and where workers came or went. */
  readonly regret: Regret | null;
  readonly stoppedBy: StoppedBy;
}

export interface OwnAccuracy {
  /** 0 to 1. */
  readonly mean: number;
  readonly worst: number;
  readonly workers: number;
}

/** Updates of the model between the start of a gradient and its use, of all gradients. */
export interface Staleness {
  readonly mean: number;
  readonly most: number;
  /** [updates, gradients], ascending. */
  readonly histogram: readonly (readonly [updates: number, count: number])[];
}

export interface WorkerSummary {
  readonly seat: number;
  readonly rounds: number;
  /** Rows of training data. */
  readonly rows: number;
  readonly backend: string;
  readonly adapter: string;
  /** Of all batches of its last 20 rounds; null if it computed nothing in them. */
  readonly trainLoss: number | null;
  /** Of its own model; null if that is of an earlier round (a client that was not drawn). */
  readonly testAccuracy: number | null;
  /** To the average model (of push-sum the de-biased one); null where a server's model is reported. */
  readonly distanceToMean: number | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Loss, and accuracy from 0 to 1; null where numbers are predicted. */
export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number | null;
}

/** Scores a model on the whole test split, or on all rows where none are held out. */
export type Evaluate = (parameters: Float32Array) => Promise<Evaluation>;

/** One line for each worker whose tab was there at the end, by seat. */
export async function summariseWorkers(
  collected: Collected,
  recipe: Recipe,
  evaluate: Evaluate,
): Promise<readonly WorkerSummary[]> {
  const latest = new Map(sortedRows(collected.rows).map((row) => [row.seat, row]));
  const { models } = collected;
  const server = figuresOf(recipe, []).of === 'server';
  const vectors = models.map(({ parameters }) => parameters);
  const weights = models.map(({ weight }) => weight);
  const distances = server ? [] : distancesToMean(vectors, weights).distances;
  const statuses = new Map(
    collected.snapshots.flatMap(({ workers }) =>
      workers.filter(({ mine }) => mine).map((worker) => [worker.seat, worker] as const),
    ),
  );
  const summaries: WorkerSummary[] = [];
  for (const [seat, status] of [...statuses].sort(([a], [b]) => a - b)) {
    const row = latest.get(seat);
    const index = models.findIndex((model) => model.seat === seat);
    const model = models[index];
    const fresh = model === undefined || row?.round === model.round || !model.current;
    summaries.push({
      seat,
      rounds: model?.round ?? status.round,
      rows: status.rows,
      backend: status.backend,
      adapter: status.adapter,
      // Not that of its last row: when that was depends on how often it was looked at.
      trainLoss: status.trainLoss,
      // A run that was stopped between two evaluations is evaluated here.
      testAccuracy: fresh
        ? model?.current === false
          ? null
          : (row?.testAccuracy ?? null)
        : (await evaluate(model.parameters)).accuracy,
      distanceToMean: distances[index] ?? null,
      bytesSent: row?.bytesSent ?? status.bytesSent,
      bytesReceived: row?.bytesReceived ?? status.bytesReceived,
    });
  }
  return summaries;
}

const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function known(values: readonly (number | null)[]): readonly number[] {
  return values.filter((value) => value !== null);
}

/** The histograms of all workers in one; null where nobody measured any. */
export function stalenessOf(snapshots: readonly Snapshot[]): Staleness | null {
  const counts = new Map<number, number>();
  for (const { mine, staleness } of snapshots.flatMap(({ workers }) => workers)) {
    for (const [updates, count] of mine ? (staleness ?? []) : []) {
      counts.set(updates, (counts.get(updates) ?? 0) + count);
    }
  }
  const histogram = [...counts].sort(([a], [b]) => a - b);
  const gradients = histogram.reduce((sum, [, count]) => sum + count, 0);
  if (gradients === 0) return null;
  const mean = histogram.reduce((sum, [updates, count]) => sum + updates * count, 0) / gradients;
  return { mean, most: histogram.at(-1)?.[0] ?? 0, histogram };
}

export async function summarise(
  collected: Collected,
  workers: readonly WorkerSummary[],
  { recipe, targetAccuracy }: { readonly recipe: Recipe; readonly targetAccuracy: number | null },
  evaluate: Evaluate,
  regret: Regret | null,
): Promise<Summary> {
  const staying = workers.filter(({ seat }) => collected.models.some((model) => model.seat === seat));
  // Without any model (every tab was lost) the last that was known has to do.
  const present = staying.length > 0 ? staying : workers;
  const losses = known(present.map(({ trainLoss }) => trainLoss));
  const accuracies = known(present.map(({ testAccuracy }) => testAccuracy));
  const distances = known(present.map(({ distanceToMean }) => distanceToMean));
  const reported = reportedOf(recipe, collected.models);
  const score = reported === null ? null : await evaluate(reported.parameters);
  const seats = present.map(({ seat }) => seat);
  const total = (name: Exclude<keyof Snapshot['totals'], 'bytesReceived' | 'protocolErrors'>) =>
    collected.snapshots.reduce((sum, { totals }) => sum + totals[name], 0);
  return {
    rounds: present.length > 0 ? Math.min(...present.map(({ rounds }) => rounds)) : 0,
    seconds: collected.seconds,
    simulatedSeconds: collected.simulatedSeconds,
    model: figuresOf(recipe, seats),
    finalTrainLoss: losses.length > 0 ? meanOf(losses) : null,
    finalTestLoss: score?.loss ?? null,
    finalTestAccuracy: score?.accuracy ?? null,
    targetRound: targetAccuracy === null ? null : reachedAt(collected, targetAccuracy),
    ownTestAccuracy:
      accuracies.length > 0
        ? { mean: meanOf(accuracies), worst: Math.min(...accuracies), workers: accuracies.length }
        : null,
    consensusDistance:
      distances.length > 0
        ? Math.sqrt(distances.reduce((sum, distance) => sum + distance ** 2, 0) / distances.length)
        : null,
    bytesSent: total('bytesSent'),
    bytesUncompressed: total('bytesUncompressed'),
    bytesControl: total('bytesControl'),
    bytesResync: total('bytesResync'),
    packetsExpected: total('packetsExpected'),
    packetsMissed: total('packetsMissed'),
    packetsLate: total('packetsLate'),
    gradientSteps: total('gradientSteps'),
    staleness: stalenessOf(collected.snapshots),
    regret,
    stoppedBy: collected.stoppedBy,
  };
}

function bytes(count: number): string {
  const [unit, divisor] = count < 1e6 ? ['kB', 1e3] : count < 1e9 ? ['MB', 1e6] : ['GB', 1e9];
  return `${(count / Number(divisor)).toPrecision(3)} ${unit}`;
}

/** A few lines for a person; `folder` is where the outputs are. */
export function summaryText(summary: Summary, workers: readonly WorkerSummary[], folder: string): string {
  const percent = (value: number | null) => (value === null ? 'unknown' : `${(value * 100).toFixed(2)} %`);
  const number = (value: number | null) => (value === null ? 'unknown' : value.toPrecision(3));
  const saved =
    summary.bytesUncompressed > 1.01 * summary.bytesSent
      ? ` (${(summary.bytesUncompressed / summary.bytesSent).toPrecision(3)} times less than uncompressed)`
      : '';
  const rate = summary.seconds > 0 ? summary.rounds / summary.seconds : 0;
  const simulated =
    summary.simulatedSeconds === null ? '' : ` (${summary.simulatedSeconds.toPrecision(3)} s simulated)`;
  const { packetsExpected, packetsMissed, packetsLate, gradientSteps, staleness, regret } = summary;
  const { ownTestAccuracy } = summary;
  return [
    `${workers.length} workers, ${summary.rounds} rounds in ${summary.seconds.toPrecision(3)} s${simulated} (${rate.toPrecision(3)} a second), stopped by ${summary.stoppedBy}`,
    summary.finalTestAccuracy === null && summary.finalTestLoss !== null
      ? `test loss           ${number(summary.finalTestLoss)} (${summary.model.says})`
      : `test accuracy       ${percent(summary.finalTestAccuracy)} (${summary.model.says})`,
    ...(ownTestAccuracy === null
      ? []
      : [
          `workers’ own        ${percent(ownTestAccuracy.mean)} on average, ${percent(ownTestAccuracy.worst)} the worst of ${ownTestAccuracy.workers}`,
        ]),
    // Where nobody learns there is none.
    ...(summary.finalTrainLoss === null ? [] : [`training loss       ${number(summary.finalTrainLoss)}`]),
    ...(summary.consensusDistance === null
      ? []
      : [`consensus distance  ${number(summary.consensusDistance)}`]),
    `sent                ${bytes(summary.bytesSent)}${saved}, control ${bytes(summary.bytesControl)}, re-sync ${bytes(summary.bytesResync)}`,
    ...(staleness === null
      ? []
      : [
          `gradient steps      ${gradientSteps}, ${number(staleness.mean)} updates late on average, ${staleness.most} at most`,
        ]),
    ...(regret === null
      ? []
      : [
          `regret              ${number(regret.regret)} (${number(regret.average)} a loss), ${regret.comparator}`,
        ]),
    ...(packetsExpected === 0
      ? []
      : [
          `lossy packets       ${percent(packetsMissed / packetsExpected)} of ${packetsExpected} missed, ${packetsLate} of them came late`,
        ]),
    `written to          ${folder}`,
  ].join('\n');
}
