/**
 * One picture from the bytes of a file. Formats without compression (PGM, PPM, BMP) are read here; PNG and
 * JPEG need a decoder from outside: the browser's own, or in Node one for PNG. What a header says of the
 * size is checked before anybody decodes: a file of a few bytes may claim gigabytes of pixels.
 */
import { DataError } from './dataset.ts';

/** Pixels row by row, four bytes each: red, green, blue, opacity. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array | Uint8ClampedArray;
}

export type PictureFormat = 'png' | 'jpeg' | 'pnm' | 'bmp';

/** Decodes PNG or JPEG; rejects with what is wrong, or with `unsupported` as null. */
export interface PictureDecoder {
  readonly formats: readonly PictureFormat[];
  decode(bytes: Uint8Array, format: PictureFormat): Promise<Picture>;
}

/** Most pixels of a picture: 8192 × 4096. */
const MAX_PIXELS = 33_554_432;

const BEGINNINGS: readonly (readonly [PictureFormat, readonly number[]])[] = [
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['pnm', [0x50, 0x35]],
  ['pnm', [0x50, 0x36]],
  ['bmp', [0x42, 0x4d]],
];

/** @throws {DataError} that names the file, the byte and the problem. */
export async function readPicture(
  name: string,
  bytes: Uint8Array,
  decoder: PictureDecoder | null,
): Promise<Picture> {
  const format = BEGINNINGS.find(([, begin]) => begin.every((byte, at) => bytes[at] === byte))?.[0];
  if (format === undefined) {
    throw new DataError(`${name}, byte 0: it does not begin as PNG, JPEG, PGM, PPM or BMP does.`);
  }
  const size = sizeOf(format, bytes);
  if (size === null) throw new DataError(`${name} ends at byte ${bytes.length}, before it says its size.`);
  const [width, height] = size;
  if (width < 1 || height < 1) throw new DataError(`${name} is said to be ${width} × ${height} pixels.`);
  if (width * height > MAX_PIXELS) {
    throw new DataError(`${name} has ${width} × ${height} pixels; at most ${MAX_PIXELS} are read.`);
  }
  if (format === 'pnm') return readPnm(name, bytes, width, height);
  if (format === 'bmp') return readBmp(name, bytes, width, height);
  if (decoder?.formats.includes(format) !== true) {
    throw new DataError(
      `${name} is ${format.toUpperCase()}, which is read in a browser only; use PNG, PGM, PPM or BMP here.`,
    );
  }
  try {
    const picture = await decoder.decode(bytes, format);
    if (picture.rgba.length === 4 * picture.width * picture.height) return picture;
  } catch (cause) {
    throw new DataError(`${name} is damaged: it cannot be decoded as ${format.toUpperCase()}.`, { cause });
  }
  throw new DataError(`${name} is damaged: not all of its pixels are there.`);
}

/** Width and height as the header has them; null if the file ends before. */
function sizeOf(format: PictureFormat, bytes: Uint8Array): readonly [number, number] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (format) {
    case 'png':
      return bytes.length < 24 ? null : [view.getUint32(16), view.getUint32(20)];
    case 'bmp':
      return bytes.length < 54 ? null : [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
    case 'pnm': {
      const header = pnmHeader(bytes);
      return header === null ? null : [header.width, header.height];
    }
    case 'jpeg':
      return jpegSize(view);
  }
}

/** Walks the segments of a JPEG to its frame header (ISO 10918-1, B.2.2). */
function jpegSize(view: DataView): readonly [number, number] | null {
  let at = 2;
  while (at + 9 <= view.byteLength) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff) return null;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}

/** "P5 width height maximum" (grey) or "P6 …" (colour), then one blank; # begins a comment. */
function pnmHeader(bytes: Uint8Array) {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 1024));
  const found =
    /^P([56])(?:\s+|#[^\n]*\n)+(\d{1,6})(?:\s+|#[^\n]*\n)+(\d{1,6})(?:\s+|#[^\n]*\n)+(\d{1,6})\s/.exec(text);
  if (found === null) return null;
  const [all, kind, width, height, maximum] = found;
  return {
    channels: kind === '6' ? 3 : 1,
    width: Number(width),
    height: Number(height),
    maximum: Number(maximum),
    begin: all.length,
  };
}

function readPnm(name: string, bytes: Uint8Array, width: number, height: number): Picture {
  const header = pnmHeader(bytes);
  const { channels, maximum, begin } = header ?? { channels: 1, maximum: 0, begin: 0 };
  if (maximum < 1 || maximum > 255) {
    throw new DataError(`${name} has values up to ${maximum}; only those up to 255 are read.`);
  }
  const end = begin + width * height * channels;
  if (bytes.length < end) {
    throw new DataError(`${name} ends at byte ${bytes.length}; ${width} × ${height} pixels end at ${end}.`);
  }
  const rgba = new Uint8Array(4 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++) {
      const value = bytes[begin + pixel * channels + (channels === 3 ? c : 0)] ?? 0;
      rgba[4 * pixel + c] = Math.min(255, Math.round((value * 255) / maximum));
    }
    rgba[4 * pixel + 3] = 255;
  }
  return { width, height, rgba };
}

/** BMP without compression: 24 or 32 bits a pixel, or 8 with a palette; rows from the bottom or the top. */
function readBmp(name: string, bytes: Uint8Array, width: number, height: number): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  if (compression !== 0 || ![8, 24, 32].includes(bits)) {
    throw new DataError(`${name}, byte 28: only BMP without compression and of 8, 24 or 32 bits is read.`);
  }
  const palette = 14 + view.getUint32(14, true);
  const begin = view.getUint32(10, true);
  const stride = 4 * Math.ceil((width * bits) / 32);
  const end = begin + stride * height;
  if (bytes.length < end) {
    throw new DataError(`${name} ends at byte ${bytes.length}; ${width} × ${height} pixels end at ${end}.`);
  }
  const upwards = view.getInt32(22, true) > 0;
  const rgba = new Uint8Array(4 * width * height);
  for (let y = 0; y < height; y++) {
    const row = begin + stride * (upwards ? height - 1 - y : y);
    for (let x = 0; x < width; x++) {
      const at = row + (x * bits) / 8;
      const source = bits === 8 ? palette + 4 * (bytes[at] ?? 0) : at;
      const to = 4 * (y * width + x);
      for (let c = 0; c < 3; c++) rgba[to + c] = bytes[source + 2 - c] ?? 0;
      rgba[to + 3] = 255;
    }
  }
  return { width, height, rgba };
}
