/**
 * The address of this page, and the only place that writes it or hears of its changes. The fragment names
 * the room (`#room=…`); the query holds the recipe and this tab's settings, and is kept in step with them.
 * Only another room leaves the room: whatever else becomes of the fragment (a skip link, Back, Forward, a
 * slip of the finger) is put right again, and told if somebody may have wanted something by it.
 */
import { asksForNewRoom, printable, readRoomName, roomFragment, sameRoom } from '../network/room-name.ts';
import type { Notice } from './snapshot.ts';
import { CARRIED_KEY, forget, recall, remember } from './tab-memory.ts';
import { WORDS } from './words.ts';

/** The room that a fragment asks for. */
export type RoomAsked =
  /** The host's own. */
  | { readonly kind: 'host' }
  | { readonly kind: 'new' }
  | { readonly kind: 'room'; readonly name: string }
  /** `text` as it stood there, but fit to be shown; `why`: one sentence. */
  | { readonly kind: 'unusable'; readonly text: string; readonly why: string };

/** What the address needs of a window. */
export interface AddressBar {
  readonly location: { readonly href: string; reload(): void };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
  addEventListener(event: 'hashchange' | 'popstate', listener: () => void): void;
}

/** Reads a fragment, with its `#` or without. `rest`: settings in it that belong elsewhere. */
export function readFragment(fragment: string): {
  readonly asked: RoomAsked;
  readonly rest: readonly string[];
} {
  const pairs = [...new URLSearchParams(fragment.replace(/^#/, ''))];
  const first = pairs.findIndex(([name]) => name === 'room');
  const rest = pairs
    .filter(([name, value], index) => index !== first && value !== '' && /^\p{L}/u.test(name))
    .slice(0, 3)
    .map(([name, value]) => printable(`${name}=${value}`));
  const text = pairs[first]?.[1];
  return { asked: text === undefined ? { kind: 'host' } : roomAsked(text), rest };
}

function roomAsked(text: string): RoomAsked {
  if (asksForNewRoom(text)) return { kind: 'new' };
  const read = readRoomName(text);
  return read.ok
    ? { kind: 'room', name: read.name }
    : { kind: 'unusable', text: printable(text), why: read.why };
}

const textOf = (asked: RoomAsked) =>
  asked.kind === 'room' ? asked.name : asked.kind === 'unusable' ? asked.text : asked.kind;

export class PageAddress {
  /** As it was when the page was opened. */
  readonly opened: URL;
  /** The room that was asked for then. */
  readonly asked: RoomAsked;
  /** Whether the query was written by this page in a room that it left, and so asks nothing of this one. */
  readonly carried: boolean;
  readonly #bar: AddressBar;
  /** What belongs behind the query. */
  #fragment: string;
  #query: string;
  /** The room that this tab is in, and the host's own; null until they are known. */
  #room: string | null = null;
  #host: string | null = null;
  #notices: Notice[] = [];
  #tell: ((notice: Notice) => void) | null = null;

  constructor(bar: AddressBar) {
    this.#bar = bar;
    this.opened = new URL(bar.location.href);
    const { asked: named, rest } = readFragment(this.opened.hash);
    // People write `?room=…`, too.
    const inQuery = this.opened.searchParams.get('room');
    const asked = named.kind === 'host' && inQuery !== null ? roomAsked(inQuery) : named;
    this.asked = asked;
    this.#query = this.opened.search;
    this.#fragment =
      asked.kind === 'room' ? roomFragment(asked.name) : asked.kind === 'new' ? '#room=new' : '';
    this.carried = recall(CARRIED_KEY) === this.opened.search;
    forget(CARRIED_KEY);
    if (rest.length > 0) this.#say(WORDS.fragmentIgnored(rest));
    if (asked === named && inQuery !== null && printable(inQuery) !== textOf(asked)) {
      this.#say(WORDS.twoRooms(printable(inQuery)));
    }
    bar.addEventListener('hashchange', () => this.#changed());
    bar.addEventListener('popstate', () => this.#changed());
  }

  /** Who is told of what could not be followed; also of what came before. */
  listen(tell: (notice: Notice) => void): void {
    this.#tell = tell;
    for (const notice of this.#notices.splice(0)) tell(notice);
  }

  /** This tab is in `room`; a plain address would lead to `host`. */
  entered(room: string, host: string): void {
    this.#room = room;
    this.#host = host;
    this.#fragment = this.asked.kind === 'host' ? '' : roomFragment(room);
    this.#write();
  }

  /** The room that a plain address leads to is another now. */
  hostChanged(host: string): void {
    this.#host = host;
  }

  /** Keeps the query in step: '' or `?…`. */
  show(query: string): void {
    this.#query = query;
    this.#write();
  }

  #changed(): void {
    const { hash, search } = new URL(this.#bar.location.href);
    const { asked, rest } = readFragment(hash);
    if (this.#leaves(asked, hash)) {
      // Where the query is still what this page wrote, nobody asks the next room for this one's recipe.
      if (search === this.#query) remember(CARRIED_KEY, search);
      this.#bar.location.reload();
      return;
    }
    if (asked.kind === 'host' && hash === '') this.#fragment = '';
    this.#write();
    if (asked.kind === 'unusable') this.#say(WORDS.roomUnusable(asked.text, asked.why));
    if (rest.length > 0) this.#say(WORDS.fragmentIgnored(rest));
  }

  #leaves(asked: RoomAsked, hash: string): boolean {
    // This tab is in no room.
    if (this.asked.kind === 'unusable') return true;
    if (asked.kind === 'new') return true;
    if (asked.kind === 'unusable') return false;
    const here = this.#room ?? (this.asked.kind === 'room' ? this.asked.name : null);
    if (asked.kind === 'room') return here === null || !sameRoom(asked.name, here);
    // Anything else but an empty fragment names a place on the page, if that.
    if (hash !== '' || this.#fragment === '') return false;
    return here === null || this.#host === null || !sameRoom(here, this.#host);
  }

  #write(): void {
    const { origin, pathname, href } = new URL(this.#bar.location.href);
    const address = `${origin}${pathname}${this.#query}${this.#fragment}`;
    if (address !== href) this.#bar.history.replaceState(null, '', address);
  }

  #say(notice: Notice): void {
    if (this.#tell === null) this.#notices.push(notice);
    else this.#tell(notice);
  }
}
