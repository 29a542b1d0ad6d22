/**
 * Seats: who holds which place in the run. Pure functions over the seats of a view.
 *
 * A leaver's seat goes free and nobody else moves; a newcomer takes the lowest free seat (so the data
 * share of one that left is trained on again), or else a fresh one.
 */
import type { PeerId } from '../network/transport.ts';
import { MAX_SEATS } from '../protocol/control.ts';
import type { SeatHolder, View } from './view.ts';

/** The seats of one peer, ascending. */
export function seatsOf(view: Pick<View, 'seats'>, peer: PeerId): readonly SeatHolder[] {
  return view.seats.filter((holder) => holder.peer === peer);
}

/** Asked for at every event, and the same as long as the seats are. */
const seniorities = new WeakMap<readonly SeatHolder[], readonly PeerId[]>();

/**
 * The peers of a view by seniority: who took its oldest seat first, then the lower seat. The first that
 * is well leads, so a newcomer in an old seat does not take the lead.
 */
export function bySeniority(view: Pick<View, 'seats'>): readonly PeerId[] {
  const before = seniorities.get(view.seats);
  if (before !== undefined) return before;
  const oldest = new Map<PeerId, SeatHolder>();
  for (const holder of view.seats) {
    const known = oldest.get(holder.peer);
    if (known === undefined || holder.since < known.since) oldest.set(holder.peer, holder);
  }
  const peers = [...oldest.values()].sort((a, b) => a.since - b.since || a.seat - b.seat);
  const order = peers.map(({ peer }) => peer);
  seniorities.set(view.seats, order);
  return order;
}

/**
 * The seats after a change: those who stay keep theirs, as far as they still want so many workers; then
 * whoever wants more takes the lowest free ones, those who stay first.
 *
 * @param wanted workers that each peer of the new view wants, in the order in which they choose. Peers
 *   that are not listed leave.
 * @param newcomers peers that give up any seat they had.
 */
export function reseat(
  seats: readonly SeatHolder[],
  wanted: ReadonlyMap<PeerId, number>,
  newcomers: ReadonlySet<PeerId>,
  since: number,
): readonly SeatHolder[] {
  const kept = seats.filter(({ peer, worker }) => !newcomers.has(peer) && worker < (wanted.get(peer) ?? 0));
  const taken = new Set(kept.map(({ seat }) => seat));
  const result = [...kept];
  let seat = 0;
  for (const [peer, count] of wanted) {
    const present = new Set(kept.filter((holder) => holder.peer === peer).map(({ worker }) => worker));
    for (let worker = 0; worker < count; worker++) {
      if (present.has(worker)) continue;
      while (taken.has(seat)) seat++;
      if (seat >= MAX_SEATS) break;
      taken.add(seat);
      result.push({ seat, peer, worker, since });
    }
  }
  return result.sort((a, b) => a.seat - b.seat);
}

/** The same holders in the same order on seats 0, 1, 2, ... */
export function compact(seats: readonly SeatHolder[]): readonly SeatHolder[] {
  return seats.map((holder, seat) => ({ ...holder, seat }));
}

/** True if both name the same holders of the same seats. */
export function sameSeats(a: readonly SeatHolder[], b: readonly SeatHolder[]): boolean {
  return (
    a.length === b.length &&
    a.every((holder, index) => {
      const other = b[index];
      return (
        other !== undefined &&
        holder.seat === other.seat &&
        holder.peer === other.peer &&
        holder.worker === other.worker &&
        holder.since === other.since
      );
    })
  );
}
