/**
 * The packets of a tab's workers: parts of messages from the lossy lane, each of which comes once, late, or
 * never. A worker collects a message until its deadline, or until it is plain that no more will come, and
 * does without the rest; what comes afterwards is counted and dropped. Bounded for every peer.
 */
import type { Patience } from '../algorithms/algorithm.ts';
import type { Clock } from '../base/clock.ts';
import type { PeerId } from '../network/transport.ts';
import { packetCount } from '../protocol/codec.ts';
import { type Frame, PACKET_PAYLOAD_BYTES } from '../protocol/frame.ts';
import type { Sender } from './inbox.ts';

/** Most bytes kept of one peer, headers included; beyond it what has lain longest is lost. */
const MAX_BYTES = 67_108_864;
/** What a kept packet takes beside its payload, about. */
const PACKET_OVERHEAD = 100;
/** Views of workers whose finished phases are kept in mind. */
const MAX_FINISHED = 1024;

/** The packets of a message, in order; an empty one is one empty packet. */
export function cutIntoPackets(payload: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: packetCount(payload.length) }, (_, place) =>
    payload.subarray(place * PACKET_PAYLOAD_BYTES, (place + 1) * PACKET_PAYLOAD_BYTES),
  );
}

/** A message from those of its packets that came, zeros for the others; `fits` if all of them belong to it. */
export interface Joined {
  readonly payload: Uint8Array;
  /** Compressor's wire number. */
  readonly wire: number;
  readonly came: readonly boolean[];
  readonly fits: boolean;
}

/** Puts together what came of a message of so many bytes. */
export function joinPackets(bytes: number, packets: ReadonlyMap<number, Frame>): Joined {
  const payload = new Uint8Array(bytes);
  const came = new Array<boolean>(packetCount(bytes)).fill(false);
  const [first] = packets.values();
  const wire = first?.codec ?? 0;
  let fits = true;
  for (const [place, frame] of packets) {
    const offset = place * PACKET_PAYLOAD_BYTES;
    const length = Math.min(PACKET_PAYLOAD_BYTES, bytes - offset);
    if (place >= came.length || frame.payload.length !== length || frame.codec !== wire) {
      fits = false;
      continue;
    }
    payload.set(frame.payload, offset);
    came[place] = true;
  }
  return { payload, wire, came, fits };
}

/** A sender, and in how many packets it sends its message. */
export interface Source extends Sender {
  readonly count: number;
}

/** What a worker collects: a message in packets from each of these seats. */
export interface WantedPackets {
  /** The worker's own seat. */
  readonly to: number;
  readonly view: string;
  readonly round: number;
  readonly tag: number;
  readonly from: readonly Source[];
}

/** A place in a worker's run: phases of a round have ascending tags. */
interface Phase {
  readonly round: number;
  readonly tag: number;
}

const isAfter = (a: Phase, b: Phase) => a.round > b.round || (a.round === b.round && a.tag > b.tag);

/** Packets of one message, by their place in it. */
interface Message extends Phase {
  readonly packets: Map<number, Frame>;
}

/** What one worker sent to another in one view, and has not been taken. */
interface Stream {
  readonly view: string;
  readonly to: number;
  readonly messages: Map<string, Message>;
  latest: Phase;
  bytes: number;
}

/** What one peer has sent, the stream that began first first. */
interface Pile {
  readonly streams: Map<string, Stream>;
  bytes: number;
}

const streamKey = (from: number, to: number, view: string) => `${from} ${to} ${view}`;
const phaseKey = ({ round, tag }: Phase) => `${round} ${tag}`;
const weigh = ({ payload }: Frame) => payload.length + PACKET_OVERHEAD;
const NOTHING: ReadonlyMap<number, Frame> = new Map();

export class Packets {
  readonly #piles = new Map<PeerId, Pile>();
  /** By seat and view, the last phase that is over: its packets come too late. */
  readonly #finished = new Map<string, Phase>();
  /** Packets that came too late and were not asked about yet, by seat. */
  readonly #late = new Map<number, number>();
  readonly #listeners = new Set<() => void>();

