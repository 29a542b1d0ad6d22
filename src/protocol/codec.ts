/**
 * Frames to bytes and back: the 40-byte header that PROTOCOL.md describes.
 *
 * A message is split into parts that each fit in one transport message. There is exactly one way to
 * split it, so a part's header can be checked by itself, and the assembler only has to watch order.
 * `decodePart` is pure and total, and copies nothing.
 */
import { failure, type ProtocolFailure } from './error.ts';
import {
  FRAME_TYPES,
  type Frame,
  type FrameType,
  HEADER_BYTES,
  MAX_PART_BYTES,
  MAX_PAYLOAD_BYTES,
  PACKET_PAYLOAD_BYTES,
  PROTOCOL_VERSION,
} from './frame.ts';

/** "Mu", the first two bytes of every frame of every version. */
const MAGIC_0 = 0x4d;
const MAGIC_1 = 0x75;

/** One part of a message, as it came off the wire; `payload` is a view into the received bytes. */
export interface FramePart extends Frame {
  /** Number of this part, from 0, and how many there are. */
  readonly part: number;
  readonly parts: number;
  /** Length of the whole message's payload in bytes. */
  readonly total: number;
}

export type PartResult = { readonly ok: true; readonly part: FramePart } | ProtocolFailure;

/** Number of frames that carry a payload of this many bytes; an empty message is one empty part. */
export function partCount(payloadLength: number): number {
  return Math.max(1, Math.ceil(payloadLength / MAX_PART_BYTES));
}

/** Exact size on the wire, headers included, of one message with a payload of this many bytes. */
export function algorithmMessageBytes(payloadLength: number): number {
  return payloadLength + HEADER_BYTES * partCount(payloadLength);
}

/** Number of packets that carry a payload of this many bytes over the lossy lane; at least one. */
export function packetCount(payloadLength: number): number {
  return Math.max(1, Math.ceil(payloadLength / PACKET_PAYLOAD_BYTES));
}

/** Exact size on the wire, headers included, of a payload that is sent in packets. */
export function packetsBytes(payloadLength: number): number {
  return payloadLength + HEADER_BYTES * packetCount(payloadLength);
}

/** Most payload bytes the grammar allows in a message of a type. Control, sketch and packet are one part. */
export function largestPayload(type: FrameType): number {
  if (type === 'packet') return PACKET_PAYLOAD_BYTES;
  return type === 'control' || type === 'sketch' ? MAX_PART_BYTES : MAX_PAYLOAD_BYTES;
}

function checkField(name: string, value: number, bits: 8 | 16 | 32): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new RangeError(`A frame's ${name} must be a whole number below 2^${bits}, not ${value}.`);
  }
}

/**
 * The parts of a message in order, each in a buffer of its own (so that it can be transferred).
 * @throws {RangeError} for fields out of range: a mistake of the caller's.
 */
