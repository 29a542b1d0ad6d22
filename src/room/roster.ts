/**
 * The roster: what this peer knows of every peer it is connected to, and when it last heard from it.
 * A record of facts; what follows from them is the room's affair. It holds nothing for peers that the
 * transport does not list, so it is as small as the room.
 */
import type { PeerId } from '../network/transport.ts';
import type { ControlOf } from '../protocol/control.ts';
import type { Standing } from './standing.ts';
import { HELLO_MS, SILENCE_MS } from './timing.ts';
import type { View } from './view.ts';

export type Hello = ControlOf<'hello'>;

/** One connected peer. */
export interface Acquaintance {
  readonly peer: PeerId;
  /** Its latest hello; null before the first, and for peers that were refused. */
  hello: Hello | null;
  /** We do not talk to it any more. */
  refused: boolean;
  standing: Standing | null;
  /** Peers outside its view that it hears, or all if it is in another view than ours; by its own account. */
  hears: ReadonlySet<PeerId>;
  /** Members of its view that it does not hear, by its own account. */
  misses: ReadonlySet<PeerId>;
  /** It leads its view, or would be next, by its own account. */
  leads: boolean;
  /** It rolled back for a change that never came. */
  owed: boolean;
  /** When it was last heard. */
  heard: number;
  /** Since when we have been listening for it, or null: silence means nothing of one that need not speak. */
  watched: number | null;
  /** When we last asked it for a word. */
  asked: number;
  /** Since when, as far as we listen, it has been in another view than ours, or null. */
  strayedSince: number | null;
  /** Not to be asked to join before this. */
  notBefore: number;
  /** The recipe that it cannot run, so that it need not be asked into a view with it; or null. */
  declined: string | null;
  /** When we last said hello to it. */
  greeted: number;
}

export class Roster {
  readonly #peers = new Map<PeerId, Acquaintance>();

  join(peer: PeerId, now: number): Acquaintance {
    const acquaintance: Acquaintance = {
      peer,
      hello: null,
      refused: false,
      standing: null,
      hears: new Set(),
      misses: new Set(),
      leads: false,
      owed: false,
      heard: now,
      watched: null,
      asked: Number.NEGATIVE_INFINITY,
      strayedSince: null,
      notBefore: 0,
      declined: null,
      greeted: Number.NEGATIVE_INFINITY,
    };
    this.#peers.set(peer, acquaintance);
    return acquaintance;
  }

  leave(peer: PeerId): void {
    this.#peers.delete(peer);
  }

  clear(): void {
    this.#peers.clear();
  }

  /** Any connected peer. */
  get(peer: PeerId): Acquaintance | undefined {
    return this.#peers.get(peer);
  }

  /** A peer whose hello we accepted. */
  known(peer: PeerId): (Acquaintance & { hello: Hello }) | undefined {
    const found = this.#peers.get(peer);
    return found !== undefined && isKnown(found) ? found : undefined;
  }

  /** All whose hello we accepted, by id: the same order at every peer. */
  all(): readonly (Acquaintance & { hello: Hello })[] {
    return [...this.#peers.values()].filter(isKnown).sort((a, b) => (a.peer < b.peer ? -1 : 1));
  }

  /** Connected, accepted, and not silent while we listened for it. */
  hears(peer: PeerId, now: number): boolean {
    const found = this.known(peer);
    if (found === undefined) return false;
    return found.watched === null || now - Math.max(found.heard, found.watched) < SILENCE_MS;
  }

  /** Peers that have not said hello, and to whom ours may have been lost. */
  unanswered(now: number): readonly Acquaintance[] {
    return [...this.#peers.values()].filter(
      ({ hello, refused, greeted }) => hello === null && !refused && now - greeted >= HELLO_MS,
    );
  }

  /** After a sleep of our own nobody is to blame for the silence. */
  forgive(now: number): void {
    for (const acquaintance of this.#peers.values()) acquaintance.heard = now;
  }

  /** Keeps the account of who is in another view than ours. */
  watchView(view: View, now: number): void {
    for (const acquaintance of this.#peers.values()) {
      const here = acquaintance.standing?.id === view.id;
      acquaintance.strayedSince = here || acquaintance.watched === null ? null : now;
    }
  }
}

function isKnown(acquaintance: Acquaintance): acquaintance is Acquaintance & { hello: Hello } {
  return acquaintance.hello !== null && !acquaintance.refused;
}

/** True if a hello says nothing new about its sender (its view apart). */
export function sameGreeting(a: Hello, b: Hello): boolean {
  return JSON.stringify({ ...a, view: null }) === JSON.stringify({ ...b, view: null });
}
