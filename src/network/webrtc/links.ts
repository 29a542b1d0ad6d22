/**
 * The page's share of the connections: it opens and accepts PeerJS connections, adds the lanes to
 * each RTCPeerConnection, and hands them to the worker in the same task, which is the only moment a
 * browser allows it. From then on the page only watches: PeerJS's own channel carries nothing, and no
 * byte of a message passes here unless the browser cannot transfer channels (then `relay.ts` does it).
 */
import type { DataConnection } from 'peerjs';
import type { Clock } from '../../base/clock.ts';
import { eachLane } from '../book.ts';
import type { Lane, PeerId } from '../transport.ts';
import { LANE_STREAMS, MAX_LINKS, type ToWorker } from './messages.ts';
import { relayFromPage } from './relay.ts';

/** A connection whose lanes are not open after so long is given up. */
const OPENING_MILLISECONDS = 10_000;

interface Link {
  readonly id: number;
  readonly peer: PeerId;
  readonly connection: DataConnection;
  /** PeerJS forgets it when it closes; we must close it ourselves. */
  readonly rtc: RTCPeerConnection;
  readonly dialled: boolean;
  joined: boolean;
  relayed: boolean;
  cancelWait: () => void;
}

/** A link ended before it joined (`failed`), by the network or the other end (`left`), or by us (`dropped`). */
export type LinkChange = 'joined' | 'failed' | 'left' | 'dropped';

export interface LinksOptions {
  readonly self: PeerId;
  readonly clock: Clock;
  readonly post: (message: ToWorker, transfer?: Transferable[]) => void;
  /** True: messages pass through the page even where channels could be transferred. */
  readonly relay: boolean;
  readonly onChange: (peer: PeerId, change: LinkChange) => void;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Map<PeerId, Link>();
  #nextId = 1;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  has(peer: PeerId): boolean {
    return this.#links.has(peer);
  }

  get full(): boolean {
    return this.#links.size >= MAX_LINKS;
  }

  joined(): readonly PeerId[] {
    return [...this.#links.values()].filter((link) => link.joined).map((link) => link.peer);
  }

  relays(): number {
    return [...this.#links.values()].filter((link) => link.relayed).length;
  }

  /**
   * May this peer's call be taken? Asked before PeerJS spends an RTCPeerConnection on it. When two call
   * each other at once, the call of the smaller id stands; a joined link is never replaced (if it is
   * dead, the heartbeat ends it first).
   */
  welcomes(peer: PeerId): boolean {
    const link = this.#links.get(peer);
    if (link === undefined) return peer !== this.#options.self && !this.full;
    return !link.joined && (!link.dialled || peer < this.#options.self);
  }

  /** Takes over a connection whose RTCPeerConnection has just been made, in the same task. */
  add(connection: DataConnection, dialled: boolean): void {
    const { peer } = connection;
    const rtc: RTCPeerConnection | null = connection.peerConnection;
    if (rtc === null || (!dialled && !this.welcomes(peer))) {
      connection.close();
      return;
    }
    this.#end(peer, 'replaced by a newer connection');
    const id = this.#nextId++;
    const link: Link = {
      id,
      peer,
      connection,
      rtc,
      dialled,
      joined: false,
      relayed: false,
      cancelWait: () => {},
    };
    this.#links.set(peer, link);
    link.cancelWait = this.#options.clock.after(OPENING_MILLISECONDS, () =>
      this.#down(link, 'no connection came about'),
    );
    this.#hand(link);
    rtc.addEventListener('connectionstatechange', () => {
      if (rtc.connectionState === 'failed' || rtc.connectionState === 'closed') {
        this.#down(link, `the connection ${rtc.connectionState}`);
      }
    });
    // PeerJS closes the RTCPeerConnection with its own channel; nothing else of it matters to us.
    connection.on('close', () => this.#down(link, 'the other end closed the connection'));
    connection.on('iceStateChanged', (state) => {
      if (state === 'failed' || state === 'closed') this.#down(link, `the connection ${state}`);
    });
  }

  /** The worker has every lane open. */
  markJoined(id: number): void {
    const link = this.#byId(id);
    if (link === undefined) return;
    link.joined = true;
    link.cancelWait();
    this.#options.onChange(link.peer, 'joined');
  }

  /** The signalling server knows no such peer. */
  absent(peer: PeerId): void {
    const link = this.#links.get(peer);
    if (link?.dialled && !link.joined) this.#down(link, 'it is not there');
  }

  /** The worker is done with this link; `ours` if it ended it itself. */
  drop(id: number, ours: boolean): void {
    const link = this.#byId(id);
    if (link !== undefined) this.#down(link, 'dropped', ours);
  }

  close(): void {
    for (const peer of [...this.#links.keys()]) this.#end(peer, 'closed');
  }

  #byId(id: number): Link | undefined {
    return [...this.#links.values()].find((link) => link.id === id);
  }

  #hand(link: Link): void {
    const channels = eachLane((name) => lane(link.rtc, name));
    const message = { kind: 'link', link: link.id, peer: link.peer } as const;
    if (!this.#options.relay) {
      try {
        this.#options.post({ ...message, via: channels }, Object.values(channels));
        return;
      } catch {
        // A browser that cannot transfer channels (Chrome before 130, Firefox before 144).
      }
    }
    link.relayed = true;
    const { port1, port2 } = new MessageChannel();
    relayFromPage(port1, channels, (reason) => this.#down(link, reason));
    this.#options.post({ ...message, via: port2 }, [port2]);
  }

  #down(link: Link, reason: string, ours = false): void {
    if (this.#links.get(link.peer) !== link) return;
    this.#end(link.peer, reason);
    this.#options.onChange(link.peer, !link.joined ? 'failed' : ours ? 'dropped' : 'left');
  }

  #end(peer: PeerId, reason: string): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    this.#links.delete(peer);
    link.cancelWait();
    this.#options.post({ kind: 'down', link: link.id, reason });
    link.connection.close();
    link.rtc.close();
  }
}

function lane(rtc: RTCPeerConnection, name: Lane): RTCDataChannel {
  const channel = rtc.createDataChannel(name, {
    negotiated: true,
    id: LANE_STREAMS[name],
    // Each message is one packet, sent once.
    ...(name === 'lossy' ? { ordered: false, maxRetransmits: 0 } : {}),
  });
  channel.binaryType = 'arraybuffer';
  return channel;
}
