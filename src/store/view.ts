/**
 * What this person chose to look at: theme, projector, the charts' x-axis, the chosen worker or edge.
 * Never leaves the tab and is no part of the recipe.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';

export type Theme = 'system' | 'light' | 'dark';
export type Axis = 'rounds' | 'bytes';
export type Selection =
  | { readonly kind: 'worker'; readonly seat: number }
  | { readonly kind: 'edge'; readonly a: number; readonly b: number };

export interface ViewState {
  readonly theme: Theme;
  readonly projector: boolean;
  readonly axis: Axis;
  readonly selected: Selection | null;
  /** The address (an origin) that links for others have, of those that the server offers; null: the first. */
  readonly origin: string | null;
  /** The panel of this tab's own data is open. */
  readonly data: boolean;
  /** Notices put away: id and words, so that news under the same id shows again. */
  readonly dismissed: readonly string[];
}

export type ViewStore = StoreApi<ViewState>;

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

/** A theme by its name; anything else follows the system. */
export function themeOf(text: string | null): Theme {
  return THEMES.find((theme) => theme === text) ?? 'system';
}

/** The next of system, the other, the same: the first press always shows a change. */
export function nextTheme(theme: Theme, systemIsDark: boolean): Theme {
  if (theme === 'system') return systemIsDark ? 'light' : 'dark';
  const other = systemIsDark ? 'light' : 'dark';
  return theme !== other ? 'system' : systemIsDark ? 'dark' : 'light';
}

export function createView(initial: Partial<ViewState> = {}): ViewStore {
  return createStore<ViewState>()(() => ({
    theme: 'system',
    projector: false,
    axis: 'rounds',
    selected: null,
    origin: null,
    data: false,
    dismissed: [],
    ...initial,
  }));
}

/** Whether two selections mean the same worker or edge. */
export function sameSelection(left: Selection | null, right: Selection | null): boolean {
  if (left === null || right === null) return left === right;
  if (left.kind === 'worker') return right.kind === 'worker' && left.seat === right.seat;
  return right.kind === 'edge' && left.a === right.a && left.b === right.b;
}
