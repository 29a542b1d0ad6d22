/**
 * Standing: a view in brief, and which of two views is senior. When two lineages meet (a late tab, tabs
 * opened at once, a healed partition) the members of the junior one become newcomers to the senior one.
 */
import type { PeerId } from '../network/transport.ts';
import { seatsOf } from './seats.ts';
import type { View } from './view.ts';

export interface Standing {
  readonly id: string;
  readonly counter: number;
  readonly leader: PeerId;
  /** Number of seats. */
  readonly size: number;
  /** Its data has been dealt: it may have something to lose. */
  readonly trained: boolean;
  /** It is a room, not a tab on its way to one. */
  readonly established: boolean;
}

export function standingOf(view: View, established: boolean): Standing {
  const { id, counter, leader } = view;
  const trained = view.run.dealt !== null;
  return { id, counter, leader, size: view.seats.length, trained, established: established || trained };
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Positive if `a` is senior to `b`: established, then trained, then more seats, then more changes behind
 * it, then the lower leader's id. A total order over views; zero only for the same view.
 */
export function compareStanding(a: Standing, b: Standing): number {
  if (a.id === b.id) return 0;
  return (
    Number(a.established) - Number(b.established) ||
    Number(a.trained) - Number(b.trained) ||
    a.size - b.size ||
    a.counter - b.counter ||
    compareText(b.leader, a.leader) ||
    compareText(b.id, a.id)
  );
}

/** True if `view` is news to a peer: it has no seat there that it held before. */
export function isFresh(view: View, peer: PeerId): boolean {
  return seatsOf(view, peer).every(({ since }) => since === view.counter);
}
