/**
 * The WebRTC transport's page part: PeerJS, which needs a page, with the room's door and the connections
 * to everyone behind it (a full mesh, up to 64). It never touches a message. The worker part is
 * `worker.ts`; the two share a MessagePort.
 */
import { type Clock, realClock } from '../../base/clock.ts';
import type { RandomFill } from '../identity.ts';
import type { LabBuild } from '../lab.ts';
import type { PeerId } from '../transport.ts';
import { Door } from './door.ts';
import { type LinkChange, Links } from './links.ts';
import type { FromServer } from './messages.ts';
import {
  compareBuilds,
  INITIAL_STATUS,
  MAX_LINKS,
  type ToPage,
  type ToWorker,
  type WebRtcStatus,
} from './messages.ts';
import { type SignallingContext, SignallingPeer, type SignallingServer } from './signalling.ts';

export type { SignallingServer, WebRtcStatus };

export interface WebRtcPageOptions {
  readonly room: string;
  readonly server: SignallingServer;
  /** STUN and TURN servers that a person chose; none by default. */
  readonly iceServers?: readonly RTCIceServer[];
  readonly lab: LabBuild;
  /** This tab's id: random, never used before (`randomPeerId`). */
  readonly self: PeerId;
  /** One end of a channel whose other end `webRtcTransport` gets in the worker. */
  readonly port: MessagePort;
  readonly onStatus?: (status: WebRtcStatus) => void;
  readonly clock?: Clock;
  readonly fill?: RandomFill;
  /** Pass messages through the page even where channels can be transferred. */
  readonly relay?: boolean;
}

export interface WebRtcPage {
  status(): WebRtcStatus;
  /** Connections whose messages pass through the page, because this browser cannot transfer channels. */
  relays(): number;
  /** Leaves the room and closes every connection. */
  close(): void;
}

/** After a failed call, the same peer is left alone for so long. */
const REDIAL_MILLISECONDS = 4_000;
/** A peer that the session dropped gets no new connection for so long, whoever calls. */
const REST_MILLISECONDS = 3_000;
/** A peer that is known but not reached within so long makes the room `unreachable`. */
const UNREACHABLE_MILLISECONDS = 8_000;

export function openWebRtcPage(options: WebRtcPageOptions): WebRtcPage {
  return new Page(options);
}

class Page implements WebRtcPage {
  readonly #options: WebRtcPageOptions;
  readonly #clock: Clock;
  readonly #main: SignallingPeer;
  readonly #door: Door;
  readonly #links: Links;
  /** When a peer that could not be reached may be called again. */
  readonly #notBefore = new Map<PeerId, number>();
  /** When a peer that this tab itself dropped may call again. */
  readonly #resting = new Map<PeerId, number>();
  #status: WebRtcStatus = INITIAL_STATUS;
  #closed = false;
  #cancelVerdict: (() => void) | null = null;
  readonly #leave = () => this.close();