export function encodeFrames(frame: Frame): Uint8Array<ArrayBuffer>[] {
  checkField('round', frame.round, 32);
  checkField('step', frame.step, 16);
  checkField('tag', frame.tag, 8);
  checkField('codec', frame.codec, 8);
  checkField('sequence', frame.sequence, 32);
  checkField('source', frame.source, 16);
  checkField('destination', frame.destination, 16);
  if (!/^[0-9a-f]{16}$/.test(frame.view)) {
    throw new RangeError(`A frame's view must be 16 hexadecimal digits, not "${frame.view}".`);
  }
  const total = frame.payload.length;
  if (total > largestPayload(frame.type)) {
    throw new RangeError(
      `A ${frame.type} message of ${total} bytes; ${largestPayload(frame.type)} are allowed.`,
    );
  }
  if (frame.type === 'control' && frame.codec !== 0) throw new RangeError('A control frame has codec 0.');

  const parts = partCount(total);
  return Array.from({ length: parts }, (_, part) => {
    const piece = frame.payload.subarray(part * MAX_PART_BYTES, (part + 1) * MAX_PART_BYTES);
    const bytes = new Uint8Array(HEADER_BYTES + piece.length);
    const header = new DataView(bytes.buffer);
    bytes[0] = MAGIC_0;
    bytes[1] = MAGIC_1;
    bytes[2] = PROTOCOL_VERSION;
    bytes[3] = FRAME_TYPES[frame.type];
    header.setUint32(4, Number.parseInt(frame.view.slice(0, 8), 16));
    header.setUint32(8, Number.parseInt(frame.view.slice(8), 16));
    header.setUint32(12, frame.round, true);
    header.setUint16(16, frame.step, true);
    header.setUint8(18, frame.tag);
    header.setUint8(19, frame.codec);
    header.setUint32(20, frame.sequence, true);
    header.setUint16(24, frame.source, true);
    header.setUint16(26, frame.destination, true);
    header.setUint16(28, part, true);
    header.setUint16(30, parts, true);
    header.setUint32(32, total, true);
    header.setUint16(36, piece.length, true);
    bytes.set(piece, HEADER_BYTES);
    return bytes;
  });
}

function frameType(number: number): FrameType | null {
  switch (number) {
    case FRAME_TYPES.control:
      return 'control';
    case FRAME_TYPES.algorithm:
      return 'algorithm';
    case FRAME_TYPES.resync:
      return 'resync';
    case FRAME_TYPES.sketch:
      return 'sketch';
    case FRAME_TYPES.packet:
      return 'packet';
    default:
      return null;
  }
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');

/** Reads one part. Total: any bytes give a part or a named error; nothing is allocated for the payload. */
export function decodePart(bytes: Uint8Array): PartResult {
  if (bytes.length < HEADER_BYTES) {
    return failure(
      'length',
      `A frame of ${bytes.length} bytes is shorter than its ${HEADER_BYTES}-byte header.`,
    );
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (bytes[0] !== MAGIC_0 || bytes[1] !== MAGIC_1) {
    return failure('magic', 'These bytes are not a frame of this lab.');
  }
  const version = header.getUint8(2);
  if (version !== PROTOCOL_VERSION) {
    return failure(
      'version',
      `A frame of protocol version ${version}; this tab speaks version ${PROTOCOL_VERSION}. Reload the older tab.`,
    );
  }
  const type = frameType(header.getUint8(3));
  if (type === null) return failure('type', `There is no frame type ${header.getUint8(3)}.`);
  const codec = header.getUint8(19);
  if (header.getUint16(38, true) !== 0 || (type === 'control' && codec !== 0)) {
    return failure('reserved', 'A field that must be zero is not.');
  }
  const part = header.getUint16(28, true);
  const parts = header.getUint16(30, true);
  const total = header.getUint32(32, true);
  const length = header.getUint16(36, true);
  if (total > largestPayload(type)) {
    return failure('too-large', `A ${type} message of ${total} bytes; ${largestPayload(type)} are allowed.`);
  }
  const expected = Math.min(MAX_PART_BYTES, total - part * MAX_PART_BYTES);
  if (parts !== partCount(total) || part >= parts || length !== expected) {
    return failure(
      'parts',
      `Part ${part} of ${parts} with ${length} bytes does not fit a message of ${total}.`,
    );
  }
  if (bytes.length !== HEADER_BYTES + length) {
    return failure('length', `A frame of ${bytes.length} bytes should have ${HEADER_BYTES + length}.`);
  }
  return {
    ok: true,
    part: {
      type,
      view: hex(header.getUint32(4)) + hex(header.getUint32(8)),
      round: header.getUint32(12, true),
      step: header.getUint16(16, true),
      tag: header.getUint8(18),
      codec,
      sequence: header.getUint32(20, true),
      source: header.getUint16(24, true),
      destination: header.getUint16(26, true),
      payload: bytes.subarray(HEADER_BYTES),
      part,
      parts,
      total,
    },
  };
}
