/**
 * The checksums of a zip archive: CRC-32 of every file (ISO 3309; polynomial 0xedb88320, bits reversed), as
 * the archive's table of contents gives them (PKWARE's APPNOTE, sections 4.3.12 and 4.3.16).
 */

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
/** Longest comment at the end of an archive. */
const MAX_COMMENT = 65_535;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * The checksums in the order of the table of contents, `count` at most; fewer if there is no such table, so
 * that what has none agrees with none.
 */
export function listedChecksums(archive: Uint8Array, count: number): readonly number[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  let at = tableBegin(view);
  const found: number[] = [];
  while (found.length < count && at + ENTRY_BYTES <= view.byteLength && view.getUint32(at, true) === ENTRY) {
    found.push(view.getUint32(at + 16, true));
    const [name, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    at += ENTRY_BYTES + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return found;
}

/** Where the table of contents begins, as the end of the archive says; its end if it says nothing. */
function tableBegin(view: DataView): number {
  const least = Math.max(0, view.byteLength - END_BYTES - MAX_COMMENT);
  for (let at = view.byteLength - END_BYTES; at >= least; at--) {
    if (view.getUint32(at, true) !== END) continue;
    const begin = view.getUint32(at + 16, true);
    return begin === 0xffffffff ? zip64Begin(view, at) : begin;
  }
  return view.byteLength;
}

/** Where numbers of 32 bits are too small (section 4.3.14): the locator lies right before the end. */
function zip64Begin(view: DataView, end: number): number {
  const locator = end - 20;
  if (locator < 0 || view.getUint32(locator, true) !== 0x07064b50) return view.byteLength;
  const record = Number(view.getBigUint64(locator + 8, true));
  if (record + 56 > view.byteLength || view.getUint32(record, true) !== 0x06064b50) return view.byteLength;
  return Number(view.getBigUint64(record + 48, true));
}