  constructor(options: WebRtcPageOptions) {
    this.#options = options;
    const { lab, port, self, server, room, iceServers = [], clock = realClock } = options;
    this.#clock = clock;
    const fill: RandomFill = options.fill ?? ((bytes) => crypto.getRandomValues(bytes));
    const context: SignallingContext = { server, iceServers, lab, clock, fill };
    this.#links = new Links({
      self,
      clock,
      relay: options.relay ?? false,
      post: (message, transfer) => this.#post(message, transfer),
      onChange: (peer, change) => this.#linkChanged(peer, change),
    });
    this.#main = new SignallingPeer(self, context, {
      onOpen: () => {
        this.#change({ signalling: 'connected' });
        this.#door.start();
      },
      onDown: () => {
        this.#change({ signalling: 'down' });
        this.#door.pause();
      },
      // Our own id: its old socket is still in the server's books; it is tried again.
      onTaken: () => {},
      onMessage: (message) => this.#admits(message),
      onConnection: (connection) => this.#links.add(connection, false),
    });
    this.#door = new Door(room, context, this.#main, {
      onRoster: (peers) => this.#roster(peers),
      onHolding: (holder) => this.#change({ holder }),
      onOutdated: () => this.#change({ outdated: true }),
      connected: () => this.#links.joined(),
    });
    port.onmessage = ({ data }: MessageEvent<ToPage>) => this.#fromWorker(data);
    // A closed page's connections would otherwise look alive to the others for many seconds.
    addEventListener('pagehide', this.#leave);
  }

  status(): WebRtcStatus {
    return this.#status;
  }

  relays(): number {
    return this.#links.relays();
  }

  close(): void {
    if (this.#closed) return;
    this.#door.end();
    this.#links.close();
    this.#main.close();
    this.#closed = true;
    this.#cancelVerdict?.();
    this.#options.port.onmessage = null;
    removeEventListener('pagehide', this.#leave);
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#options.port.postMessage(message, transfer);
  }

  #change(part: Partial<WebRtcStatus>): void {
    const next = { ...this.#status, ...part };
    if (this.#closed || JSON.stringify(next) === JSON.stringify(this.#status)) return;
    this.#status = next;
    this.#post({ kind: 'status', status: next });
    this.#options.onStatus?.(next);
  }

  #fromWorker(message: ToPage): void {
    if (message.kind === 'joined') this.#links.markJoined(message.link);
    else if (message.kind === 'drop') this.#links.drop(message.link, message.ours);
    else this.close();
  }

  /** Decides on a well-formed message of the signalling server before PeerJS acts on it. */
  #admits(message: FromServer): boolean {
    if (this.#door.answered(message)) return false;
    switch (message.type) {
      case 'OFFER': {
        const order = compareBuilds(message.payload.metadata, this.#options.lab);
        if (order > 0) this.#change({ outdated: true });
        const resting = (this.#resting.get(message.src) ?? 0) > this.#clock.now();
        return order === 0 && !resting && this.#links.welcomes(message.src);
      }
      case 'ANSWER':
      case 'CANDIDATE':
        return this.#main.knows(message.src, message.payload.connectionId);
      case 'EXPIRE':
        this.#links.absent(message.src);
        return false;
      default:
        return false;
    }
  }

  #roster(peers: readonly PeerId[]): void {
    const now = this.#clock.now();
    for (const peer of peers) {
      if (this.#links.full || this.#links.has(peer) || (this.#notBefore.get(peer) ?? 0) > now) continue;
      const connection = this.#main.connect(peer);
      if (connection !== null) this.#links.add(connection, true);
    }
    for (const [peer, at] of this.#notBefore) if (at <= now) this.#notBefore.delete(peer);
    this.#judge(peers.length === 0);
  }

  #linkChanged(peer: PeerId, change: LinkChange): void {
    if (change === 'failed' || change === 'dropped') {
      this.#notBefore.set(peer, this.#clock.now() + REDIAL_MILLISECONDS);
    }
    if (change === 'dropped') {
      this.#resting.set(peer, this.#clock.now() + REST_MILLISECONDS);
      const [oldest] = this.#resting.keys();
      if (oldest !== undefined && this.#resting.size > MAX_LINKS) this.#resting.delete(oldest);
    }
    if (change === 'left') this.#door.hurry();
    this.#judge(false);
  }

  /** Settles `discovery`. Once settled it never goes back to `searching`. */
  #judge(nobodyElse: boolean): void {
    const nobodyThere = nobodyElse || this.#status.discovery === 'found';
    if (this.#links.joined().length > 0) {
      this.#cancelVerdict?.();
      this.#cancelVerdict = null;
      this.#change({ discovery: 'found' });
    } else if (nobodyThere) this.#change({ discovery: 'alone' });
    else if (this.#status.discovery === 'searching' && this.#cancelVerdict === null) {
      this.#cancelVerdict = this.#clock.after(UNREACHABLE_MILLISECONDS, () => {
        if (this.#links.joined().length === 0) this.#change({ discovery: 'unreachable' });
      });
    }
  }
}
