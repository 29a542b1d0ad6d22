/**
 * The room's door: one id on the signalling server, derived from the room's code, that some tab of the
 * room holds and answers. Whoever comes tries to take it; if it is taken, it rings, and the holder answers
 * with the ids it knows. Everyone who does not hold it rings again every few seconds, so that parts of a
 * room that lost each other meet again, and takes it over when nobody answers. A doorbell only: the holder
 * leads nothing. Rings travel through the signalling server itself, so none costs a connection.
 */
import { randomFraction } from '../identity.ts';
import type { PeerId } from '../transport.ts';
import { doorId } from './door-id.ts';
import {
  compareBuilds,
  type FromServer,
  MAX_LINKS,
  type Ring,
  type Roster,
  ringIn,
  ringMessage,
  rosterIn,
  rosterMessage,
} from './messages.ts';
import { type SignallingContext, SignallingPeer } from './signalling.ts';

export interface DoorEvents {
  /** The door was answered, or is now held: these ids are in the room (without this tab). */
  onRoster(peers: readonly PeerId[]): void;
  onHolding(holding: boolean): void;
  /** Another tab runs a newer version of the lab. */
  onOutdated(): void;
  /** Ids this tab is connected to, for the roster. */
  connected(): readonly PeerId[];
}

const RING_MILLISECONDS = 3_000;
const ANSWER_MILLISECONDS = 1_500;
const RETRY_MILLISECONDS = 200;
/** A caller stays on the roster so long, even before this tab is connected to it. */
const CALLER_MILLISECONDS = 15_000;

export class Door {
  readonly #id: PeerId;
  readonly #context: SignallingContext;
  readonly #main: SignallingPeer;
  readonly #events: DoorEvents;
  /** Who rang lately, and when; the oldest first. */
  readonly #callers = new Map<PeerId, number>();
  #claim: SignallingPeer | null = null;
  #holding = false;
  #ended = false;
  #cancel = () => {};

  constructor(room: string, context: SignallingContext, main: SignallingPeer, events: DoorEvents) {
    this.#id = doorId(room);
    this.#context = context;
    this.#main = main;
    this.#events = events;
  }

  /** The signalling server is in reach: find out who is there. */
  start(): void {
    if (!this.#ended && this.#claim === null) this.#take();
  }

  /** Somebody has just gone, perhaps the holder: find out soon. */
  hurry(): void {
    if (this.#ended || this.#holding || this.#claim !== null || !this.#main.connected) return;
    this.#later(RETRY_MILLISECONDS, () => this.#ring());
  }

  /** It is not: nothing to do until it is again. */
  pause(): void {
    this.#cancel();
    this.#release();
  }

  /** Never again. */
  end(): void {
    this.#ended = true;
    this.pause();
  }

  /** A message for the main peer; true if it was the door's answer. */
  answered(message: FromServer): boolean {
    const answer = rosterIn(message);
    if (answer === null) return false;
    // The server stamps the sender: only who holds the door can answer for it.
    if (answer.from !== this.#id || this.#ended || this.#holding) return true;
    this.#hear(answer.roster);
    return true;
  }

  #hear({ verdict, peers }: Roster): void {
    if (verdict === 'outdated') {
      this.#events.onOutdated();
      this.end();
      return;
    }
    this.#events.onRoster(peers.filter((peer) => peer !== this.#main.id));
    this.#later(verdict === 'released' ? RETRY_MILLISECONDS : RING_MILLISECONDS, () =>
      verdict === 'released' ? this.#take() : this.#ring(),
    );
  }

  #ring(): void {
    this.#main.send(ringMessage(this.#id, this.#context.lab));
    this.#later(ANSWER_MILLISECONDS, () => this.#take());
  }

  #take(): void {
    this.#cancel();
    this.#release();
    const claim = new SignallingPeer(this.#id, this.#context, {
      onOpen: () => {
        this.#holding = true;
        this.#events.onHolding(true);
        this.#events.onRoster(this.#events.connected());
      },
      onTaken: () => {
        this.#release();
        this.#ring();
      },
      onDown: () => {
        if (this.#claim !== claim) return;
        this.#release();
        this.#later(RING_MILLISECONDS, () => this.#take());
      },
      onMessage: (message) => {
        const call = ringIn(message);
        if (call !== null && this.#holding) this.#answer(call.from, call.ring);
        return false;
      },
      onConnection: (connection) => connection.close(),
    });
    this.#claim = claim;
  }

  #answer(caller: PeerId, ring: Ring): void {
    const { clock, lab } = this.#context;
    const order = compareBuilds(ring, lab);
    const reply = (verdict: Roster['verdict'], peers: readonly PeerId[]) =>
      this.#claim?.send(rosterMessage(caller, { ...lab, verdict, peers: [...peers] }));
    if (order < 0) {
      reply('outdated', []);
    } else if (order > 0) {
      reply('released', []);
      this.#events.onOutdated();
      this.end();
    } else {
      const now = clock.now();
      for (const [peer, at] of this.#callers) {
        if (now - at > CALLER_MILLISECONDS || this.#callers.size > MAX_LINKS) this.#callers.delete(peer);
      }
      const known = new Set([this.#main.id, ...this.#events.connected(), ...this.#callers.keys()]);
      known.delete(caller);
      reply('welcome', [...known].slice(0, 2 * MAX_LINKS));
      this.#callers.delete(caller);
      this.#callers.set(caller, now);
    }
  }

  #release(): void {
    const claim = this.#claim;
    this.#claim = null;
    claim?.close();
    if (!this.#holding) return;
    this.#holding = false;
    this.#events.onHolding(false);
  }

  #later(milliseconds: number, action: () => void): void {
    this.#cancel();
    if (this.#ended) return;
    this.#cancel = this.#context.clock.after(
      milliseconds * (0.75 + 0.5 * randomFraction(this.#context.fill)),
      action,
    );
  }
}
