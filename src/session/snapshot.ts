/**
 * What the session tells the page, and what the page asks of it. Plain data only: it crosses
 * `postMessage`. The page computes nothing from it but pictures.
 */
import type { LocalSettings, Recipe } from '../recipe/recipe.ts';
import type { Command } from '../room/view.ts';
import type { Spectrum } from '../topology/spectrum.ts';
import type { FilesAsk, FilesState } from './file-state.ts';
import type { HoldingsReport } from './holdings.ts';

export type WorkerHealth = 'active' | 'hidden' | 'paused' | 'suspected' | 'gone';

export interface WorkerStatus {
  readonly seat: number;
  readonly name: string;
  /** Hosted by this tab. */
  readonly mine: boolean;
  readonly peer: string;
  readonly health: WorkerHealth;
  /** Its tab is in the background. */
  readonly hidden: boolean;
  readonly backend: 'webgpu' | 'cpu' | 'unknown';
  readonly adapter: string;
  /** Rounds completed. */
  readonly round: number;
  /** Mean loss of its latest batches (nats), or null before the first. */
  readonly trainLoss: number | null;
  readonly testLoss: number | null;
  /** 0 to 1. */
  readonly testAccuracy: number | null;
  /** ‖x_i - x̄‖, or null. */
  readonly distanceToMean: number | null;
  /** ‖e‖: what its compressor has left out and error feedback still owes; null where nothing is kept. */
  readonly residualNorm: number | null;
  /**
   * How often a gradient was so many updates old when it was applied, ascending: [updates, count]. Of
   * asynchronous algorithms and this tab's workers; otherwise null.
   */
  readonly staleness: readonly (readonly [updates: number, count: number])[] | null;
  /** Rows of training data it holds. */
  readonly rows: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export interface EdgeStatus {
  /** Seats: from a to b where the graph is directed, otherwise in either order. */
  readonly a: number;
  readonly b: number;
  /** Algorithm bytes in both directions over the last seconds, a second. */
  readonly bytesPerSecond: number;
  readonly carrier: 'webrtc' | 'broadcast' | 'memory' | 'unknown';
}

export interface Notice {
  /** Stable: a notice with the same id replaces the one before. */
  readonly id: string;
  readonly level: 'info' | 'warning' | 'error';
  /** What happened; what still works; what to do. One sentence each. */
  readonly what: string;
  readonly works: string;
  readonly todo: string;
}

export interface Snapshot {
  readonly phase: 'starting' | 'idle' | 'running' | 'paused' | 'finished' | 'stopped';
  readonly room: {
    readonly code: string;
    readonly transport: 'webrtc' | 'broadcast' | 'memory';
    readonly signalling: 'connected' | 'connecting' | 'down' | 'none';
  };
  readonly recipe: Recipe;
  readonly recipeVersion: number;
  /** The recipe is refused by the algorithm: the reason, else null. */
  readonly refusal: string | null;
  readonly local: LocalSettings;
  readonly backend: 'webgpu' | 'cpu';
  readonly adapter: string;
  /** Number of parameters d. */
  readonly parameters: number;
  readonly view: {
    readonly counter: number;
    readonly startRound: number;
    /** Counts the runs that this tab has been in (`eras.ts`): figures of another number are of another run. */
    readonly epoch: number;
  };
  /** Every seat of the view, and those that left recently (health `gone`). */
  readonly workers: readonly WorkerStatus[];
  readonly edges: readonly EdgeStatus[];
  /** Of the mixing matrix; `topology/spectrum.ts` says what each number is for the different kinds. */
  readonly spectrum: Pick<Spectrum, 'kind' | 'lambda2' | 'lambdaN' | 'rho' | 'gap'> | null;
  /** What all workers together send in one round, by the algorithm's formula; null where it cannot run. */
  readonly cost: { readonly messages: number; readonly bytes: number } | null;
  readonly round: number;
  readonly roundsPerSecond: number;
  /** Waiting for whom, since how many ms, or null. */
  readonly waiting: { readonly name: string; readonly ms: number } | null;
  /**
   * Gradients that this tab's workers have computed in committed rounds of this run, and their traffic in
   * bytes: also of workers that have left since, so none of these ever falls within a run.
   */
  readonly totals: {
    readonly gradientSteps: number;
    readonly bytesSent: number;
    readonly bytesReceived: number;
    readonly bytesUncompressed: number;
    /**
     * Control messages and sketches that this tab has sent since it opened, frame headers included: of
     * joining, heartbeats, reports and changes of the view. Not part of `bytesSent`.
     */
    readonly bytesControl: number;
    /** Whole parameters that this tab has sent to newcomers and on request since it opened. */
    readonly bytesResync: number;
    /** Packets of the lossy lane that were due, that this tab's workers did without, and that came too late. */
    readonly packetsExpected: number;
    readonly packetsMissed: number;
    readonly packetsLate: number;
    readonly protocolErrors: number;
  };
  readonly notices: readonly Notice[];
}

/** One row of `metrics.csv`, for one of this tab's workers. */
export interface MetricRow {
  readonly seat: number;
  readonly round: number;
  readonly samples: number;
  readonly trainLoss: number | null;
  readonly testLoss: number;
  /** null where numbers are predicted. */
  readonly testAccuracy: number | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Seconds of a virtual clock since the run began; null under the real one. */
  readonly simulatedSeconds: number | null;
  /** Measured seconds since the run began, for timing.csv: compute, compress, wait, apply. */
  readonly seconds: readonly [number, number, number, number];
}

/** Points for the charts, as they come. `epoch` tells points of an earlier life (before Reset). */
export type Point =
  | {
      readonly kind: 'loss';
      readonly epoch: number;
      readonly seat: number;
      readonly round: number;
      readonly value: number;
    }
  | {
      readonly kind: 'evaluation';
      readonly epoch: number;
      readonly seat: number;
      readonly round: number;
      readonly testLoss: number;
      readonly testAccuracy: number | null;
    }
  | {
      readonly kind: 'average';
      readonly epoch: number;
      readonly round: number;
      readonly testLoss: number;
      readonly testAccuracy: number | null;
    }
  | {
      readonly kind: 'consensus';
      readonly epoch: number;
      readonly round: number;
      readonly value: number;
      readonly exact: boolean;
      readonly distances: Readonly<Record<number, number>>;
    };

/** What a person asks of the whole flock; the session says whether a new recipe restarts the run. */
export type Ask =
  | Exclude<Command, { readonly kind: 'recipe' | 'renew' }>
  | { readonly kind: 'recipe'; readonly recipe: string };

/** Page (or driver) to session. */
export type Request =
  | { readonly kind: 'command'; readonly command: Ask }
  | { readonly kind: 'workers'; readonly count: number }
  | { readonly kind: 'hidden'; readonly hidden: boolean }
  | { readonly kind: 'name'; readonly name: string }
  /** About the files of this tab; answered by reports of their state. */
  | { readonly kind: 'files'; readonly ask: FilesAsk }
  /** Who holds what; answered by a report. */
  | { readonly kind: 'holdings' };

/** Session to page. */
export type Report =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly kind: 'points'; readonly points: readonly Point[] }
  | { readonly kind: 'metrics'; readonly rows: readonly MetricRow[] }
  | { readonly kind: 'files'; readonly state: FilesState }
  /** null while there are no data. */
  | { readonly kind: 'holdings'; readonly holdings: HoldingsReport | null };
