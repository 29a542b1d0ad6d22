/** What the room tells the session about each peer: a picture for the dashboard, not a source of truth. */
import type { PeerId, Transport } from '../network/transport.ts';
import { isWell, type Outlook } from './leadership.ts';
import type { Card } from './reception.ts';
import type { Acquaintance, Hello } from './roster.ts';
import { bySeniority, seatsOf } from './seats.ts';

/** A member of the view, or a connected peer that is not (yet) one. */
export interface MemberStatus {
  readonly peer: PeerId;
  readonly member: boolean;
  readonly name: string;
  readonly hidden: boolean;
  readonly backend: Hello['backend'];
  readonly adapter: string;
  /** Workers it wants to host. */
  readonly workers: number;
  /** When (on the room's clock) it was last heard, if it is out of touch; else null. */
  readonly suspectedSince: number | null;
  readonly carrier: string | null;
}

/** What is known of others, to be asked about one peer after the other. */
export interface Acquaintances {
  readonly at: Outlook;
  readonly card: Card;
  /** What was known of members that have disconnected. */
  readonly absent: ReadonlyMap<PeerId, Acquaintance>;
  readonly transport: Transport;
}

/** The view's members by seniority, then other connected peers. */
export function memberStatuses(known: Acquaintances): readonly MemberStatus[] {
  const members = new Set(bySeniority(known.at.view));
  const others = known.at.roster
    .all()
    .map(({ peer }) => peer)
    .filter((peer) => !members.has(peer));
  return [...members, ...others].flatMap((peer) => memberStatus(known, peer) ?? []);
}

/** One of these; undefined if it is none. */
export function memberStatus(
  { at, card, absent, transport }: Acquaintances,
  peer: PeerId,
): MemberStatus | undefined {
  const member = bySeniority(at.view).includes(peer);
  if (!member && at.roster.known(peer) === undefined) return undefined;
  if (peer === at.self) return { peer, member, ...card, suspectedSince: null, carrier: 'memory' };
  const known = at.roster.get(peer) ?? absent.get(peer);
  return {
    peer,
    member,
    name: known?.hello?.name ?? '',
    hidden: known?.hello?.hidden ?? false,
    backend: known?.hello?.backend ?? 'unknown',
    adapter: known?.hello?.adapter ?? '',
    workers: known?.hello?.workers ?? seatsOf(at.view, peer).length,
    suspectedSince: isWell(at, peer) ? null : (known?.heard ?? at.now),
    carrier: transport.carrier(peer),
  };
}
