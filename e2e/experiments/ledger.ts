/**
 * What the tabs of a run have said so far, and which of them still live. A `Tab` is a page in Chromium or
 * a session in this process. Deciding when to stop is `drive.ts`'s affair.
 */
import type { WorkerModel } from '../../src/session/handle.ts';
import type { AnswerOn, QuestionOn, Topic } from '../../src/session/models-questions.ts';
import type { MetricRow, Request, Snapshot } from '../../src/session/snapshot.ts';
import type { ConsensusPoint, ModelPoint } from './csv.ts';
import type { Progress } from './progress.ts';

/** What a tab reported since it was last asked. */
export interface Polled {
  readonly snapshot: Snapshot | null;
  readonly rows: readonly MetricRow[];
  readonly consensus: readonly ConsensusPoint[];
  /** Of the model that the run reports. */
  readonly figures: readonly ModelPoint[];
}

export interface Tab {
  /** "tab 2": for messages. */
  readonly label: string;
  /** Why it is gone, or null while it lives. */
  lost(): string | null;
  poll(): Promise<Polled>;
  send(request: Request): Promise<void>;
  models(at?: 'evaluated'): Promise<readonly WorkerModel[]>;
  /** Rejects with one sentence where there is no answer. */
  ask<About extends Topic>(about: About, question: QuestionOn<About>): Promise<AnswerOn<About>>;
}

/** Everything that the tabs have said so far. */
export class Ledger {
  readonly rows: MetricRow[] = [];
  readonly consensus: ConsensusPoint[] = [];
  readonly figures: ModelPoint[] = [];
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
      this.figures.push(...polled.figures);
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

  /** Seats of the living tabs' workers, ascending. */
  seats(): readonly number[] {
    return this.living()
      .flatMap((tab) => this.snapshots.get(tab)?.workers ?? [])
      .filter(({ mine, health }) => mine && health !== 'gone')
      .map(({ seat }) => seat)
      .sort((a, b) => a - b);
  }

  /** The latest row of a seat. */
  lastRow(seat: number): MetricRow | undefined {
    return this.rows.findLast((row) => row.seat === seat);
  }

  /** The latest test accuracy of the model that the run reports; null where none is known. */
  accuracy(): number | null {
    return (
      this.figures.reduce<ModelPoint | null>(
        (latest, point) => (point.round >= (latest?.round ?? 0) ? point : latest),
        null,
      )?.testAccuracy ?? null
    );
  }

  /** Mean of the workers' own latest test accuracies; null until one has any. */
  ownAccuracy(): number | null {
    const own = this.seats().flatMap((seat) => this.lastRow(seat)?.testAccuracy ?? []);
    return own.length === 0 ? null : own.reduce((sum, accuracy) => sum + accuracy, 0) / own.length;
  }
}
