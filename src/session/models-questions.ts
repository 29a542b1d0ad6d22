/**
 * What a page can ask the session about models, and what it answers. Plain data, with arrays where there
 * are many numbers; every question gets one answer or one sentence why there is none.
 */

import type { GradientDifference } from './models-gradients.ts';

/** A local worker's seat, or the model that the run reports: the server's, the average, … */
export type Whose = number | 'reported';

/** What one model says of some rows: [rows, outputs], row-major. */
export interface Prediction {
  readonly of: Whose;
  /** Rounds behind it; of several workers' the least of any. */
  readonly round: number;
  /** Probabilities, or one number a row where numbers are predicted. */
  readonly outputs: Float32Array;
}

/** A test row as the model sees it. */
export interface Example {
  /** Place among the test rows. */
  readonly index: number;
  readonly features: Float32Array;
  /** Its class, or the number to predict. */
  readonly label: number;
}

export interface Mistake extends Example {
  readonly predicted: number;
  /** Probability it gave to what it predicted, and to the truth. */
  readonly confidence: number;
  readonly truth: number;
}

export interface Confusion {
  readonly of: Whose;
  readonly round: number;
  /** Test rows looked at, of so many. */
  readonly rows: number;
  readonly available: number;
  readonly classes: number;
  /** counts[truth · classes + predicted]. */
  readonly counts: Uint32Array;
  /** Wrong rows, the least probable truth first. */
  readonly mistakes: readonly Mistake[];
}

export interface Conversation {
  /** Rows of features, by every worker of this tab and by the reported one (or by those in `of`). */
  predict: {
    readonly question: { readonly features: Float32Array; readonly of?: readonly Whose[] };
    readonly answer: {
      /** Numbers a row; probabilities if `classifies`. */
      readonly outputs: number;
      readonly classifies: boolean;
      readonly predictions: readonly Prediction[];
      /** Why there is no reported one, in a sentence; null if there is one, or nobody asked. */
      readonly noReported: string | null;
    };
  };
  /** A test row, counted around: -1 is the last. */
  example: {
    readonly question: { readonly index: number };
    readonly answer: Example & { readonly count: number };
  };
  /** The first test rows, at most so many: features [rows, width], row-major, and what each row is. */
  examples: {
    readonly question: { readonly most: number };
    readonly answer: { readonly features: Float32Array; readonly labels: Float32Array };
  };
  confusion: {
    readonly question: { readonly of: Whose; readonly mistakes: number };
    readonly answer: Confusion;
  };
  /** A model as a file: safetensors, unless ONNX is asked for. */
  export: {
    readonly question: { readonly of: Whose; readonly as?: 'safetensors' | 'onnx' };
    readonly answer: { readonly round: number; readonly bytes: Uint8Array<ArrayBuffer> };
  };
  /** All workers of the room begin again, from the model in this file. */
  import: {
    readonly question: { readonly bytes: Uint8Array };
    readonly answer: { readonly metadata: Readonly<Record<string, string>> };
  };
  /**
   * The whole state of this tab's workers, as files, for a run that is to go on another time: between two rounds
   * only. Null where they would be more than `most` bytes.
   */
  state: {
    readonly question: { readonly most: number };
    readonly answer: {
      readonly bytes: number;
      readonly states: readonly { readonly seat: number; readonly file: Uint8Array<ArrayBuffer> }[] | null;
    };
  };
  /** Holds states of this tab's workers for the command `reset` with a `resumed` of this id. */
  resume: {
    readonly question: { readonly id: string; readonly files: readonly Uint8Array[] };
    readonly answer: { readonly seats: readonly number[] };
  };
  /** How different the gradients of all workers' data are where all begin. */
  difference: { readonly question: Readonly<Record<never, never>>; readonly answer: GradientDifference };
  /** Of models of text: what one of them writes after a prompt. */
  write: {
    readonly question: {
      readonly of: Whose;
      readonly prompt: string;
      readonly count: number;
      readonly temperature: number;
    };
    readonly answer: { readonly round: number; readonly text: string };
  };
}

export type Topic = keyof Conversation;
export type QuestionOn<About extends Topic> = Conversation[About]['question'];
export type AnswerOn<About extends Topic> = Conversation[About]['answer'];

/** There is no answer, and this is why: one sentence for a person. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}
