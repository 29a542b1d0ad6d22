/**
 * The IDX format, in which MNIST and its relatives come: two zero bytes, a type, the number of dimensions,
 * each dimension as four bytes (big-endian), then the values, the last dimension fastest.
 * Source: the description on the MNIST database's own page, "file formats".
 */
import { DataError } from './dataset.ts';

/** Most bytes that are kept of a data set, as the graphics device binds no more by default. 128 MiB. */
export const MAX_VALUES = 134_217_728;
const MAX_DIMENSIONS = 4;
const BYTES = 0x08;
const TYPES: Readonly<Record<number, string>> = {
  9: 'signed bytes',
  11: '16-bit numbers',
  12: '32-bit numbers',
  13: '32-bit floats',
  14: '64-bit floats',
};

export interface IdxArray {
  readonly dimensions: readonly number[];
  /** As many as the product of the dimensions. */
  readonly values: Uint8Array;
}

/** An array of bytes. @throws {DataError} that names file, byte and problem. */
export function readIdx(name: string, bytes: Uint8Array): IdxArray {
  const [zero, alsoZero, type, count] = bytes;
  if (type === undefined || count === undefined) {
    throw new DataError(`${name} ends at byte ${bytes.length}, within the header of an IDX file.`);
  }
  if (zero !== 0 || alsoZero !== 0) {
    throw new DataError(`${name}, byte ${zero === 0 ? 1 : 0}: an IDX file begins with two zero bytes.`);
  }
  if (type !== BYTES) {
    throw new DataError(
      `${name}, byte 2: it holds ${TYPES[type] ?? `values of the unknown type ${type}`}; only bytes are read.`,
    );
  }
  if (count < 1 || count > MAX_DIMENSIONS) {
    throw new DataError(
      `${name}, byte 3: it has ${count} dimensions; there must be 1 to ${MAX_DIMENSIONS} of them.`,
    );
  }
  const begin = 4 + 4 * count;
  if (bytes.length < begin) {
    throw new DataError(`${name} ends at byte ${bytes.length}, within the header of an IDX file.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, begin);
  const dimensions = Array.from({ length: count }, (_, at) => view.getUint32(4 + 4 * at));
  const size = dimensions.reduce((product, each) => product * each, 1);
  const shape = dimensions.join(' × ');
  if (size === 0) throw new DataError(`${name}, byte 4: it is said to hold ${shape} values, which is none.`);
  if (size > MAX_VALUES) {
    throw new DataError(
      `${name}, byte 4: it is said to hold ${shape} bytes; at most ${MAX_VALUES} (128 MiB) are read.`,
    );
  }
  if (bytes.length !== begin + size) {
    throw new DataError(
      `${name} ends at byte ${bytes.length}; ${shape} values as its header says end at byte ${begin + size}.`,
    );
  }
  return { dimensions, values: bytes.subarray(begin) };
}

/** The inverse of `readIdx`. @throws {RangeError} if values and dimensions do not fit. */
export function writeIdx({ dimensions, values }: IdxArray): Uint8Array {
  if (dimensions.reduce((product, each) => product * each, 1) !== values.length) {
    throw new RangeError(`${values.length} values are not ${dimensions.join(' × ')}.`);
  }
  const begin = 4 + 4 * dimensions.length;
  const bytes = new Uint8Array(begin + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(2, BYTES);
  view.setUint8(3, dimensions.length);
  dimensions.forEach((each, at) => {
    view.setUint32(4 + 4 * at, each);
  });
  bytes.set(values, begin);
  return bytes;
}
