/**
 * How many protocol errors a peer may make before it is dropped: a few, for a build that differs by a
 * detail or a glitch, but not a stream of them. Errors are forgiven with time.
 */
import type { Clock } from '../base/clock.ts';
import type { PeerId } from './transport.ts';

/** A peer is dropped at this many errors within... */
export const MAX_PROTOCOL_ERRORS = 16;
/** ...this many milliseconds. */
export const ERROR_WINDOW_MS = 60_000;

/** Most peers kept in mind. */
const MAX_ACCOUNTS = 512;

interface Account {
  errors: number;
  since: number;
}

export class ErrorBudget {
  readonly #clock: Clock;
  readonly #accounts = new Map<PeerId, Account>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one error; true if it was the last that the peer had left. */
  spend(peer: PeerId): boolean {
    const now = this.#clock.now();
    let account = this.#accounts.get(peer);
    if (account === undefined || now - account.since > ERROR_WINDOW_MS) {
      account = { errors: 0, since: now };
      this.#accounts.set(peer, account);
    }
    account.errors += 1;
    return account.errors === MAX_PROTOCOL_ERRORS;
  }

  /** Nothing from this peer is listened to any more. */
  isSpent(peer: PeerId): boolean {
    return (this.#accounts.get(peer)?.errors ?? 0) >= MAX_PROTOCOL_ERRORS;
  }

  /** The peer has left. One that has spent its budget is remembered: coming back does not help it. */
  left(peer: PeerId): void {
    if (!this.isSpent(peer)) this.#accounts.delete(peer);
    for (const oldest of this.#accounts.keys()) {
      if (this.#accounts.size <= MAX_ACCOUNTS) break;
      this.#accounts.delete(oldest);
    }
  }
}
