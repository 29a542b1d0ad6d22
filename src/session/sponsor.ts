/**
 * How a newcomer gets the current parameters: it asks members of its view one after the other, and takes
 * the first answer. Asking (rather than being sent them) works whatever views came and went meanwhile.
 */
import type { Clock } from '../base/clock.ts';
import type { Letter, PostOffice } from '../network/post-office.ts';
import type { PeerId } from '../network/transport.ts';
import { type Frame, NO_VIEW } from '../protocol/frame.ts';
import type { SeatHolder, View } from '../room/view.ts';
import { bytesOfFloats, floatsOfBytes } from './floats.ts';

const REQUEST = 250;
const PARAMETERS = 251;
const NONE = 252;
/** How long one member may take before the next is asked, in ms. */
const PATIENCE_MS = 3000;

export interface Sponsors {
  readonly clock: Clock;
  readonly post: PostOffice;
  /** Committed parameters of the worker on this seat of this peer, with their round; null if it has none. */
  parametersOf(seat: number): Promise<{ round: number; parameters: Float32Array } | null>;
}

export class Sponsorship {
  readonly #sponsors: Sponsors;
  readonly #waiting = new Map<string, (frame: Frame) => void>();

  constructor(sponsors: Sponsors) {
    this.#sponsors = sponsors;
  }

  /** Takes a resync frame that belongs to no view. */
  receive(peer: PeerId, frame: Frame): void {
    if (frame.tag === REQUEST) {
      void this.#answer(peer, frame);
      return;
    }
    this.#waiting.get(`${peer} ${frame.source} ${frame.destination}`)?.(frame);
  }

  /**
   * Asks for parameters, members who stayed longest first; null if nobody has any.
   * @throws the signal's reason when it aborts.
   */
  async fetch(
    view: View,
    me: SeatHolder,
    length: number,
    signal: AbortSignal,
  ): Promise<{ round: number; parameters: Float32Array } | null> {
    const others = view.seats.filter(({ seat }) => seat !== me.seat);
    others.sort((a, b) => a.since - b.since || a.seat - b.seat);
    for (const other of others) {
      const frame = await this.#ask(other, me, signal);
      if (frame === null || frame.tag !== PARAMETERS) continue;
      const parameters = floatsOfBytes(frame.payload, length);
      if (parameters !== null) return { round: frame.round, parameters };
    }
    return null;
  }

  async #ask(other: SeatHolder, me: SeatHolder, signal: AbortSignal): Promise<Frame | null> {
    const { clock, post } = this.#sponsors;
    const key = `${other.peer} ${other.seat} ${me.seat}`;
    const patience = new AbortController();
    const answer = new Promise<Frame>((resolve) => this.#waiting.set(key, resolve));
    try {
      signal.throwIfAborted();
      post
        .send(this.#frame(REQUEST, 0, me.seat, other.seat, new Uint8Array()), other.peer)
        .catch(() => patience.abort());
      const limit = clock.sleep(PATIENCE_MS, AbortSignal.any([signal, patience.signal])).then(
        () => null,
        () => null,
      );
      const first = await Promise.race([answer, limit]);
      signal.throwIfAborted();
      return first;
    } finally {
      this.#waiting.delete(key);
      patience.abort();
    }
  }

  async #answer(peer: PeerId, request: Frame): Promise<void> {
    const held = await this.#sponsors.parametersOf(request.destination).catch(() => null);
    const frame =
      held === null
        ? this.#frame(NONE, 0, request.destination, request.source, new Uint8Array())
        : this.#frame(
            PARAMETERS,
            held.round,
            request.destination,
            request.source,
            bytesOfFloats(held.parameters),
          );
    await this.#sponsors.post.send(frame, peer).catch(() => undefined);
  }

  #frame(tag: number, round: number, source: number, destination: number, payload: Uint8Array): Letter {
    return {
      type: 'resync',
      view: NO_VIEW,
      round,
      step: 0,
      tag,
      codec: 0,
      source,
      destination,
      payload,
    };
  }
}
