/** What the room's data looks like, and what its workers and classes are called, for the model's panels. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { findEntry } from '../../base/registry.ts';
import type { DataShape } from '../../data/dataset.ts';
import { DATASETS } from '../../data/index.ts';
import { readNameList } from '../../data/name-list.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { Whose } from '../../session/models-questions.ts';
import { useSnapshot } from '../context.ts';
import { words } from '../words.ts';

/** Least time between two questions that differ only by the rounds gone by, in ms. */
const LOOK_MS = 350;
/** How often it is looked whether there is something to ask, in ms. */
const TICK_MS = 50;

/** null where the data's shape is not known yet (no file chosen). */
export function shapeOf({ dataset }: Recipe): DataShape | null {
  try {
    return findEntry('dataset', DATASETS, dataset.id).shape(dataset.options);
  } catch {
    return null;
  }
}

/** Names of the classes where a person's data brings some; otherwise their numbers. */
export function classNames({ dataset }: Recipe, count: number): readonly string[] {
  const given = dataset.options.classes;
  const { names } = readNameList(typeof given === 'string' ? given : '');
  return Array.from({ length: count }, (_, at) => (names?.length === count ? names[at] : null) ?? String(at));
}

/** Seats of this tab's workers, ascending. */
export function useMine(): readonly number[] {
  const text = useSnapshot((snapshot) =>
    JSON.stringify(
      (snapshot?.workers ?? [])
        .filter(({ mine, health }) => mine && health !== 'gone')
        .map(({ seat }) => seat),
    ),
  );
  return JSON.parse(text) as number[];
}

/** What a model is called. */
export function useNames(): (of: Whose) => string {
  const workers = useSnapshot((snapshot) => snapshot?.workers) ?? [];
  const kind = useSnapshot((snapshot) => snapshot?.model.of) ?? 'average';
  return (of) =>
    of === 'reported'
      ? words.model.reported[kind]
      : (workers.find(({ seat }) => seat === of)?.name ?? String(of));
}

export interface Asked<Answer> {
  readonly answer: Answer | null;
  /** Why there is none, in a sentence. */
  readonly why: string | null;
}

/**
 * The latest answer to a question, asked anew when the question changes (`key`) and while rounds go by; one
 * at a time. The last answer stays while the next is on its way.
 */
export function useLatest<Answer>(
  key: string,
  ask: (() => Promise<Answer>) | null,
  interval = LOOK_MS,
): Asked<Answer> {
  const [state, setState] = useState<Asked<Answer>>({ answer: null, why: null });
  const stamp = useSnapshot(
    (snapshot) => `${snapshot?.view.epoch} ${snapshot?.round} ${snapshot?.workers.length} ${snapshot?.phase}`,
  );
  const wanted = useRef({ key, ask, stamp });
  wanted.current = { key, ask, stamp };
  useEffect(() => {
    let ended = false;
    let answered = { key: '', stamp: '' };
    let askedAt = Number.NEGATIVE_INFINITY;
    let timer: ReturnType<typeof setTimeout>;
    const look = async () => {
      const { key: asked, ask: question, stamp: at } = wanted.current;
      const other = asked !== answered.key;
      const due = performance.now() - askedAt >= interval;
      if (question !== null && !document.hidden && (other || at !== answered.stamp) && (other || due)) {
        askedAt = performance.now();
        answered = { key: asked, stamp: at };
        try {
          const answer = await question();
          if (!ended) setState({ answer, why: null });
        } catch (error) {
          // Asked again when it is due.
          answered = { key: asked, stamp: '' };
          const why = error instanceof Error ? error.message : String(error);
          if (!ended) setState((before) => ({ ...before, why }));
        }
      }
      if (!ended) timer = setTimeout(look, TICK_MS);
    };
    void look();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [interval]);
  return state;
}

/** A counter to make a key of: grows when called. */
export function useCounter(): readonly [number, () => void] {
  const [count, setCount] = useState(0);
  return [count, useCallback(() => setCount((before) => before + 1), [])];
}
