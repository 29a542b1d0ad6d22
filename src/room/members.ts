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

/**
 * The view's members by seniority, then other connected peers.
 * @param absent what was known of members that have disconnected.
 */
export function memberStatuses(
  at: Outlook,
  card: Card,
  absent: ReadonlyMap<PeerId, Acquaintance>,
  transport: Transport,
): readonly MemberStatus[] {
  const members = bySeniority(at.view);
  const others = at.roster
    .all()
    .map(({ peer }) => peer)
    .filter((peer) => !members.includes(peer));
  return [...members, ...others].map((peer) => {
    const member = members.includes(peer);
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
  });
}
