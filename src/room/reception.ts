/**
 * The reception: this peer's own hello, and what becomes of the hellos of others. It lets in who fits,
 * refuses who does not with the reason named, and repeats itself until it is answered. Who becomes a
 * member is decided elsewhere.
 */
import type { PeerId, Transport } from '../network/transport.ts';
import { MAX_WORKERS_PER_PEER } from '../protocol/control.ts';
import { PROTOCOL_VERSION } from '../protocol/frame.ts';
import { differenceBetween, noticeOf, noticeOfRefusal, type RefusalReason, type RoomNotice } from './gate.ts';
import type { Mail } from './mail.ts';
import { type Acquaintance, type Hello, type Roster, sameGreeting } from './roster.ts';
import type { Standing } from './standing.ts';
import { HELLO_MS } from './timing.ts';
import type { View } from './view.ts';
import { textHash } from './view-id.ts';

export interface RoomSelf {
  readonly peer: PeerId;
  readonly name: string;
  readonly workers: number;
  readonly backend: Hello['backend'];
  readonly adapter: string;
  /** Version of the lab: a peer with another one is refused. */
  readonly lab: string;
  /** When it was built, ms since 1970: tells which of two versions is the older. */
  readonly built: number;
}

/** What this peer tells of itself and may change its mind about. */
export interface Card {
  readonly name: string;
  readonly hidden: boolean;
  readonly backend: Hello['backend'];
  readonly adapter: string;
  readonly workers: number;
}

export interface ReceptionParts {
  readonly self: RoomSelf;
  readonly roster: Roster;
  readonly mail: Mail;
  readonly transport: Transport;
  readonly layoutHash: () => string;
  now(): number;
  view(): View;
  standing(): Standing;
  notify(notice: RoomNotice): void;
}

export class Reception {
  readonly #parts: ReceptionParts;
  #card: Card;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    const { name, backend, adapter, workers } = parts.self;
    this.#card = clip({ name, backend, adapter, workers, hidden: false });
  }

  get card(): Card {
    return this.#card;
  }

  /** Changes what this peer tells of itself, and tells it. */
  present(changes: Partial<Card>): void {
    this.#card = clip({ ...this.#card, ...changes });
    this.greetAll();
  }

  hello(): Hello {
    const { self, layoutHash, view, standing } = this.#parts;
    return {
      kind: 'hello',
      protocol: PROTOCOL_VERSION,
      lab: self.lab.slice(0, 40),
      built: self.built,
      ...this.#card,
      view: standing(),
      recipeHash: textHash(view().recipe),
      layoutHash: layoutHash(),
    };
  }

  greet(peer: PeerId): void {
    const known = this.#parts.roster.get(peer);
    if (known === undefined || known.refused) return;
    known.greeted = this.#parts.now();
    void this.#parts.mail.send(peer, this.hello());
  }

  greetAll(): void {
    for (const { peer } of this.#parts.roster.all()) this.greet(peer);
  }

  /** Says hello again to whoever has not answered. */
  remind(): void {
    for (const { peer } of this.#parts.roster.unanswered(this.#parts.now())) this.greet(peer);
  }

  /** Takes a hello; false if its sender was refused. */
  admit(known: Acquaintance, hello: Hello): boolean {
    const mine = this.hello();
    const difference = differenceBetween(mine, hello);
    if (difference !== null) {
      this.refuse(
        known,
        difference.reason,
        difference.message,
        noticeOf(difference, mine, hello, hello.name),
      );
      return false;
    }
    // One that repeats itself has not had our answer.
    const repeated = known.hello !== null && sameGreeting(known.hello, hello);
    known.hello = hello;
    if (repeated && this.#parts.now() - known.greeted >= HELLO_MS / 2) this.greet(known.peer);
    return true;
  }

  refuse(known: Acquaintance, reason: RefusalReason, message: string, notice: RoomNotice): void {
    if (known.refused) return;
    known.refused = true;
    const { mail, transport, notify } = this.#parts;
    notify(notice);
    void mail
      .send(known.peer, { kind: 'refused', reason, message: message.slice(0, 400) })
      .then(() => transport.drop(known.peer, message));
  }

  /** The other side does not want us. */
  refused(known: Acquaintance, reason: RefusalReason): void {
    known.refused = true;
    this.#parts.notify(noticeOfRefusal(reason));
    this.#parts.transport.drop(known.peer, 'It refused this peer.');
  }
}

function clip(card: Card): Card {
  const { name, adapter, workers } = card;
  const whole = Number.isFinite(workers) ? Math.round(workers) : 1;
  return {
    ...card,
    name: name.slice(0, 40),
    adapter: adapter.slice(0, 120),
    workers: Math.min(MAX_WORKERS_PER_PEER, Math.max(1, whole)),
  };
}
