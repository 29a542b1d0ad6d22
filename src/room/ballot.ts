/**
 * Ballots, and what hangs on one: the pledge of a peer that promised, and the proposal of a leader that
 * collects promises. Records with a little arithmetic; `agreement.ts` decides what to do with them.
 */
import type { PeerId } from '../network/transport.ts';
import type { Standing } from './standing.ts';
import type { ChangeMode, View } from './view.ts';

/** Counts the attempts to change one view; the leader's id breaks ties. */
export interface Ballot {
  readonly counter: number;
  readonly leader: PeerId;
}

export function compareBallots(a: Ballot, b: Ballot): number {
  return a.counter - b.counter || (a.leader < b.leader ? -1 : a.leader > b.leader ? 1 : 0);
}

/** Honest attempts follow each other; a leap would use the numbers up. */
export function isLeap(ballot: Ballot, highest: Ballot): boolean {
  return ballot.counter > highest.counter + 1000;
}

/** A promise to one ballot: no lower one of the same view has this peer's word. */
export class Pledge {
  readonly ballot: Ballot;
  /** The view that is to be changed. */
  readonly base: Standing;
  /** True if this peer is in that view, false if it is to join. */
  readonly member: boolean;
  /** How this peer prepared. */
  readonly mode: ChangeMode;
  readonly made: number;
  /** Since when its leader has not been heard of, or null. */
  orphaned: number | null = null;

  constructor(ballot: Ballot, base: Standing, member: boolean, mode: ChangeMode, made: number) {
    this.ballot = ballot;
    this.base = base;
    this.member = member;
    this.mode = mode;
    this.made = made;
  }

  /** True if this is the view that was promised. */
  covers(view: View, ballot: Ballot): boolean {
    return (
      compareBallots(ballot, this.ballot) === 0 &&
      view.parent === this.base.id &&
      view.counter === this.base.counter + 1
    );
  }
}

/** A leader's attempt to change its view. */
export class Proposal {
  readonly ballot: Ballot;
  readonly mode: ChangeMode;
  /** Members of the view that are to stay, by seniority. */
  readonly members: ReadonlySet<PeerId>;
  /** Peers asked to join; one that declines is taken out. */
  readonly guests: Set<PeerId>;
  readonly since: number;
  readonly #promises = new Map<PeerId, number>();
  readonly #reminded = new Set<PeerId>();

  constructor(
    ballot: Ballot,
    mode: ChangeMode,
    members: readonly PeerId[],
    guests: readonly PeerId[],
    since: number,
  ) {
    this.ballot = ballot;
    this.mode = mode;
    this.members = new Set(members);
    this.guests = new Set(guests);
    this.since = since;
  }

  /** `next`: the first round that this peer has not begun. */
  promised(peer: PeerId, next: number): void {
    if (this.members.has(peer) || this.guests.has(peer)) this.#promises.set(peer, next);
  }

  waitingFor(): readonly PeerId[] {
    return [...this.members, ...this.guests].filter((peer) => !this.#promises.has(peer));
  }

  /** One past the furthest that any member has come. */
  startRound(): number {
    return Math.max(0, ...[...this.members].map((peer) => this.#promises.get(peer) ?? 0));
  }

  /** True the first time: a member that missed the present view is told of it once. */
  remind(peer: PeerId): boolean {
    if (this.#reminded.has(peer)) return false;
    this.#reminded.add(peer);
    return true;
  }
}
