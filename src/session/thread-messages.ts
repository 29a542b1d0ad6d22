/** What the page and the session's thread say to each other. One program, hence plain types. */
import type { LabBuild } from '../network/lab.ts';
import type { LocalSettings, Recipe } from '../recipe/recipe.ts';
import type { WorkerModel } from './handle.ts';
import type { AnswerOn, QuestionOn, Topic } from './models-questions.ts';
import type { Notice, Report, Request, Snapshot } from './snapshot.ts';

export type ToThread =
  | {
      readonly kind: 'start';
      readonly self: string;
      readonly recipe: Recipe;
      /** The recipe came along from another room: nobody asked for it here. */
      readonly carried: boolean;
      readonly local: LocalSettings;
      readonly lab: LabBuild;
      /** Where the lab's files are, absolute. */
      readonly base: string;
      /** The page's end of the WebRTC transport, or null where this tab stays off the network. */
      readonly webrtc: MessagePort | null;
      /** The file that this tab brings where each tab brings its own, or null. */
      readonly ownFile: string | null;
    }
  | { readonly kind: 'room'; readonly code: string; readonly addresses: readonly string[] }
  /** Meet the other tabs of this browser too. */
  | { readonly kind: 'broadcast'; readonly room: string }
  | { readonly kind: 'established' }
  | { readonly kind: 'signalling'; readonly status: Snapshot['room']['signalling'] }
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'dismiss'; readonly id: string }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'models'; readonly id: number; readonly at: 'evaluated' | undefined }
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly about: Topic;
      readonly question: QuestionOn<Topic>;
    }
  /** The page is idle: fetch what may be wanted later. */
  | { readonly kind: 'ahead' }
  | { readonly kind: 'close' };

export type FromThread =
  | { readonly kind: 'report'; readonly report: Report }
  /** The session has left the room for lack of data. */
  | { readonly kind: 'left' }
  /** It has data now: the page begins anew, and joins again. */
  | { readonly kind: 'again' }
  | { readonly kind: 'models'; readonly id: number; readonly models: readonly WorkerModel[] }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: AnswerOn<Topic> }
  | { readonly kind: 'no-answer'; readonly id: number; readonly why: string };
