/**
 * The inbox of a tab's workers: messages of present and coming rounds and views, kept until the round that
 * needs them is committed, so that a round that was rolled back can be repeated, and a message that
 * outran the news of its view is there when the view is. Bounded for every peer; duplicates are ignored.
 */
import type { PeerId } from '../network/transport.ts';
import type { Frame, FrameType } from '../protocol/frame.ts';
import { Packets } from './packets.ts';

/**
 * In lock-step a neighbour is at most one round ahead, but one worker may not have begun when all the others
 * of a tab have sent what they could: with 64 rings at work (DeAR's buckets), 64 · 32 · 31 / 2 messages.
 */
const MAX_LETTERS = 65_536;
const MAX_BYTES = 268_435_456;

/** A message and its place in the order of arrival. */
interface Arrived {
  readonly frame: Frame;
  readonly at: number;
}

/** What one peer has sent, oldest first. */
class Pile {
  readonly letters = new Map<string, Arrived>();
  bytes = 0;

  add(key: string, frame: Frame, at: number): void {
    if (this.letters.has(key)) return;
    this.letters.set(key, { frame, at });
    this.bytes += frame.payload.length;
    for (const oldest of this.letters.keys()) {
      if (this.letters.size <= MAX_LETTERS && this.bytes <= MAX_BYTES) break;
      this.remove(oldest);
    }
  }

  remove(key: string): void {
    this.bytes -= this.letters.get(key)?.frame.payload.length ?? 0;
    this.letters.delete(key);
  }
}

/** A sender: only the holder of a seat may speak for it. */
export interface Sender {
  readonly seat: number;
  readonly peer: PeerId;
}

/** Messages of a kind that a worker takes as they come, whatever their round. */
export interface Mail {
  /** The worker's own seat. */
  readonly to: number;
  readonly view: string;
  readonly tags: readonly number[];
  readonly from: readonly Sender[];
}

/** What a worker waits for: one message from each of these seats. */
export interface Wanted extends Omit<Mail, 'tags'> {
  readonly type: FrameType;
  readonly tag: number;
  readonly round: number;
  readonly step: number;
}

function keyOf(
  from: number,
  to: number,
  of: Pick<Frame, 'type' | 'view' | 'round' | 'step' | 'tag'>,
): string {
  return `${from} ${to} ${of.type} ${of.view} ${of.round} ${of.step} ${of.tag}`;
}

export class Inbox {
  /** What comes over the lossy lane. */
  readonly packets = new Packets();
  readonly #piles = new Map<PeerId, Pile>();
  readonly #listeners = new Set<() => void>();
  #arrivals = 0;

  deliver(peer: PeerId, frame: Frame): void {
    let pile = this.#piles.get(peer);
    if (pile === undefined) {
      pile = new Pile();
      this.#piles.set(peer, pile);
    }
    this.#arrivals += 1;
    pile.add(keyOf(frame.source, frame.destination, frame), frame, this.#arrivals);
    for (const listener of [...this.#listeners]) listener();
  }

  /** Seats of `wanted` whose message has not come. */
  missing(wanted: Wanted): readonly number[] {
    return wanted.from
      .filter(({ seat, peer }) => this.#find(wanted, seat, peer) === undefined)
      .map(({ seat }) => seat);
  }

  /** Resolves to the frames in the order of `wanted.from`; rejects when `signal` aborts. */
  gather(wanted: Wanted, signal: AbortSignal): Promise<readonly Frame[]> {
    return this.#until(() => {
      const frames: Frame[] = [];
      for (const { seat, peer } of wanted.from) {
        const frame = this.#find(wanted, seat, peer);
        if (frame === undefined) return undefined;
        frames.push(frame);
      }
      return frames;
    }, signal);
  }

  /** Takes the algorithm message of a kind that came first; null if there is none. */
  take(mail: Mail): Frame | null {
    const [oldest] = this.#mail(mail).sort((a, b) => a.at - b.at);
    if (oldest === undefined) return null;
    oldest.pile.remove(oldest.key);
    return oldest.frame;
  }

  /** Whether there is any to take. */
  has(mail: Mail): boolean {
    return this.#mail(mail).length > 0;
  }

  /** Resolves once there is any to take, or `or` has settled; rejects when `signal` aborts. */
  arrival(mail: Mail, signal: AbortSignal, or?: Promise<unknown>): Promise<void> {
    let over = false;
    const end = () => {
      over = true;
    };
    const attempt = () => (over || this.has(mail) ? true : undefined);
    return this.#until(attempt, signal, or?.then(end, end)).then(() => undefined);
  }

  /** What a worker has of this view's messages and may still need, in order of arrival. */
  kept(view: string, to: number): readonly Frame[] {
    const found: Arrived[] = [];
    for (const { letters } of this.#piles.values()) {
      for (const arrived of letters.values()) {
        const { type, view: of, destination } = arrived.frame;
        if (type === 'algorithm' && of === view && destination === to) found.push(arrived);
      }
    }
    return found.sort((a, b) => a.at - b.at).map(({ frame }) => frame);
  }

  /** Forgets what a worker no longer needs: its messages of this view up to a committed round. */
  forget(view: string, round: number, to: number): void {
    this.#discard((frame) => frame.view === view && frame.round <= round && frame.destination === to);
    this.packets.forget(view, round, to);
  }

  #discard(over: (frame: Frame) => boolean): void {
    for (const [peer, pile] of this.#piles) {
      for (const [key, { frame }] of pile.letters) if (over(frame)) pile.remove(key);
      if (pile.letters.size === 0) this.#piles.delete(peer);
    }
  }

  /** Only the holder of a seat may speak for it: letters are looked up under its peer. */
  #find(wanted: Wanted, seat: number, peer: PeerId): Frame | undefined {
    return this.#piles.get(peer)?.letters.get(keyOf(seat, wanted.to, wanted))?.frame;
  }

  #mail({ to, view, tags, from }: Mail): (Arrived & { readonly pile: Pile; readonly key: string })[] {
    const found: (Arrived & { readonly pile: Pile; readonly key: string })[] = [];
    for (const [peer, pile] of this.#piles) {
      for (const [key, { frame, at }] of pile.letters) {
        if (frame.type !== 'algorithm' || frame.view !== view || frame.destination !== to) continue;
        if (!tags.includes(frame.tag)) continue;
        if (!from.some((each) => each.peer === peer && each.seat === frame.source)) continue;
        found.push({ frame, at, pile, key });
      }
    }
    return found;
  }

  /** Tries at every delivery, and once `also` resolves, until `attempt` gives something; rejects when `signal` aborts. */
  #until<Result>(
    attempt: () => Result | undefined,
    signal: AbortSignal,
    also?: Promise<void>,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#listeners.delete(look);
        signal.removeEventListener('abort', stop);
        settle();
      };
      const stop = () => finish(() => reject(signal.reason));
      const look = () => {
        const result = attempt();
        if (result !== undefined) finish(() => resolve(result));
      };
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      this.#listeners.add(look);
      signal.addEventListener('abort', stop, { once: true });
      void also?.then(look);
      look();
    });
  }
}
