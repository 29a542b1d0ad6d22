/**
 * Control messages over the post office: JSON in, JSON out, rubbish counted against its sender. Sending
 * is fire and forget: whoever must know that a message came waits for an answer, and gives up by the clock.
 */
import type { PostOffice } from '../network/post-office.ts';
import type { PeerId } from '../network/transport.ts';
import { type ControlMessage, decodeControl, encodeControl } from '../protocol/control.ts';
import { NO_SEAT, NO_VIEW } from '../protocol/frame.ts';

export class Mail {
  readonly #post: PostOffice;

  constructor(post: PostOffice) {
    this.#post = post;
  }

  /** Resolves when the message has left, or never will. */
  async send(to: PeerId, message: ControlMessage): Promise<void> {
    const payload = encodeControl(message);
    const address = { view: NO_VIEW, round: 0, step: 0, tag: 0, codec: 0 };
    const seats = { source: NO_SEAT, destination: NO_SEAT };
    try {
      await this.#post.send({ type: 'control', ...address, ...seats, payload }, to);
    } catch {
      // The peer is gone, or its queue is full: `onLeave` or silence will tell.
    }
  }

  /** Calls `handler` with every valid control message; the returned function ends it. */
  listen(handler: (from: PeerId, message: ControlMessage) => void): () => void {
    return this.#post.on('control', ({ payload }, from) => {
      const decoded = decodeControl(payload);
      if (decoded.ok) handler(from, decoded.message);
      else this.#post.complain(from, decoded.error);
    });
  }

  /** A message that is well-formed and still cannot be meant. */
  complain(peer: PeerId, message: string): void {
    this.#post.complain(peer, { name: 'control', message });
  }
}
