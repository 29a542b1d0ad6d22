/**
 * What the page knows of its host: a lab's server, or a static host that says nothing. The server's own room
 * (where its plain address leads) may be another once it was started anew; then those who stayed and those
 * who come would land apart, so both are told, with one press to the other side.
 */
import type { Clock } from '../base/clock.ts';
import { FORMER_ROOM, type Lab, type LabBuild, parseLab } from '../network/lab.ts';
import { sameRoom } from '../network/room-name.ts';
import type { PageAddress } from './page-address.ts';
import type { Notice } from './snapshot.ts';
import { recall, remember } from './tab-memory.ts';
import { WORDS } from './words.ts';

/** How often the server is asked for its room, in ms. */
const ASK_MS = 30_000;
/** The server's room when this tab was last in it; labs below several paths of one host have one each. */
const hostRoomKey = (place: string) => `murmuration.host-room ${place}`;

export interface HostAnswer {
  readonly lab: Lab | null;
  /** Why nothing came of it, where that is not as it should be. A static host has no `lab.json`, which is fine. */
  readonly trouble: Notice | null;
}

/** Asks the host of the page at `base` what it is. `from`: a room that was the server's when this tab came. */
export async function askHost(base: URL, from: string | null): Promise<HostAnswer> {
  const url = new URL('lab.json', base);
  if (from !== null) url.searchParams.set(FORMER_ROOM, from);
  let text: string;
  try {
    const response = await fetch(url, { cache: 'no-store' });
    if (response.status >= 500) return { lab: null, trouble: WORDS.hostSilent() };
    if (!response.ok) return { lab: null, trouble: null };
    text = await response.text();
  } catch {
    return { lab: null, trouble: WORDS.hostSilent() };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Static hosts like to answer with their front page.
    return { lab: null, trouble: null };
  }
  const lab = parseLab(value);
  return { lab, trouble: lab === null ? WORDS.hostOdd() : null };
}

export interface HostWatchOptions {
  readonly clock: Clock;
  readonly address: Pick<PageAddress, 'hostChanged'>;
  readonly build: LabBuild;
  /** The path that the lab is below. */
  readonly place: string;
  /** The room that this tab is in. */
  readonly room: string;
  ask(from: string | null): Promise<HostAnswer>;
  tell(notice: Notice): void;
  dismiss(id: string): void;
}

/** Watches the server's room for a tab that is in a room. */
export class HostWatch {
  readonly #options: HostWatchOptions;
  /** This tab's room was the server's when it came, or before it was reloaded. */
  readonly #wasHost: boolean;
  /** The room that this tab left by being reloaded, as the server's had become another. */
  readonly #left: string | null;
  #closed = false;

  /** `lab`: what the server said when the tab came. */
  constructor(options: HostWatchOptions, lab: Lab) {
    this.#options = options;
    const { room, place } = options;
    const before = recall(hostRoomKey(place));
    this.#wasHost = sameRoom(room, lab.room) || (before !== null && sameRoom(room, before));
    this.#left = before !== null && sameRoom(room, lab.room) && !sameRoom(before, room) ? before : null;
    if (sameRoom(room, lab.room)) remember(hostRoomKey(place), room);
    this.#judge(lab);
    this.#later();
  }

  /** Asks now: the server may have been started anew. */
  async check(): Promise<void> {
    if (this.#closed) return;
    const { lab } = await this.#options.ask(this.#wasHost ? this.#options.room : null);
    if (lab !== null && !this.#closed) this.#judge(lab);
  }

  close(): void {
    this.#closed = true;
  }

  #later(): void {
    this.#options.clock.after(ASK_MS, () => {
      if (this.#closed) return;
      void this.check();
      this.#later();
    });
  }

  #judge(lab: Lab): void {
    const { room, build, address, tell, dismiss } = this.#options;
    address.hostChanged(lab.room);
    if (lab.version !== build.version) tell(WORDS.outdated());
    const other = lab.former.find((name) => !sameRoom(name, room)) ?? this.#left;
    if (!sameRoom(lab.room, room)) {
      if (this.#wasHost) tell(WORDS.hostMoved(lab.room, room));
    } else if (other !== null) tell(WORDS.othersStayed(other, room));
    else dismiss('host-room');
  }
}
