/**
 * Frames: the envelope of everything that crosses a transport. Types only; `codec.ts` encodes, decodes
 * and assembles them, `control.ts` holds the JSON control messages. The grammar is in PROTOCOL.md.
 */

/** Version of the wire protocol; a peer with another one is refused. */
export const PROTOCOL_VERSION = 2;

export const FRAME_TYPES = {
  /** JSON, validated by schema: hello, membership, commands, telemetry. */
  control: 1,
  /** An algorithm's message, encoded by a compressor. Counted as `bytesSent`. */
  algorithm: 2,
  /** Dense parameters for a newcomer, or for rebuilding state after a view change. `bytesResync`. */
  resync: 3,
  /** A sketch of a worker's parameters (f32, little-endian). Counted as control traffic. */
  sketch: 4,
  /** A part of an algorithm's message that fits one packet and may be lost. Counted as `bytesSent`. */
  packet: 5,
} as const;
export type FrameType = keyof typeof FRAME_TYPES;

/** Exact size of a frame's header in bytes. */
export const HEADER_BYTES = 40;
/** Most payload bytes one frame carries: header and payload fit in one transport message. */
export const MAX_PART_BYTES = 65_536 - HEADER_BYTES;
/** Most payload bytes of a `packet` frame: with its header it fits one packet of the network. */
export const PACKET_PAYLOAD_BYTES = 1_000;
/** Most bytes one whole message may have; longer ones are a protocol error. 64 MiB. */
export const MAX_PAYLOAD_BYTES = 67_108_864;

/** A whole message, or (on the wire) one part of it. All numbers are unsigned integers. */
export interface Frame {
  readonly type: FrameType;
  /** Id of the view this belongs to (64-bit hash of its lineage as 16 hex digits); zeros outside any. */
  readonly view: string;
  /** Round of the algorithm (u32). */
  readonly round: number;
  /** Step of a multi-step exchange within the round (u16); of a packet, its place in its message. */
  readonly step: number;
  /** Which of the round's exchanges (u8): see the algorithm's tags. */
  readonly tag: number;
  /** Compressor's wire number (u8), 0 for control. */
  readonly codec: number;
  /** Running number per sender (u32); all parts of one message share it. */
  readonly sequence: number;
  /** Seats (u16); 0xffff where no worker is meant. */
  readonly source: number;
  readonly destination: number;
  readonly payload: Uint8Array;
}

export const NO_SEAT = 0xffff;
/** The view field outside any view. */
export const NO_VIEW = '0000000000000000';
