/**
 * The Transport contract: bytes between peers (a peer is a tab or a Node process).
 *
 * Three implementations share one contract suite: `memory` (one process), `broadcast` (tabs of one
 * browser) and `webrtc` (PeerJS data channels). Lanes are separate channels, so that a heartbeat never
 * queues behind a model: `control` and `bulk` are reliable and ordered within their lane. `lossy` promises
 * nothing: a message arrives once or never, in any order, and nobody waits. A transport never parses a
 * message. Peers announce themselves by joining; how they find each other is the transport's own affair.
 */
export type PeerId = string;
export const LANES = ['control', 'bulk', 'lossy'] as const;
export type Lane = (typeof LANES)[number];

/** Largest message a transport carries, in bytes. Larger ones are split by the protocol. */
export const MAX_MESSAGE_BYTES = 65_536;
/**
 * Largest message on the lossy lane, in bytes: with the headers of SCTP, DTLS, UDP and IP it still fits one
 * packet. A longer one would be lost with any of its packets.
 */
export const MAX_PACKET_BYTES = 1_040;
/** `send` waits once more than this is queued towards a peer, in bytes... */
export const HIGH_WATER_BYTES = 1_048_576;
/** ...until less than this is left. */
export const LOW_WATER_BYTES = 262_144;

/** Largest message of a lane, in bytes. */
export function largestMessage(lane: Lane): number {
  return lane === 'lossy' ? MAX_PACKET_BYTES : MAX_MESSAGE_BYTES;
}

/** The peer is not (or no longer) connected, or the message is too large. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}

/** What a transport tells its one user. Set before `open`. */
export interface TransportEvents {
  onJoin(peer: PeerId): void;
  onLeave(peer: PeerId, reason: string): void;
  /** `bytes` belongs to the receiver. */
  onMessage(peer: PeerId, lane: Lane, bytes: Uint8Array): void;
}

export interface Transport {
  readonly kind: 'memory' | 'broadcast' | 'webrtc' | 'combined';
  /** This peer's id: random, never reused. */
  readonly self: PeerId;
  /** Starts; events may arrive from now on. */
  open(events: TransportEvents): void;
  /** Connected peers, in join order. */
  peers(): readonly PeerId[];
  /** Which implementation carries this peer ("webrtc", ...), or null if it is not connected. */
  carrier(peer: PeerId): string | null;
  /**
   * Queues a message; resolves when the queue towards `to` is below the low-water mark. On the lossy lane
   * it resolves at once, and a message that finds the queue full is dropped.
   * `bytes` may be transferred: the caller must not use it afterwards.
   * @throws {TransportError} (as a rejection)
   */
  send(to: PeerId, lane: Lane, bytes: Uint8Array): Promise<void>;
  /** Cuts the connection to a peer; `onLeave` follows. */
  drop(peer: PeerId, reason: string): void;
  close(): void;
}
