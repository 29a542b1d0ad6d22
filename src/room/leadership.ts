/**
 * Who leads, who is out, and who may come in: conclusions from the roster and the view. Pure questions;
 * nothing here sends or changes anything.
 *
 * A member is *well* if this peer hears it and it has not left the view. The most senior well member
 * leads. Peers may differ about that for a while; the ballots of the agreement see to it that they still
 * agree on the view.
 */
import type { PeerId } from '../network/transport.ts';
import { MAX_SEATS } from '../protocol/control.ts';
import type { Guest } from './next-view.ts';
import type { Roster } from './roster.ts';
import { bySeniority, seatsOf } from './seats.ts';
import { compareStanding, type Standing } from './standing.ts';
import type { View } from './view.ts';

/** What this peer knows at this moment. */
export interface Outlook {
  readonly self: PeerId;
  /** Workers that this peer wants to host. */
  readonly workers: number;
  readonly view: View;
  readonly standing: Standing;
  readonly roster: Roster;
  /** Members that have left the view for good, whatever is heard of them. */
  readonly gone: ReadonlySet<PeerId>;
  readonly now: number;
}

/** How many well members lead or would be next. */
export const COUNCIL = 3;

export function isWell(at: Outlook, peer: PeerId): boolean {
  return peer === at.self || (!at.gone.has(peer) && at.roster.hears(peer, at.now));
}

/** The member that should lead, as this peer sees it. */
export function actingLeader(at: Outlook): PeerId {
  return bySeniority(at.view).find((peer) => isWell(at, peer)) ?? at.self;
}

/**
 * The most senior members, down to the third that is well: one leads, the others would be next. They hear from
 * all members, and all from them; any other two hear of each other only through them.
 */
export function council(at: Outlook): readonly PeerId[] {
  const members = bySeniority(at.view);
  let well = 0;
  let count = 0;
  for (const peer of members) {
    if (well === COUNCIL) break;
    count += 1;
    if (isWell(at, peer)) well += 1;
  }
  return members.slice(0, count);
}

/** Peers that this peer hears; members that left the view do not count. */
export function heard(at: Outlook): readonly PeerId[] {
  return at.roster
    .all()
    .map(({ peer }) => peer)
    .filter((peer) => isWell(at, peer))
    .slice(0, MAX_SEATS);
}

const pairKey = (a: PeerId, b: PeerId): string => JSON.stringify([a, b]);

/**
 * Pairs of well members of which one, by its own account in this view, does not hear the other. They
 * cannot exchange messages, so one must go: the junior. Each with the pair's key.
 */
export function blindPairs(at: Outlook): ReadonlyMap<string, PeerId> {
  const pairs = new Map<string, PeerId>();
  const well = bySeniority(at.view).filter((peer) => isWell(at, peer));
  const rank = new Map(well.map((peer, index) => [peer, index]));
  for (const [index, from] of well.entries()) {
    const known = from === at.self ? undefined : at.roster.known(from);
    if (known === undefined || known.standing?.id !== at.view.id) continue;
    for (const to of known.misses) {
      const other = rank.get(to);
      if (other === undefined || other === index) continue;
      const [senior, junior] = other < index ? [to, from] : [from, to];
      pairs.set(pairKey(senior, junior), junior);
    }
  }
  return pairs;
}

/** How many workers a well peer wants to host: at least one. */
export function wantedWorkers(at: Outlook, peer: PeerId): number {
  const wanted = peer === at.self ? at.workers : (at.roster.known(peer)?.hello.workers ?? 1);
  return Math.max(1, wanted);
}

/** The well members that can stay, by seniority. */
export function stayers(at: Outlook, out: ReadonlySet<PeerId>): readonly Guest[] {
  return bySeniority(at.view)
    .filter((peer) => isWell(at, peer) && !out.has(peer))
    .map((peer) => ({ peer, workers: wantedWorkers(at, peer) }));
}

/**
 * Peers of junior views to ask in, and those for which there is no room. All who are to share a view must
 * see each other, or rounds would hang; so a newcomer waits until its connections are up.
 */
export function candidates(
  at: Outlook,
  staying: readonly Guest[],
): { readonly joining: readonly Guest[]; readonly full: readonly PeerId[] } {
  const joining: Guest[] = [];
  const full: PeerId[] = [];
  const members = new Set(staying.map(({ peer }) => peer));
  let free = MAX_SEATS - staying.reduce((sum, { peer }) => sum + seatsOf(at.view, peer).length, 0);
  for (const { peer, standing, hears, notBefore, declined } of at.roster.all()) {
    if (members.has(peer) || standing === null || standing.id === at.view.id) continue;
    if (declined === at.view.recipe || at.now < notBefore || !at.roster.hears(peer, at.now)) continue;
    if (compareStanding(at.standing, standing) <= 0) continue;
    if (bySeniority(at.view).includes(peer) && !at.gone.has(peer)) continue;
    const mutual = [...staying, ...joining].every(
      (other) =>
        hears.has(other.peer) &&
        (other.peer === at.self || at.roster.known(other.peer)?.hears.has(peer) === true),
    );
    if (!mutual) continue;
    const workers = wantedWorkers(at, peer);
    if (workers > free) {
      full.push(peer);
      continue;
    }
    free -= workers;
    joining.push({ peer, workers });
  }
  return { joining, full };
}
