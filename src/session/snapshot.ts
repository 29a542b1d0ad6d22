/**
 * What the session tells the page, and what the page asks of it. Plain data only: it crosses
 * `postMessage`. The page computes nothing from it but pictures.
 */
import type { Reported } from '../algorithms/reported.ts';
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
  /** Mean loss of its batches over its last 20 rounds (`loss-window.ts`); null where it computed none in them. */
  readonly trainLoss: number | null;
  /** Of its own model; null before the first evaluation, and while it holds an older model than others. */
  readonly testLoss: number | null;
  /** 0 to 1. */
  readonly testAccuracy: number | null;
  /** ‖x_i - x̄‖ to the average model (of push-sum the de-biased one); null where a server's model is reported. */
  readonly distanceToMean: number | null;
  /** Of this tab's workers: its latest losses are so high that a run which ended here had diverged (`divergence.ts`). */
  readonly diverging: boolean;
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
  /** Where to do it, on this page's host. */
  readonly link?: {
    readonly text: string;
    /** Relative to the page's address. */
    readonly href: string;
    /** In a tab of its own, so that this one loses nothing. */
    readonly apart?: boolean;
  };
}

export interface Snapshot {
  readonly phase: 'starting' | 'idle' | 'running' | 'paused' | 'finished' | 'stopped';
  readonly room: {
    readonly code: string;
    readonly transport: 'webrtc' | 'broadcast' | 'memory';
    readonly signalling: 'connected' | 'connecting' | 'down' | 'none';
    /** Where others can open the lab (origins), where this page's own address is of this machine alone. */
    readonly addresses: readonly string[];
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
  /** The model that figures are of, and its latest ones as far as this tab knows them. */
  readonly model: {
    readonly of: Reported;
    /** The server's, where it is the server's. */
    readonly seat: number | null;
    readonly round: number | null;
    readonly testLoss: number | null;
    /** 0 to 1. */
    readonly testAccuracy: number | null;
  };
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
  /** Mean of its batch losses over the last 20 rounds; null where it computed none in them. */
  readonly trainLoss: number | null;
  /** Of its own model; null if that is older than this round (a client that was not drawn). */
  readonly testLoss: number | null;
  /** null where numbers are predicted, too. */
  readonly testAccuracy: number | null;
  /** Sum of all batch losses so far, and their number. */
  readonly suffered: number;
  readonly batches: number;
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
  /** Of the model that the run reports. */
  | {
      readonly kind: 'model';
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
