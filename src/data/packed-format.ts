/**
 * The compact file a data set is served as: a short header, then gzip over all labels and all features.
 *
 * ```
 * 0  4 bytes  "MURM"            8  u32  rows         16  u32  bytes of the gzip stream
 * 4  u16      version (1)      12  u32  width        20  gzip(labels: rows bytes,
 * 6  u16      classes                                         features: rows × width bytes)
 * ```
 *
 * Little-endian. Lossless. gzip, because both browsers and Node read it by themselves, and because its
 * checksum tells a damaged file. Features are bytes; `feature = byte / 255`.
 */
import { DataError, type HostDataset } from './dataset.ts';

export { DataError };

export const PACKED_HEADER_BYTES = 20;
export const PACKED_VERSION = 1;
const MAGIC = [0x4d, 0x55, 0x52, 0x4d]; // "MURM"
/** Most bytes a data set may unpack to. 128 MiB. */
const MAX_UNPACKED_BYTES = 134_217_728;

export interface PackedHeader {
  readonly rows: number;
  readonly width: number;
  readonly classes: number;
  readonly packedBytes: number;
}

export function writeHeader(header: PackedHeader): Uint8Array {
  const bytes = new Uint8Array(PACKED_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint16(4, PACKED_VERSION, true);
  view.setUint16(6, header.classes, true);
  view.setUint32(8, header.rows, true);
  view.setUint32(12, header.width, true);
  view.setUint32(16, header.packedBytes, true);
  return bytes;
}

/**
 * Reads and checks the header against the length of the file.
 * @throws {DataError}
 */
export function readHeader(bytes: Uint8Array): PackedHeader {
  if (bytes.length < PACKED_HEADER_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new DataError('The data file is not one of this lab; build the lab again.');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, PACKED_HEADER_BYTES);
  const version = view.getUint16(4, true);
  if (version !== PACKED_VERSION) {
    throw new DataError(
      `The data file has version ${version} instead of ${PACKED_VERSION}; build the lab again.`,
    );
  }
  const header = {
    classes: view.getUint16(6, true),
    rows: view.getUint32(8, true),
    width: view.getUint32(12, true),
    packedBytes: view.getUint32(16, true),
  };
  if (bytes.length !== PACKED_HEADER_BYTES + header.packedBytes) {
    const due = PACKED_HEADER_BYTES + header.packedBytes;
    throw new DataError(`The data file has ${bytes.length} bytes instead of ${due}; load it again.`);
  }
  const sensible = header.rows >= 1 && header.width >= 1 && header.classes >= 1 && header.classes <= 256;
  if (!sensible || header.rows * (header.width + 1) > MAX_UNPACKED_BYTES) {
    throw new DataError('The header of the data file makes no sense; build the lab again.');
  }
  return header;
}

/** Unpacks gzip bytes into exactly `length` bytes, never holding more than that and one chunk. */
async function gunzip(packed: Uint8Array<ArrayBuffer>, length: number): Promise<Uint8Array> {
  const unpacked = new Uint8Array(length);
  let filled = 0;
  try {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (filled + value.length > length) {
        await reader.cancel();
        throw new DataError('The data file unpacks to more than its header says; build the lab again.');
      }
      unpacked.set(value, filled);
      filled += value.length;
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError('The data file is damaged; load it again.', { cause: error });
  }
  if (filled !== length) {
    throw new DataError(`The data file unpacks to ${filled} bytes instead of ${length}; load it again.`);
  }
  return unpacked;
}

/**
 * Unpacks a whole data set.
 * @throws {DataError} for anything but a whole and sound file.
 */
export async function unpackDataset(bytes: Uint8Array): Promise<HostDataset> {
  const { rows, width, classes } = readHeader(bytes);
  const unpacked = await gunzip(new Uint8Array(bytes.subarray(PACKED_HEADER_BYTES)), rows * (width + 1));
  const labels = unpacked.slice(0, rows);
  if (labels.some((label) => label >= classes)) {
    throw new DataError('The data file holds a label that is no class; build the lab again.');
  }
  return { rows, width, classes, scale: 1 / 255, labels, features: unpacked.subarray(rows) };
}
