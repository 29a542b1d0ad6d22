/**
 * Heartbeats: what a peer keeps telling the others about itself. Those who lead tell everybody, everybody
 * tells those who lead, and a newcomer those who lead the room that it wants to join: so the messages grow
 * with the members, not with their square. A heartbeat says what has changed; otherwise a pulse of constant
 * size says that nothing has.
 */
import type { PeerId } from '../network/transport.ts';
import type { ControlOf } from '../protocol/control.ts';
import { council, heard, isWell, type Outlook } from './leadership.ts';
import type { Mail } from './mail.ts';
import type { Acquaintance } from './roster.ts';
import { bySeniority } from './seats.ts';
import { compareStanding, type Standing } from './standing.ts';
import { HEARTBEAT_MS, REFRESH_MS, TICK_MS } from './timing.ts';

/** Lists of no more names than this are told at once whenever they change. */
const SHORT_LIST = 16;
/** For this long only the most senior room is told whom a newcomer hears; then every senior one. */
const OUTSIDE_MS = 3000;

type Heartbeat = ControlOf<'heartbeat'>;
/** Which lists a heartbeat carries: for who leads our view, for who leads a senior one, or none. */
type Audience = 'ours' | 'senior' | 'others';

/** A heartbeat to one kind of peer: the message, its text, and the same without the lists. */
interface Words {
  readonly audience: Audience;
  readonly message: Heartbeat;
  readonly text: string;
  readonly brief: string;
}

interface Told {
  audience: Audience;
  /** The heartbeat that it had last, and when. */
  text: string;
  /** The same without the lists. */
  brief: string;
  at: number;
  /** When it last had a word of any kind. */
  spoken: number;
}

export class Heartbeats {
  readonly #mail: Mail;
  readonly #told = new Map<PeerId, Told>();
  #outside: { readonly id: string; readonly since: number } | null = null;

  constructor(mail: Mail) {
    this.#mail = mail;
  }

  /** What it was told may not have reached it, or its connection is another. */
  forget(peer: PeerId): void {
    this.#told.delete(peer);
  }

  /** Tells whoever is to hear from us what is new or due. */
  beat(at: Outlook, owed: boolean): void {
    const inner = council(at);
    const members = new Set(bySeniority(at.view));
    const leads = inner.includes(at.self);
    const texts = new Map<Audience, Words>();
    const audienceOf = this.#audiences(at, inner, members);
    for (const known of at.roster.all()) {
      const { peer } = known;
      const audience = audienceOf(known);
      if (audience === 'others' && !leads && !(known.leads && !members.has(peer))) continue;
      const said = texts.get(audience) ?? this.#words(at, owed, leads, audience, members);
      texts.set(audience, said);
      this.#tell(peer, said, at.now);
    }
  }

  /** A word to one peer, now: that asked for one, or is asked for one. */
  word(at: Outlook, owed: boolean, peer: PeerId, ask: boolean): void {
    const told = this.#told.get(peer);
    const known = at.roster.known(peer);
    const inner = council(at);
    const members = new Set(bySeniority(at.view));
    // A pulse says that all is as it was told last: to one that we seldom speak to, that may be long ago.
    if (known !== undefined) {
      const audience = this.#audiences(at, inner, members)(known);
      const said = this.#words(at, owed, inner.includes(at.self), audience, members);
      const news = told?.text !== said.text;
      if (news) this.#say(peer, said, at.now);
      // However often it asks, it is not answered more often than this.
      if (!ask && (news || at.now - told.spoken < TICK_MS / 2)) return;
    }
    this.#pulse(peer, at.now, ask);
  }

  #tell(peer: PeerId, said: Words, now: number): void {
    const told = this.#told.get(peer);
    const news = told?.text !== said.text;
    // Whom we hear may change often while many come: that can wait for a moment, what we are cannot.
    const same = told?.brief === said.brief && told.audience === said.audience;
    const long = said.message.hears.length + said.message.misses.length > SHORT_LIST;
    const waits = same && long && now - told.at < TICK_MS;
    if ((news && !waits) || (told !== undefined && now - told.at >= REFRESH_MS)) {
      this.#say(peer, said, now);
    } else if (told === undefined || now - told.spoken >= HEARTBEAT_MS) {
      this.#pulse(peer, now, false);
    }
  }

  #say(peer: PeerId, { audience, message, text, brief }: Words, now: number): void {
    this.#told.set(peer, { audience, text, brief, at: now, spoken: now });
    void this.#mail.send(peer, message);
  }

  #pulse(peer: PeerId, now: number, ask: boolean): void {
    const told = this.#told.get(peer);
    if (told !== undefined) told.spoken = now;
    void this.#mail.send(peer, { kind: 'pulse', ask });
  }

  #words(
    at: Outlook,
    owed: boolean,
    leads: boolean,
    audience: Audience,
    members: ReadonlySet<PeerId>,
  ): Words {
    const hears =
      audience === 'others' ? [] : heard(at).filter((peer) => audience === 'senior' || !members.has(peer));
    const misses =
      audience === 'ours' ? [...members].filter((peer) => peer !== at.self && !isWell(at, peer)) : [];
    const brief = { view: at.standing, leads, owed };
    const message: Heartbeat = { kind: 'heartbeat', ...brief, hears, misses };
    return { audience, message, text: JSON.stringify(message), brief: JSON.stringify(brief) };
  }

  #audiences(
    at: Outlook,
    inner: readonly PeerId[],
    members: ReadonlySet<PeerId>,
  ): (known: Acquaintance) => Audience {
    const senior = this.#seniorView(at, members);
    return (known) => {
      if (members.has(known.peer)) return inner.includes(known.peer) ? 'ours' : 'others';
      return senior(known) ? 'senior' : 'others';
    };
  }

  /** Whether a peer leads a view that we would join: of the most senior only, until that has taken too long. */
  #seniorView(at: Outlook, members: ReadonlySet<PeerId>): (known: Acquaintance) => boolean {
    let best: Standing | null = null;
    for (const { peer, standing } of at.roster.all()) {
      if (members.has(peer) || standing === null || !at.roster.hears(peer, at.now)) continue;
      if (compareStanding(standing, at.standing) <= 0) continue;
      if (best === null || compareStanding(standing, best) > 0) best = standing;
    }
    const id = best?.id ?? '';
    const key = `${at.view.id} ${id}`;
    if (best === null) this.#outside = null;
    else if (this.#outside?.id !== key) this.#outside = { id: key, since: at.now };
    const patient = this.#outside !== null && at.now - this.#outside.since < OUTSIDE_MS;
    return ({ leads, standing }) => {
      if (!leads || standing === null) return false;
      return patient ? standing.id === id : compareStanding(standing, at.standing) > 0;
    };
  }
}
