/** What the page and the session's thread say to each other. One program, hence plain types. */
import type { LabBuild } from '../network/lab.ts';
import type { LocalSettings, Recipe } from '../recipe/recipe.ts';
import type { WorkerModel } from './handle.ts';
import type { Notice, Report, Request, Snapshot } from './snapshot.ts';

export type ToThread =
  | {
      readonly kind: 'start';
      readonly self: string;
      readonly recipe: Recipe;
      readonly local: LocalSettings;
      readonly lab: LabBuild;
      /** Where the lab's files are, absolute. */
      readonly base: string;
      /** The page's end of the WebRTC transport, or null where this tab stays off the network. */
      readonly webrtc: MessagePort | null;
    }
  | { readonly kind: 'room'; readonly code: string }
  /** Meet the other tabs of this browser too. */
  | { readonly kind: 'broadcast'; readonly room: string }
  | { readonly kind: 'established' }
  | { readonly kind: 'signalling'; readonly status: Snapshot['room']['signalling'] }
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'dismiss'; readonly id: string }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'models'; readonly id: number }
  | { readonly kind: 'close' };

export type FromThread =
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'models'; readonly id: number; readonly models: readonly WorkerModel[] };
