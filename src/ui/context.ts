/**
 * What every part of the page may reach: the lab's store, the view's store, the catalogue of entries.
 * Hooks that read them, so that a component hears only of what it shows.
 */
import { createContext, useContext, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import type { LocalSettings, Recipe } from '../recipe/recipe.ts';
import type { PageAddress } from '../session/page-address.ts';
import type { Snapshot } from '../session/snapshot.ts';
import type { Lab } from '../store/lab.ts';
import type { ViewState, ViewStore } from '../store/view.ts';
import type { Catalogue } from './sentence.ts';

export interface Stage {
  readonly lab: Lab;
  readonly view: ViewStore;
  readonly catalogue: Catalogue;
  readonly address: PageAddress;
  /** What the link asked for, shown until the session says what the room runs. */
  readonly wanted: { readonly recipe: Recipe; readonly local: LocalSettings };
  /** Address of a room that reproduces its run; `origin`: where the lab is to be opened. */
  linkOf(recipe: Recipe, local: LocalSettings, room: string | undefined, origin: string): string;
}

export const StageContext = createContext<Stage | null>(null);

export function useStage(): Stage {
  const stage = useContext(StageContext);
  if (stage === null) throw new Error('A part of the page was used outside StageContext.');
  return stage;
}

/** A part of the latest snapshot; `pick` must return the same value for the same snapshot. */
export function useSnapshot<Part>(pick: (snapshot: Snapshot | null) => Part): Part {
  return useStore(useStage().lab.store, (state) => pick(state.snapshot));
}

/** The room's recipe, or what the link asked for until it is known. */
export function useRecipe(): Recipe {
  const { wanted } = useStage();
  return useSnapshot((snapshot) => snapshot?.recipe ?? wanted.recipe);
}

export function useView<Part>(pick: (state: ViewState) => Part): Part {
  return useStore(useStage().view, pick);
}

/** Whether a media query holds, for what style sheets alone cannot do. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = window.matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    () => window.matchMedia(query).matches,
    () => false,
  );
}
