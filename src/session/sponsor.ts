/**
 * How a newcomer gets the current parameters: it asks members of its view one after the other, and takes
 * the first answer. Asking (rather than being sent them) works whatever views came and went meanwhile.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { Clock } from '../base/clock.ts';
import type { Letter, PostOffice } from '../network/post-office.ts';
import type { PeerId } from '../network/transport.ts';
import { type Frame, NO_VIEW } from '../protocol/frame.ts';
import type { SeatHolder, View } from '../room/view.ts';
import { bytesOfFloats, floatsOfBytes } from './floats.ts';

const REQUEST = 250;
const PARAMETERS = 251;
const NONE = 252;
/** In the header's `step`: the current parameters, those that the epoch started from, or the current and their weight. */
const CURRENT = 0;
const START = 1;
const SHARE = 2;
/** How long one member may take before the next is asked, in ms. */
const PATIENCE_MS = 3000;

export interface Sponsors {
  readonly clock: Clock;
  readonly post: PostOffice;
  /** Committed parameters of the worker on this seat of this peer, with their round and weight; null if it has none. */
  parametersOf(seat: number): Promise<{ round: number; parameters: Float32Array; weight: number } | null>;
  /** Parameters with this hash (hex) that an epoch starts from; null if they are not here. */
  startOf(hash: string): Float32Array | null;
}

export class Sponsorship {
  readonly #sponsors: Sponsors;
  readonly #waiting = new Map<string, Set<(frame: Frame) => void>>();

  constructor(sponsors: Sponsors) {
    this.#sponsors = sponsors;
  }

  /** Takes a resync frame that belongs to no view. */
  receive(peer: PeerId, frame: Frame): void {
    if (frame.tag === REQUEST) {
      void this.#answer(peer, frame);
      return;
    }
    const key = `${peer} ${frame.source} ${frame.destination} ${frame.step}`;
    for (const hear of this.#waiting.get(key) ?? []) hear(frame);
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
    for (const other of othersOf(view, me)) {
      const given = await this.fetchFrom(other, me, length, signal);
      if (given !== null) return given;
    }
    return null;
  }

  /** Asks one member for its parameters; null if it has none. @throws the signal's reason when it aborts. */
  async fetchFrom(
    other: SeatHolder,
    me: SeatHolder,
    length: number,
    signal: AbortSignal,
  ): Promise<{ round: number; parameters: Float32Array } | null> {
    const frame = await this.#ask(other, me, CURRENT, new Uint8Array(), signal);
    if (frame === null || frame.tag !== PARAMETERS) return null;
    const parameters = floatsOfBytes(frame.payload, length);
    return parameters === null ? null : { round: frame.round, parameters };
  }

  /** The same, with the weight that they have in a de-biased average. @throws the signal's reason when it aborts. */
  async fetchShare(
    other: SeatHolder,
    me: SeatHolder,
    length: number,
    signal: AbortSignal,
  ): Promise<{ round: number; parameters: Float32Array; weight: number } | null> {
    const frame = await this.#ask(other, me, SHARE, new Uint8Array(), signal);
    if (frame === null || frame.tag !== PARAMETERS) return null;
    const numbers = floatsOfBytes(frame.payload, length + 1);
    const weight = numbers?.[length] ?? 0;
    if (numbers === null || !(weight > 0)) return null;
    return { round: frame.round, parameters: numbers.slice(0, length), weight };
  }

  /** Asks for the parameters that the epoch starts from, by their hash (hex); null if nobody has them. */
  async fetchStart(
    view: View,
    me: SeatHolder,
    hash: string,
    length: number,
    signal: AbortSignal,
  ): Promise<Float32Array | null> {
    for (const other of othersOf(view, me)) {
      const frame = await this.#ask(other, me, START, hexToBytes(hash), signal);
      if (frame === null || frame.tag !== PARAMETERS) continue;
      const parameters = floatsOfBytes(frame.payload, length);
      if (parameters !== null) return parameters;
    }
    return null;
  }

  async #ask(
    other: SeatHolder,
    me: SeatHolder,
    step: number,
    payload: Uint8Array,
    signal: AbortSignal,
  ): Promise<Frame | null> {
    const { clock, post } = this.#sponsors;
    const key = `${other.peer} ${other.seat} ${me.seat} ${step}`;
    const patience = new AbortController();
    const hearing = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, hearing);
    let hear: (frame: Frame) => void = () => undefined;
    const answer = new Promise<Frame>((resolve) => {
      hear = resolve;
    });
    hearing.add(hear);
    try {
      signal.throwIfAborted();
      post
        .send(this.#frame(REQUEST, 0, step, me.seat, other.seat, payload), other.peer)
        .catch(() => patience.abort());
      const limit = clock.sleep(PATIENCE_MS, AbortSignal.any([signal, patience.signal])).then(
        () => null,
        () => null,
      );
      const first = await Promise.race([answer, limit]);
      signal.throwIfAborted();
      return first;
    } finally {
      hearing.delete(hear);
      if (hearing.size === 0 && this.#waiting.get(key) === hearing) this.#waiting.delete(key);
      patience.abort();
    }
  }

  async #answer(peer: PeerId, request: Frame): Promise<void> {
    const { step, source, destination } = request;
    const held = await this.#held(request).catch(() => null);
    const frame =
      held === null
        ? this.#frame(NONE, 0, step, destination, source, new Uint8Array())
        : this.#frame(PARAMETERS, held.round, step, destination, source, bytesOfFloats(held.parameters));
    await this.#sponsors.post.send(frame, peer).catch(() => undefined);
  }

  async #held({
    step,
    destination,
    payload,
  }: Frame): Promise<{ round: number; parameters: Float32Array } | null> {
    if (step !== START) {
      const held = await this.#sponsors.parametersOf(destination);
      if (held === null || step !== SHARE) return held;
      const numbers = new Float32Array(held.parameters.length + 1);
      numbers.set(held.parameters);
      numbers[held.parameters.length] = held.weight;
      return { round: held.round, parameters: numbers };
    }
    const parameters = this.#sponsors.startOf(bytesToHex(payload));
    return parameters === null ? null : { round: 0, parameters };
  }

  #frame(
    tag: number,
    round: number,
    step: number,
    source: number,
    destination: number,
    payload: Uint8Array,
  ): Letter {
    return {
      type: 'resync',
      view: NO_VIEW,
      round,
      step,
      tag,
      codec: 0,
      source,
      destination,
      payload,
    };
  }
}

/** The other members, those who stayed longest first. */
function othersOf(view: View, me: SeatHolder): SeatHolder[] {
  const others = view.seats.filter(({ seat }) => seat !== me.seat);
  return others.sort((a, b) => a.since - b.since || a.seat - b.seat);
}
