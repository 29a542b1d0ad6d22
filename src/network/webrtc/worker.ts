/**
 * The WebRTC transport as the session's worker sees it: data channels that the page negotiated and handed
 * over. A peer joins when all of its lanes are open, and leaves when either closes, the page says its
 * connection is down, or it is dropped. Whether a silent peer is alive is the room's heartbeat's affair:
 * a closed laptop never says goodbye.
 */
import {
  type CountingTransport,
  DrainGate,
  eachLane,
  failAll,
  PeerBook,
  plainBytes,
  type Traffic,
} from '../book.ts';
import {
  HIGH_WATER_BYTES,
  LANES,
  type Lane,
  largestMessage,
  type PeerId,
  TransportError,
  type TransportEvents,
} from '../transport.ts';
import { channelLanes, type LaneEvents, type Lanes, relayLanes } from './lane.ts';
import { INITIAL_STATUS, type ToPage, type ToWorker, type WebRtcStatus } from './messages.ts';

export interface WebRtcTransport extends CountingTransport {
  /** How the page stands with the signalling server and the room. */
  status(): WebRtcStatus;
}

/**
 * @param self this peer's id: the page's `openWebRtcPage` is given the same.
 * @param port the other end of the port given to `openWebRtcPage`.
 * @param onStatus told of every change of status.
 */
export function webRtcTransport(
  self: PeerId,
  port: MessagePort,
  onStatus: (status: WebRtcStatus) => void = () => {},
): WebRtcTransport {
  return new WorkerTransport(self, port, onStatus);
}

class Link {
  readonly id: number;
  readonly peer: PeerId;
  readonly gates = eachLane((lane) => new DrainGate(lane));
  readonly open = new Set<Lane>();
  /** Messages of an eager peer, from before all lanes were open here. */
  early: { lane: Lane; bytes: Uint8Array }[] | null = [];
  earlyBytes = 0;
  lanes: Lanes | null = null;

  constructor(id: number, peer: PeerId) {
    this.id = id;
    this.peer = peer;
  }
}

class WorkerTransport implements WebRtcTransport {
  readonly kind = 'webrtc';
  readonly self: PeerId;
  readonly #port: MessagePort;
  readonly #onStatus: (status: WebRtcStatus) => void;
  readonly #book = new PeerBook<Link>();
  readonly #links = new Map<number, Link>();
  #status: WebRtcStatus = INITIAL_STATUS;
  #closed = false;

  constructor(self: PeerId, port: MessagePort, onStatus: (status: WebRtcStatus) => void) {
    this.self = self;
    this.#port = port;
    this.#onStatus = onStatus;
  }

  open(events: TransportEvents): void {
    if (this.#closed) throw new TransportError('This transport is closed.');
    this.#book.open(events);
    this.#port.onmessage = ({ data }: MessageEvent<ToWorker>) => this.#fromPage(data);
  }

  status(): WebRtcStatus {
    return this.#status;
  }

  peers(): readonly PeerId[] {
    return this.#book.list();
  }

  carrier(peer: PeerId): string | null {
    return this.#book.get(peer) === undefined ? null : this.kind;
  }

  traffic(peer: PeerId): Traffic | null {
    return this.#book.traffic(peer);
  }

  async send(to: PeerId, lane: Lane, bytes: Uint8Array): Promise<void> {
    const link = this.#book.linkFor(to, lane, bytes);
    const carrier = link.lanes?.[lane];
    if (carrier === undefined) throw new TransportError(`Peer ${to} is not connected.`);
    const gate = link.gates[lane];
    const { byteLength } = bytes;
    if (!gate.admit(carrier.queued(), byteLength)) return;
    try {
      carrier.send(plainBytes(bytes));
    } catch (error) {
      // Closing: its close event follows. Full: cannot be, far below the browser's 16 MiB.
      throw new TransportError(`Peer ${to} cannot be sent to: ${String(error)}`);
    }
    this.#book.sent(to, byteLength);
    await gate.wait(carrier.queued());
  }

  drop(peer: PeerId, reason: string): void {
    const link = this.#book.get(peer);
    if (link !== undefined) this.#end(link, reason, true);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const link of [...this.#links.values()]) this.#end(link, 'closed');
    this.#book.close();
    this.#tell({ kind: 'close' });
    this.#port.onmessage = null;
  }

  #tell(message: ToPage): void {
    this.#port.postMessage(message);
  }

  #fromPage(message: ToWorker): void {
    if (message.kind === 'status') {
      this.#status = message.status;
      this.#onStatus(message.status);
    } else if (message.kind === 'down') {
      const link = this.#links.get(message.link);
      if (link !== undefined) this.#end(link, message.reason);
    } else {
      const link = new Link(message.link, message.peer);
      this.#links.set(link.id, link);
      const events: LaneEvents = {
        onOpen: (lane) => this.#opened(link, lane),
        onBytes: (lane, bytes) => this.#received(link, lane, new Uint8Array(bytes)),
        onDrain: (lane) => link.gates[lane].drained(link.lanes?.[lane].queued() ?? 0),
        onEnd: (reason) => this.#end(link, reason),
        onBreach: (reason) => this.#end(link, reason, true),
      };
      const { via } = message;
      link.lanes = via instanceof MessagePort ? relayLanes(via, events) : channelLanes(via, events);
      this.#joinIfReady(link);
    }
  }

  #opened(link: Link, lane: Lane): void {
    link.open.add(lane);
    this.#joinIfReady(link);
  }

  #joinIfReady(link: Link): void {
    if (link.lanes === null || link.open.size < LANES.length || link.early === null) return;
    const { early } = link;
    link.early = null;
    this.#tell({ kind: 'joined', link: link.id });
    this.#book.joined(link.peer, link);
    for (const { lane, bytes } of early) this.#book.received(link.peer, lane, bytes);
  }

  #received(link: Link, lane: Lane, bytes: Uint8Array): void {
    if (bytes.byteLength > largestMessage(lane)) this.#end(link, 'a message that is too large', true);
    else if (link.early === null) this.#book.received(link.peer, lane, bytes);
    else if (lane !== 'lossy') {
      link.earlyBytes += bytes.byteLength + 64;
      link.early.push({ lane, bytes });
      if (link.earlyBytes > HIGH_WATER_BYTES) this.#end(link, 'too much was sent too early', true);
    }
  }

  #end(link: Link, reason: string, ours = false): void {
    if (!this.#links.delete(link.id)) return;
    for (const lane of LANES) link.lanes?.[lane].close();
    failAll(link.gates, `Peer ${link.peer} has left: ${reason}.`);
    this.#tell({ kind: 'drop', link: link.id, ours });
    if (this.#book.get(link.peer) === link) this.#book.left(link.peer, reason);
  }
}
