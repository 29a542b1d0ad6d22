/**
 * What the tabs of a run have said so far, and which of them still live. A `Tab` is a page in Chromium or
 * a session in this process. Deciding when to stop is `drive.ts`'s affair.
 */
import type { WorkerModel } from '../../src/session/handle.ts';
import type { MetricRow, Request, Snapshot } from '../../src/session/snapshot.ts';
import type { ConsensusPoint } from './csv.ts';
import type { Progress } from './progress.ts';

/** What a tab reported since it was last asked. */
export interface Polled {
  readonly snapshot: Snapshot | null;
  readonly rows: readonly MetricRow[];
  readonly consensus: readonly ConsensusPoint[];
}

export interface Tab {
  /** "tab 2": for messages. */
  readonly label: string;
  /** Why it is gone, or null while it lives. */
  lost(): string | null;
  poll(): Promise<Polled>;
  send(request: Request): Promise<void>;
  models(): Promise<readonly WorkerModel[]>;
}

/** Everything that the tabs have said so far. */
export class Ledger {
  readonly rows: MetricRow[] = [];
  readonly consensus: ConsensusPoint[] = [];
  readonly snapshots = new Map<Tab, Snapshot>();
  readonly #tabs: readonly Tab[];
  readonly #reported = new Set<Tab>();
  readonly #progress: Progress;

  constructor(tabs: readonly Tab[], progress: Progress) {
    this.#tabs = tabs;
    this.#progress = progress;
  }

  living(): readonly Tab[] {
    return this.#tabs.filter((tab) => {
      const reason = tab.lost();
      if (reason !== null && !this.#reported.has(tab)) {
        this.#reported.add(tab);
        this.#progress.note(`${tab.label} is gone (${reason}); the run goes on without it.`);
      }
      return reason === null;
    });
  }

  /** Asks one tab; one that dies meanwhile counts as lost. */
  async #poll(tab: Tab): Promise<void> {
    try {
      const polled = await tab.poll();
      if (polled.snapshot !== null) this.snapshots.set(tab, polled.snapshot);
      this.rows.push(...polled.rows);
      this.consensus.push(...polled.consensus);
    } catch (error) {
      if (tab.lost() === null) throw error;
    }
  }

  async poll(): Promise<readonly Tab[]> {
    await Promise.all(this.living().map((tab) => this.#poll(tab)));
    return this.living();
  }

  phases(): readonly (Snapshot['phase'] | undefined)[] {
    return this.living().map((tab) => this.snapshots.get(tab)?.phase);
  }

  /** Whether a tab has a notice of this name. */
  says(notice: string): boolean {
    return this.living().some((tab) => this.snapshots.get(tab)?.notices.some(({ id }) => id === notice));
  }

  /** Rounds that all workers together have done, as far as known: it grows as long as anybody gets on. */
  rounds(): number {
    const workers = this.living().flatMap((tab) => this.snapshots.get(tab)?.workers ?? []);
    return workers.filter(({ mine }) => mine).reduce((sum, { round }) => sum + round, 0);
  }

  /** Mean of the living workers' latest test accuracies; null until each of them has one. */
  accuracy(): number | null {
    const latest = new Map<number, MetricRow>();
    for (const row of this.rows) {
      if ((latest.get(row.seat)?.round ?? -1) <= row.round) latest.set(row.seat, row);
    }
    const accuracies = this.living()
      .flatMap((tab) => this.snapshots.get(tab)?.workers ?? [])
      .filter(({ mine, health }) => mine && health !== 'gone')
      .map(({ seat }) => latest.get(seat)?.testAccuracy ?? Number.NaN);
    if (accuracies.length === 0 || accuracies.some(Number.isNaN)) return null;
    return accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
  }
}
