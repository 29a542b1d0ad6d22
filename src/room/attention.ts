/**
 * Attention: whom a peer listens for. Were it everybody, heartbeats would grow with the square of the
 * members; so members speak to the few that lead (`council`), and those to all. Whoever else must not be
 * silent unnoticed is asked for a word: those that this peer's workers wait for, and one other member after
 * the other (the idea of SWIM: Das, Gupta, Motivala 2002). So silence is only ever held against a peer that
 * was spoken to, or that speaks to us anyhow, and two peers need not agree on who leads.
 */
import type { PeerId } from '../network/transport.ts';
import { council, type Outlook } from './leadership.ts';
import type { Acquaintance } from './roster.ts';
import { bySeniority } from './seats.ts';
import { ASK_MS, HEARTBEAT_MS } from './timing.ts';

/** Most members that are listened for because something of theirs is waited for. */
const MAX_AWAITED = 8;

export class Attention {
  #probed: PeerId | null = null;

  /**
   * Listens for those who matter now, and gives those to be asked for a word.
   * @param awaited members that this peer's workers wait for.
   * @param pledged the leader that has this peer's promise, or null.
   */
  turn(at: Outlook, awaited: readonly PeerId[], pledged: PeerId | null): readonly Acquaintance[] {
    const wanted = new Set<PeerId>([...council(at), ...awaited.slice(0, MAX_AWAITED)]);
    if (pledged !== null) wanted.add(pledged);
    const probed = this.#probe(at, wanted);
    if (probed !== null) wanted.add(probed);
    const members = new Set(bySeniority(at.view));
    const leads = council(at).includes(at.self);
    const asked: Acquaintance[] = [];
    for (const known of at.roster.all()) {
      const { peer } = known;
      // One that is suspected stays so until it is heard.
      const suspected = !at.roster.hears(peer, at.now);
      const stranger = !members.has(peer);
      const matters = leads || wanted.has(peer) || suspected || (stranger && known.leads);
      if (!matters) {
        known.watched = null;
        continue;
      }
      if (known.watched === null) {
        known.watched = at.now;
        // What it told before we listened is old.
        known.strayedSince = null;
      }
      const silent = at.now - Math.max(known.heard, known.watched) >= ASK_MS;
      if (!silent || at.now - known.asked < HEARTBEAT_MS) continue;
      known.asked = at.now;
      asked.push(known);
    }
    return asked;
  }

  /** The member whose turn it is to be listened for, until it has been heard; null if all are anyway. */
  #probe(at: Outlook, wanted: ReadonlySet<PeerId>): PeerId | null {
    const known = this.#probed === null ? undefined : at.roster.known(this.#probed);
    const heard = known === undefined || known.watched === null || known.heard > known.watched;
    const members = bySeniority(at.view);
    const others = members.filter((peer) => peer !== at.self && !wanted.has(peer));
    if (others.length === 0) this.#probed = null;
    else if (heard || this.#probed === null || !others.includes(this.#probed)) {
      const last = this.#probed === null ? at.self : this.#probed;
      const from = members.indexOf(last);
      this.#probed = others.find((peer) => members.indexOf(peer) > from) ?? others[0] ?? null;
    }
    return this.#probed;
  }
}
