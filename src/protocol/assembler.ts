/**
 * Puts the parts of messages together: one assembler for each peer and lane.
 *
 * A lane is reliable and ordered, so the parts of one message come in order; parts of different messages
 * may interleave. Memory is held only for bytes that have arrived, never for bytes that a header
 * promises, and both the number of unfinished messages and their bytes are capped.
 */
import { type FramePart, largestPayload } from './codec.ts';
import { failure, type ProtocolFailure } from './error.ts';
import type { Frame, FrameType } from './frame.ts';

export interface AssemblerLimits {
  /** Most messages begun and not finished. */
  readonly openMessages?: number;
  /** Most bytes held for them. */
  readonly openBytes?: number;
  /** Most payload bytes of a message of a type, e.g. from the model's layout. */
  readonly maxPayload?: (type: FrameType) => number;
}

/** `frame` is null while parts are missing. */
export type AssembleResult = { readonly ok: true; readonly frame: Frame | null } | ProtocolFailure;

interface OpenMessage {
  readonly first: FramePart;
  readonly pieces: Uint8Array[];
  bytes: number;
}

/** Names a message among those open on a lane: sequence numbers are per sender. */
const keyOf = (part: FramePart): string =>
  `${part.type} ${part.source} ${part.destination} ${part.sequence} ${part.view}`;

function sameMessage(a: FramePart, b: FramePart): boolean {
  return (
    a.round === b.round && a.step === b.step && a.tag === b.tag && a.codec === b.codec && a.total === b.total
  );
}

function frameOf(part: FramePart, payload: Uint8Array): Frame {
  const { type, view, round, step, tag, codec, sequence, source, destination } = part;
  return { type, view, round, step, tag, codec, sequence, source, destination, payload };
}

export class Assembler {
  readonly #open = new Map<string, OpenMessage>();
  readonly #openMessages: number;
  readonly #openBytes: number;
  readonly #maxPayload: (type: FrameType) => number;
  #held = 0;

  constructor(limits: AssemblerLimits = {}) {
    this.#openMessages = limits.openMessages ?? 256;
    this.#openBytes = limits.openBytes ?? 134_217_728;
    this.#maxPayload = limits.maxPayload ?? largestPayload;
  }

  /** Bytes held for unfinished messages. */
  get heldBytes(): number {
    return this.#held;
  }

  /** Unfinished messages. */
  get openCount(): number {
    return this.#open.size;
  }

  /**
   * Takes the next part of this lane. After an error the message it belongs to is forgotten, except for
   * a repeated part, which changes nothing.
   */
  push(part: FramePart): AssembleResult {
    const limit = this.#maxPayload(part.type);
    if (part.total > limit) {
      return failure(
        'too-large',
        `A ${part.type} message of ${part.total} bytes; at most ${limit} make sense here.`,
      );
    }
    if (part.parts === 1) return { ok: true, frame: frameOf(part, part.payload) };

    const key = keyOf(part);
    let open = this.#open.get(key);
    const expected = open?.pieces.length ?? 0;
    if (open !== undefined && !sameMessage(open.first, part)) {
      this.#forget(key, open);
      return failure('inconsistent', `Part ${part.part} contradicts the earlier parts of its message.`);
    }
    if (part.part < expected) return failure('duplicate', `Part ${part.part} of a message came twice.`);
    if (part.part > expected) {
      if (open !== undefined) this.#forget(key, open);
      return failure('order', `Part ${part.part} of a message came where part ${expected} was due.`);
    }
    if (
      this.#held + part.payload.length > this.#openBytes ||
      (!open && this.#open.size >= this.#openMessages)
    ) {
      if (open !== undefined) this.#forget(key, open);
      this.#forgetOldest(); // or a lane once full would stay so
      return failure('overflow', `Too much is unfinished on this lane: ${this.#open.size + 1} messages.`);
    }

    open ??= { first: part, pieces: [], bytes: 0 };
    open.pieces.push(part.payload);
    open.bytes += part.payload.length;
    this.#held += part.payload.length;
    if (open.pieces.length < part.parts) {
      this.#open.set(key, open);
      return { ok: true, frame: null };
    }
    this.#forget(key, open);
    const payload = new Uint8Array(open.bytes);
    let offset = 0;
    for (const piece of open.pieces) {
      payload.set(piece, offset);
      offset += piece.length;
    }
    return { ok: true, frame: frameOf(part, payload) };
  }

  /** Forgets what was begun outside this view: after a change of view its sender may not finish it. */
  keepOnly(view: string): void {
    for (const [key, open] of this.#open) {
      if (open.first.view !== view) this.#forget(key, open);
    }
  }

  #forget(key: string, open: OpenMessage): void {
    this.#open.delete(key);
    this.#held -= open.bytes;
  }

  #forgetOldest(): void {
    for (const [key, open] of this.#open) {
      this.#forget(key, open);
      return;
    }
  }
}
