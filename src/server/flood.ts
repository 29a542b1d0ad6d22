/**
 * How much one socket, and one address, may ask of the signalling server: token buckets. An allowance is
 * sized for a classroom behind one address (sixty-four tabs that all call each other at once pass), not
 * for what a script can send. It is no protection against many addresses at once.
 */
import type { Clock } from '../base/clock.ts';

/** `burst` at once, then `perSecond`. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface FloodLimits {
  /** Sockets of one address that may be open at a time. */
  readonly socketsPerAddress: number;
  /** Sockets in all. */
  readonly sockets: number;
  /** New sockets of one address. */
  readonly opens: Rate;
  /** Messages, and their bytes, of one socket. */
  readonly messages: Rate;
  readonly bytes: Rate;
  /** The same, of one address. */
  readonly addressMessages: Rate;
  readonly addressBytes: Rate;
}

/** A newcomer to a full room sends 63 offers with about ten candidates each. */
export const FLOOD_LIMITS: FloodLimits = {
  socketsPerAddress: 512,
  sockets: 2048,
  opens: { burst: 512, perSecond: 50 },
  messages: { burst: 1500, perSecond: 100 },
  bytes: { burst: 4_194_304, perSecond: 262_144 },
  addressMessages: { burst: 60_000, perSecond: 4_000 },
  addressBytes: { burst: 67_108_864, perSecond: 8_388_608 },
};

export class TokenBucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  #tokens: number;
  #at: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#at = clock.now();
  }

  /** Takes `amount` tokens; false, and nothing taken, if there are not so many. */
  take(amount = 1): boolean {
    const now = this.#clock.now();
    const gained = ((now - this.#at) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + gained);
    this.#at = now;
    if (this.#tokens < amount) return false;
    this.#tokens -= amount;
    return true;
  }

  /** Nothing was taken for so long that a fresh bucket would be the same. */
  full(): boolean {
    return this.take(0) && this.#tokens >= this.#rate.burst;
  }
}

class Address {
  readonly opens: TokenBucket;
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
  sockets = 0;

  constructor(limits: FloodLimits, clock: Clock) {
    this.opens = new TokenBucket(limits.opens, clock);
    this.messages = new TokenBucket(limits.addressMessages, clock);
    this.bytes = new TokenBucket(limits.addressBytes, clock);
  }

  idle(): boolean {
    return this.sockets === 0 && this.opens.full() && this.messages.full() && this.bytes.full();
  }
}

/** One open socket's allowance. */
export interface Allowance {
  /** A message of so many bytes has come: may it pass? */
  message(bytes: number): boolean;
  /** The socket is closed. */
  release(): void;
}

export class FloodGuard {
  readonly #limits: FloodLimits;
  readonly #clock: Clock;
  readonly #addresses = new Map<string, Address>();
  #sockets = 0;

  constructor(clock: Clock, limits: FloodLimits = FLOOD_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Admits a new socket of an address, or null: too many. */
  open(name: string): Allowance | null {
    this.#forgetIdle();
    const address = this.#addresses.get(name) ?? new Address(this.#limits, this.#clock);
    this.#addresses.set(name, address);
    const room = this.#sockets < this.#limits.sockets && address.sockets < this.#limits.socketsPerAddress;
    if (!room || !address.opens.take()) return null;
    address.sockets += 1;
    this.#sockets += 1;
    const messages = new TokenBucket(this.#limits.messages, this.#clock);
    const bytes = new TokenBucket(this.#limits.bytes, this.#clock);
    let released = false;
    return {
      message: (size) =>
        messages.take() && bytes.take(size) && address.messages.take() && address.bytes.take(size),
      release: () => {
        if (released) return;
        released = true;
        address.sockets -= 1;
        this.#sockets -= 1;
      },
    };
  }

  /** Keeps the table of addresses from growing without end. */
  #forgetIdle(): void {
    if (this.#addresses.size < 1024) return;
    for (const [name, address] of this.#addresses) if (address.idle()) this.#addresses.delete(name);
  }
}
