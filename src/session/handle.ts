/**
 * The lab's handle: what the page, the experiment driver and a curious person in the console hold.
 * `window.murmuration` in a page; the same shape in Node runs.
 */
import type { Layout } from '../models/model.ts';
import type { AnswerOn, QuestionOn, Topic } from './models-questions.ts';
import type { Report, Request, Snapshot } from './snapshot.ts';

/** Parameters of one of this tab's workers after a round. */
export interface WorkerModel {
  readonly seat: number;
  readonly round: number;
  /** How much of it is in a de-biased average; 1 elsewhere. */
  readonly weight: number;
  /** It is of this round, and not one from before its worker rested (a client that was not drawn). */
  readonly current: boolean;
  readonly layout: Layout;
  readonly parameters: Float32Array;
}

export interface LabHandle {
  /** The latest snapshot, or null before the first. */
  snapshot(): Snapshot | null;
  /** Called with every report from now on; the returned function ends it. */
  subscribe(listener: (report: Report) => void): () => void;
  send(request: Request): void;
  /** Parameters of this tab's workers: as last committed, or as they were at their last two evaluations. */
  models(at?: 'evaluated'): Promise<readonly WorkerModel[]>;
  /** Asks about the models (models-questions.ts). Rejects with one sentence where there is no answer. */
  ask<About extends Topic>(about: About, question: QuestionOn<About>): Promise<AnswerOn<About>>;
  close(): void;
}
