/**
 * A PeerJS `Peer` made fit for an untrusted and unreliable signalling server: it is told of no STUN, TURN
 * or other server that nobody chose, sees only messages that pass the schemas, and comes back by itself
 * for ever. Connections that exist do not depend on it: a LEAVE from the server, which anyone who got hold
 * of an id could cause, never reaches PeerJS.
 */
import { type DataConnection, Peer } from 'peerjs';
import * as v from 'valibot';
import type { Clock } from '../../base/clock.ts';
import { type RandomFill, randomFraction, randomPeerId } from '../identity.ts';
import type { LabBuild } from '../lab.ts';
import type { PeerId } from '../transport.ts';
import { type FromServer, fromServer, LINK_LABEL, linkMetadata } from './messages.ts';

/** Where the PeerServer is. */
export interface SignallingServer {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly secure: boolean;
}

export interface SignallingContext {
  readonly server: SignallingServer;
  /** None by default: tabs of one network need none, and PeerJS's own default contacts strangers. */
  readonly iceServers: readonly RTCIceServer[];
  readonly lab: LabBuild;
  readonly clock: Clock;
  /** For tokens, and for the jitter that keeps tabs from doing everything at the same moment. */
  readonly fill: RandomFill;
}

export interface SignallingEvents {
  /** The server knows this peer now. */
  onOpen(): void;
  /** The server is out of reach for now; it is tried again unless the id was `taken`. */
  onDown(): void;
  onTaken(): void;
  /** A message that fits the schemas; true passes it on to PeerJS. */
  onMessage(message: FromServer): boolean;
  onConnection(connection: DataConnection): void;
}

/** A server that does not answer within so many milliseconds is down. */
const OPEN_MILLISECONDS = 4_000;
const BACKOFF_MILLISECONDS = { first: 300, most: 5_000 };

export class SignallingPeer {
  readonly id: PeerId;
  readonly #context: SignallingContext;
  readonly #events: SignallingEvents;
  /** Lets this peer, and nobody else, take its id back from a socket that the server has not yet missed. */
  readonly #token: string;
  #peer: Peer | null = null;
  #connected = false;
  #closed = false;
  #failures = 0;
  #cancel = () => {};

  constructor(id: PeerId, context: SignallingContext, events: SignallingEvents) {
    this.id = id;
    this.#context = context;
    this.#events = events;
    this.#token = randomPeerId(context.fill);
    this.#start();
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Sends a message of our own; lost if the server is out of reach. */
  send(message: object): void {
    if (this.#connected) this.#peer?.socket.send(message);
  }

  /** Begins a connection, or null if the server is out of reach. Its RTCPeerConnection exists at once. */
  connect(to: PeerId): DataConnection | null {
    if (!this.#connected || this.#peer === null || this.#peer.disconnected) return null;
    return this.#peer.connect(to, {
      label: LINK_LABEL,
      serialization: 'raw',
      // PeerJS's default means unordered.
      reliable: true,
      metadata: linkMetadata(this.#context.lab),
    });
  }

  /** True if PeerJS has this connection: candidates for others would pile up in it without end. */
  knows(peer: PeerId, connectionId: string): boolean {
    return (this.#peer?.getConnection(peer, connectionId) ?? null) !== null;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connected = false;
    this.#cancel();
    this.#peer?.destroy();
  }

  #start(): void {
    const { server, iceServers } = this.#context;
    const peer = new Peer(this.id, {
      ...server,
      key: 'peerjs',
      token: this.#token,
      debug: 0,
      config: { iceServers: [...iceServers] },
    });
    this.#peer = peer;
    this.#gate(peer);
    peer.on('open', () => {
      this.#failures = 0;
      this.#cancel();
      this.#connected = true;
      this.#events.onOpen();
    });
    peer.on('connection', (connection) => this.#events.onConnection(connection));
    peer.on('disconnected', () => this.#down());
    peer.on('close', () => this.#down());
    this.#limitWait();
  }

  /** Puts the schemas between the socket and PeerJS. */
  #gate(peer: Peer): void {
    const { socket } = peer;
    const deliver = socket.listeners('message');
    socket.removeAllListeners('message');
    socket.on('message', (data: unknown) => {
      const { success, output } = v.safeParse(fromServer, data);
      if (!success || this.#closed) return;
      if (output.type === 'ID-TAKEN') this.#events.onTaken();
      const ours = output.type === 'OPEN' || output.type === 'ID-TAKEN' || output.type === 'ERROR';
      if (ours || this.#events.onMessage(output)) for (const listener of deliver) listener(data);
    });
  }

  /**
   * PeerServer does not say OPEN when an id comes back while its old socket is still in its books
   * (peer 1.0.2): without an answer, hang up, which clears the books, and try again.
   */
  #limitWait(): void {
    this.#cancel();
    this.#cancel = this.#context.clock.after(OPEN_MILLISECONDS, () => {
      if (this.#peer?.disconnected === false) this.#peer.disconnect();
      else this.#down();
    });
  }

  #down(): void {
    if (this.#closed) return;
    this.#connected = false;
    this.#failures += 1;
    this.#events.onDown();
    // `onDown` may have closed this peer.
    if (this.#closed) return;
    const { first, most } = BACKOFF_MILLISECONDS;
    const wait = Math.min(most, first * 2 ** Math.min(10, this.#failures - 1));
    this.#cancel();
    this.#cancel = this.#context.clock.after(wait * (0.5 + randomFraction(this.#context.fill)), () => {
      if (this.#peer === null || this.#peer.destroyed) this.#start();
      else if (this.#peer.disconnected) {
        this.#peer.reconnect();
        this.#limitWait();
      }
    });
  }
}
