/**
 * The inbox of a tab's workers: messages of present and coming rounds and views, kept until the round that
 * needs them is committed, so that a round that was rolled back can be repeated, and a message that
 * outran the news of its view is there when the view is. Bounded for every peer; duplicates are ignored.
 */
import type { PeerId } from '../network/transport.ts';
import type { Frame, FrameType } from '../protocol/frame.ts';

/** In lock-step a neighbour is at most one round ahead: two messages for each of 32 × 32 pairs of workers. */
const MAX_LETTERS = 2048;
const MAX_BYTES = 268_435_456;

/** What one peer has sent, oldest first. */
class Pile {
  readonly letters = new Map<string, Frame>();
  bytes = 0;

  add(key: string, frame: Frame): void {
    if (this.letters.has(key)) return;
    this.letters.set(key, frame);
    this.bytes += frame.payload.length;
    for (const oldest of this.letters.keys()) {
      if (this.letters.size <= MAX_LETTERS && this.bytes <= MAX_BYTES) break;
      this.remove(oldest);
    }
  }

  remove(key: string): void {
    this.bytes -= this.letters.get(key)?.payload.length ?? 0;
    this.letters.delete(key);
  }
}

/** What a worker waits for: one message from each of these seats. */
export interface Wanted {
  /** The worker's own seat. */
  readonly to: number;
  readonly type: FrameType;
  readonly view: string;
  readonly round: number;
  readonly tag: number;
  /** Seat and the peer that must have sent it. */
  readonly from: readonly { readonly seat: number; readonly peer: PeerId }[];
}

function keyOf(from: number, to: number, of: Pick<Frame, 'type' | 'view' | 'round' | 'tag'>): string {
  return `${from} ${to} ${of.type} ${of.view} ${of.round} ${of.tag}`;
}

export class Inbox {
  readonly #piles = new Map<PeerId, Pile>();
  readonly #listeners = new Set<() => void>();

  deliver(peer: PeerId, frame: Frame): void {
    let pile = this.#piles.get(peer);
    if (pile === undefined) {
      pile = new Pile();
      this.#piles.set(peer, pile);
    }
    pile.add(keyOf(frame.source, frame.destination, frame), frame);
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
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#listeners.delete(attempt);
        signal.removeEventListener('abort', stop);
        settle();
      };
      const stop = () => finish(() => reject(signal.reason));
      const attempt = () => {
        const frames: Frame[] = [];
        for (const { seat, peer } of wanted.from) {
          const frame = this.#find(wanted, seat, peer);
          if (frame === undefined) return;
          frames.push(frame);
        }
        finish(() => resolve(frames));
      };
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      this.#listeners.add(attempt);
      signal.addEventListener('abort', stop, { once: true });
      attempt();
    });
  }

  /** Forgets what a worker no longer needs: its messages of this view up to a committed round. */
  forget(view: string, round: number, to: number): void {
    this.#discard((frame) => frame.view === view && frame.round <= round && frame.destination === to);
  }

  #discard(over: (frame: Frame) => boolean): void {
    for (const [peer, pile] of this.#piles) {
      for (const [key, frame] of pile.letters) if (over(frame)) pile.remove(key);
      if (pile.letters.size === 0) this.#piles.delete(peer);
    }
  }

  /** Only the holder of a seat may speak for it: letters are looked up under its peer. */
  #find(wanted: Wanted, seat: number, peer: PeerId): Frame | undefined {
    return this.#piles.get(peer)?.letters.get(keyOf(seat, wanted.to, wanted));
  }
}
