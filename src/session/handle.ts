/**
 * The lab's handle: what the page, the experiment driver and a curious person in the console hold.
 * `window.murmuration` in a page; the same shape in Node runs.
 */
import type { Layout } from '../models/model.ts';
import type { AnswerOn, QuestionOn, Topic } from './models-questions.ts';
import type { Report, Request, Snapshot } from './snapshot.ts';

/** Parameters of one of this tab's workers, as last committed. */
export interface WorkerModel {
  readonly seat: number;
  readonly round: number;
  readonly layout: Layout;
  readonly parameters: Float32Array;
}

export interface LabHandle {
  /** The latest snapshot, or null before the first. */
  snapshot(): Snapshot | null;
  /** Called with every report from now on; the returned function ends it. */
  subscribe(listener: (report: Report) => void): () => void;
  send(request: Request): void;
  /** Committed parameters of this tab's workers. */
  models(): Promise<readonly WorkerModel[]>;
  /** Asks about the models (models-questions.ts). Rejects with one sentence where there is no answer. */
  ask<About extends Topic>(about: About, question: QuestionOn<About>): Promise<AnswerOn<About>>;
  close(): void;
}