  deliver(peer: PeerId, frame: Frame): void {
    const { source, destination: to, view, step } = frame;
    const finished = this.#finished.get(`${to} ${view}`);
    if (finished !== undefined && !isAfter(frame, finished)) {
      if (finished.round < Number.POSITIVE_INFINITY) this.#late.set(to, (this.#late.get(to) ?? 0) + 1);
      return;
    }
    const pile = this.#piles.get(peer) ?? { streams: new Map(), bytes: 0 };
    this.#piles.set(peer, pile);
    const key = streamKey(source, to, view);
    let stream = pile.streams.get(key);
    if (stream === undefined) {
      stream = { view, to, messages: new Map(), latest: frame, bytes: 0 };
      pile.streams.set(key, stream);
    }
    if (isAfter(frame, stream.latest)) stream.latest = frame;
    const message = stream.messages.get(phaseKey(frame)) ?? {
      round: frame.round,
      tag: frame.tag,
      packets: new Map<number, Frame>(),
    };
    if (message.packets.has(step)) return;
    stream.messages.set(phaseKey(frame), message);
    message.packets.set(step, frame);
    stream.bytes += weigh(frame);
    pile.bytes += weigh(frame);
    for (const [oldest, { bytes }] of pile.streams) {
      if (pile.bytes <= MAX_BYTES) break;
      pile.streams.delete(oldest);
      pile.bytes -= bytes;
    }
    for (const listener of [...this.#listeners]) listener();
  }

  /**
   * What has come of each message, in the order of `wanted.from`, by the places of its packets. Resolves when
   * patience ends, or as soon as nothing more is to be expected of any sender: its last packet has come, or
   * something of a later phase (packets seldom overtake each other), or it was heard and has fallen silent.
   * Rejects when `signal` aborts.
   */
  collect(
    wanted: WantedPackets,
    clock: Clock,
    { by, silence }: Patience,
    signal: AbortSignal,
  ): Promise<readonly ReadonlyMap<number, Frame>[]> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const heard = wanted.from.map(() => ({ count: 0, at: clock.now() }));
      let recheck: (() => void) | null = null;
      const end = () => {
        this.#listeners.delete(look);
        signal.removeEventListener('abort', stop);
        recheck?.();
        cancel();
      };
      const finish = () => {
        end();
        this.#finish(wanted.to, wanted.view, wanted);
        resolve(wanted.from.map((source) => this.#packets(wanted, source)));
      };
      const stop = () => {
        end();
        reject(signal.reason);
      };
      const look = () => {
        const now = clock.now();
        let silentAt = now;
        for (const [index, source] of wanted.from.entries()) {
          const last = heard[index];
          const count = this.#packets(wanted, source).size;
          if (last === undefined || this.#isOver(wanted, source)) continue;
          if (count > last.count) heard[index] = { count, at: now };
          const until = count === 0 ? by : (heard[index]?.at ?? now) + silence;
          silentAt = Math.max(silentAt, until);
        }
        if (silentAt <= now) finish();
        // Packets that come meanwhile only put this off.
        else if (silentAt < by) {
          recheck ??= clock.after(silentAt - now, () => {
            recheck = null;
            look();
          });
        }
      };
      const cancel = clock.after(by - clock.now(), finish);
      this.#listeners.add(look);
      signal.addEventListener('abort', stop, { once: true });
      look();
    });
  }

  /** How many packets for a seat have come too late since this was last asked. */
  late(to: number): number {
    const count = this.#late.get(to) ?? 0;
    this.#late.delete(to);
    return count;
  }

  /**
   * Forgets what a worker no longer needs: its packets of this view up to a committed round, or all of them
   * once it has left the view; what comes of it then is nobody's loss.
   */
  forget(view: string, round: number, to: number): void {
    this.#finish(to, view, { round, tag: Number.POSITIVE_INFINITY });
    if (round === Number.POSITIVE_INFINITY) this.#late.delete(to);
    for (const [peer, pile] of this.#piles) {
      for (const [key, stream] of pile.streams) {
        if (stream.view !== view || stream.to !== to) continue;
        for (const [phase, message] of stream.messages) {
          if (message.round > round) continue;
          stream.messages.delete(phase);
          for (const frame of message.packets.values()) {
            stream.bytes -= weigh(frame);
            pile.bytes -= weigh(frame);
          }
        }
        if (stream.messages.size === 0) pile.streams.delete(key);
      }
      if (pile.streams.size === 0) this.#piles.delete(peer);
    }
  }

  /** Bytes kept of a peer. */
  held(peer: PeerId): number {
    return this.#piles.get(peer)?.bytes ?? 0;
  }

  #finish(to: number, view: string, phase: Phase): void {
    const key = `${to} ${view}`;
    const known = this.#finished.get(key);
    if (known !== undefined && isAfter(known, phase)) return;
    this.#finished.delete(key);
    this.#finished.set(key, { round: phase.round, tag: phase.tag });
    for (const oldest of this.#finished.keys()) {
      if (this.#finished.size <= MAX_FINISHED) break;
      this.#finished.delete(oldest);
    }
  }

  /** Only the holder of a seat may speak for it: streams are looked up under its peer. */
  #stream({ to, view }: WantedPackets, { peer, seat }: Source): Stream | undefined {
    return this.#piles.get(peer)?.streams.get(streamKey(seat, to, view));
  }

  #packets(wanted: WantedPackets, source: Source): ReadonlyMap<number, Frame> {
    return this.#stream(wanted, source)?.messages.get(phaseKey(wanted))?.packets ?? NOTHING;
  }

  #isOver(wanted: WantedPackets, source: Source): boolean {
    if (this.#packets(wanted, source).has(source.count - 1)) return true;
    const latest = this.#stream(wanted, source)?.latest;
    return latest !== undefined && isAfter(latest, wanted);
  }
}
