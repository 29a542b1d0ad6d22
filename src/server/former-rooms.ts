/**
 * Rooms that were this server's before it was started with another: tabs that are still there say so when
 * they ask for `lab.json`, and newcomers are told of them. What is said is a claim, so only a room whose
 * door somebody holds on this server is passed on, and only a few.
 */
import { readRoomName, roomId, sameRoom } from '../network/room-name.ts';
import { doorId } from '../network/webrtc/door-id.ts';

const MOST_KEPT = 16;
const MOST_TOLD = 4;

export class FormerRooms {
  readonly #home: string;
  readonly #held: (id: string) => boolean;
  /** By id, the latest last. */
  readonly #names = new Map<string, string>();

  /** `held`: whether a client of this id is connected to the signalling server. */
  constructor(home: string, held: (id: string) => boolean) {
    this.#home = home;
    this.#held = held;
  }

  /** A tab says that it is in this room, which was the server's when it came. */
  heard(text: string): void {
    const read = readRoomName(text);
    if (!read.ok || sameRoom(read.name, this.#home)) return;
    const id = roomId(read.name);
    this.#names.delete(id);
    this.#names.set(id, read.name);
    for (const [oldest] of this.#names) {
      if (this.#names.size <= MOST_KEPT) break;
      this.#names.delete(oldest);
    }
  }

  /** Those in which somebody is, the latest heard of first. */
  list(): readonly string[] {
    return [...this.#names]
      .filter(([id]) => this.#held(doorId(id)))
      .map(([, name]) => name)
      .reverse()
      .slice(0, MOST_TOLD);
  }
}
