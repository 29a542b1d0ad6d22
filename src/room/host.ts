/**
 * The room's view of the training session: the calls by which a change of view reaches the rounds.
 * All are synchronous. `prepare` may come again before `commit` or `release`: a later attempt, perhaps
 * with another mode, takes the place of the one before.
 */
import type { PeerId } from '../network/transport.ts';
import type { ChangeMode, View } from './view.ts';

export interface RoomHost {
  /**
   * How far my workers are. `graceful`: stop starting rounds from the returned number on until the next
   * commit or release, and return the first round that none of my workers has started. `abort`: roll
   * back rounds in flight, and return the number of completed rounds (the highest of my workers).
   */
  prepare(mode: ChangeMode): number;
  /** The change was abandoned: go on as before. After `abort` another change follows soon. */
  release(): void;
  /**
   * A new view is agreed. `graceful`: finish the rounds before its `startRound` in the old view first.
   * `fresh`: this peer was not in the parent view; what it did in another lineage is dropped, whatever
   * the mode. Also called once from `Room.open`, with the view of this peer alone.
   */
  commit(view: View, mode: ChangeMode, fresh: boolean): void;
  /** Members that my workers are waiting for just now: if one is silent, somebody should notice. */
  waitsFor?(): readonly PeerId[];
  /** Checks the recipe text of a command or of a view; returns a reason to refuse it, or null. */
  checkRecipe(recipe: string): string | null;
}
