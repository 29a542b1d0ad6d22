/**
 * The page's side of the lab: a vanilla store with the latest snapshot, and the history beside it.
 * Reports arrive as they come; subscribers hear of them a few times a second, and not at all while the
 * page is hidden. Requests made before the session is there wait for it. Nothing computes here.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { FilesState } from '../session/file-state.ts';
import type { LabHandle } from '../session/handle.ts';
import type { HoldingsReport } from '../session/holdings.ts';
import { type AnswerOn, NoAnswerError, type QuestionOn, type Topic } from '../session/models-questions.ts';
import type { Notice, Report, Request, Snapshot } from '../session/snapshot.ts';
import { History } from './history.ts';

/** Least milliseconds between two updates of the page. */
export const UPDATE_INTERVAL = 300;

export interface LabState {
  readonly snapshot: Snapshot | null;
  /** Grows with every update: what reads the history draws again. */
  readonly tick: number;
  /** Notices of the page itself, such as a session that did not start. */
  readonly notices: readonly Notice[];
  /** This tab's files; null until asked for. */
  readonly files: FilesState | null;
  /** Who holds what, as last asked for. */
  readonly holdings: HoldingsReport | null;
}

/** What the store needs from the page; injected so that tests need no page. */
export interface Surroundings {
  after(milliseconds: number, action: () => void): () => void;
  hidden(): boolean;
}

export interface Lab {
  readonly store: StoreApi<LabState>;
  readonly history: History;
  /** Begins listening; what had been asked for before is sent now. */
  attach(handle: LabHandle): void;
  send(request: Request): void;
  /** Asks about the models. Rejects with one sentence where there is no answer, or no session yet. */
  ask<About extends Topic>(about: About, question: QuestionOn<About>): Promise<AnswerOn<About>>;
  /** Adds or replaces a notice of the page itself. */
  notify(notice: Notice): void;
  /** The page became visible or hidden: shows what came in the meantime. */
  visibilityChanged(): void;
}

/** Keeps the recipe's identity while nothing in it changed, so that what shows it rests. */
function withStableRecipe(next: Snapshot, before: Snapshot | null): Snapshot {
  if (before === null || before.recipe === next.recipe) return next;
  const same = JSON.stringify(before.recipe) === JSON.stringify(next.recipe);
  return same ? { ...next, recipe: before.recipe } : next;
}

export function createLab(surroundings: Surroundings): Lab {
  const history = new History();
  const store = createStore<LabState>()(() => ({
    snapshot: null,
    tick: 0,
    notices: [],
    files: null,
    holdings: null,
  }));
  let handle: LabHandle | null = null;
  let queued: Request[] = [];
  let latest: Snapshot | null = null;
  let dirty = false;
  let waiting = false;

  function flush(): void {
    if (!dirty || surroundings.hidden()) return;
    dirty = false;
    store.setState((state) => ({
      snapshot: latest === null ? state.snapshot : withStableRecipe(latest, state.snapshot),
      tick: state.tick + 1,
    }));
  }

  function schedule(): void {
    if (waiting) return;
    waiting = true;
    surroundings.after(UPDATE_INTERVAL, () => {
      waiting = false;
      if (dirty) {
        flush();
        schedule();
      }
    });
  }

  function receive(report: Report): void {
    if (report.kind === 'metrics') {
      history.addRows(report.rows);
      return;
    }
    if (report.kind === 'files' || report.kind === 'holdings') {
      // Somebody waits for it, and it comes seldom.
      store.setState(report.kind === 'files' ? { files: report.state } : { holdings: report.holdings });
      return;
    }
    dirty = true;
    if (report.kind === 'points') history.addPoints(report.points);
    else {
      latest = report.snapshot;
      history.addSnapshot(report.snapshot);
      const shown = store.getState().snapshot;
      // What somebody just pressed shows at once; measurements can wait.
      if (
        shown === null ||
        shown.phase !== latest.phase ||
        shown.recipeVersion !== latest.recipeVersion ||
        shown.workers.length !== latest.workers.length
      ) {
        flush();
      }
    }
    if (dirty && !surroundings.hidden()) schedule();
  }

  return {
    store,
    history,
    attach(given) {
      handle = given;
      given.subscribe(receive);
      const first = given.snapshot();
      if (first !== null) receive({ kind: 'snapshot', snapshot: first });
      for (const request of queued) given.send(request);
      queued = [];
    },
    send(request) {
      if (handle === null) queued.push(request);
      else handle.send(request);
    },
    ask(about, question) {
      if (handle === null) return Promise.reject(new NoAnswerError('The session is not there yet.'));
      return handle.ask(about, question);
    },
    notify(notice) {
      store.setState((state) => ({
        notices: [...state.notices.filter((known) => known.id !== notice.id), notice],
      }));
    },
    visibilityChanged() {
      flush();
    },
  };
}
