/**
 * Protocol errors: what is wrong with bytes that came from a peer. Values, not exceptions: rubbish from
 * outside is an ordinary event that is counted and shown, and never unwinds anything.
 */

/**
 * - `length`: shorter than a header, or not as long as the header says.
 * - `magic`: not one of our frames. `version`: a frame of another version of the protocol.
 * - `type`: no such frame type. `reserved`: a field that must be zero is not.
 * - `parts`: part number, number of parts and lengths contradict one another.
 * - `too-large`: more bytes than allowed for a message of this type.
 * - `order`: a part came before the ones ahead of it. `duplicate`: a part came twice.
 * - `inconsistent`: a part contradicts the earlier parts of its message.
 * - `overflow`: too many unfinished messages, or too many bytes in them.
 * - `control`: a control message that is not JSON, or not of a known shape.
 */
export type ProtocolErrorName =
  | 'length'
  | 'magic'
  | 'version'
  | 'type'
  | 'reserved'
  | 'parts'
  | 'too-large'
  | 'order'
  | 'duplicate'
  | 'inconsistent'
  | 'overflow'
  | 'control';

export interface ProtocolError {
  readonly name: ProtocolErrorName;
  /** One sentence that a person can act on. */
  readonly message: string;
}

export interface ProtocolFailure {
  readonly ok: false;
  readonly error: ProtocolError;
}

export function failure(name: ProtocolErrorName, message: string): ProtocolFailure {
  return { ok: false, error: { name, message } };
}
