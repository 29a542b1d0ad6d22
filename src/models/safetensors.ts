/**
 * Reading and writing safetensors: an 8-byte little-endian header length, a JSON header with each
 * tensor's dtype, shape and byte range, then the raw numbers. Here f32 only. The format is Hugging Face's
 * (github.com/huggingface/safetensors); files open with `safetensors.numpy.load_file` and its kin.
 */

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Safetensors {
  readonly tensors: readonly NamedTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes are not a safetensors file of f32 tensors. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
}

const LENGTH_BYTES = 8;
const METADATA = '__metadata__';
/** The format's own limit on a header, in bytes. */
const MAX_HEADER_BYTES = 100_000_000;

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * @throws {SafetensorsError} if a shape and its data disagree, or a name is taken.
 */
export function encodeSafetensors({ tensors, metadata }: Safetensors): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { [METADATA]: metadata };
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    if (elements(shape) !== data.length) {
      throw new SafetensorsError(`Tensor "${name}" has ${data.length} numbers, not [${shape.join(', ')}].`);
    }
    if (Object.hasOwn(header, name)) throw new SafetensorsError(`There are two tensors "${name}".`);
    const end = offset + data.length * 4;
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Trailing spaces are part of the format: they align the numbers.
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const start = LENGTH_BYTES + headerBytes;
  const bytes = new Uint8Array(start + offset);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, LENGTH_BYTES, start);
  bytes.set(json, LENGTH_BYTES);
  let at = start;
  for (const { data } of tensors) {
    for (const value of data) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return bytes;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function parseHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < LENGTH_BYTES) throw new SafetensorsError('The file is shorter than its length field.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const start = LENGTH_BYTES + Number(length);
  if (length > MAX_HEADER_BYTES || start > bytes.length) {
    throw new SafetensorsError(`The header would be ${length} bytes long.`);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, start));
    const header: unknown = JSON.parse(text);
    if (isRecord(header)) return { header, start };
  } catch {
    // Said below, once for every kind of broken header.
  }
  throw new SafetensorsError('The header is not a JSON object.');
}

interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  readonly range: readonly [begin: number, end: number];
}

function parseTensor(name: string, entry: unknown, length: number): Place {
  if (!isRecord(entry) || entry.dtype !== 'F32') {
    throw new SafetensorsError(`Tensor "${name}" is not F32.`);
  }
  const { shape, data_offsets: range } = entry;
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw new SafetensorsError(`Tensor "${name}" has no shape.`);
  }
  const [begin, end, ...rest]: unknown[] = Array.isArray(range) ? range : [];
  const fits = isCount(begin) && isCount(end) && rest.length === 0 && end <= length;
  if (!fits || end - begin !== elements(shape) * 4) {
    throw new SafetensorsError(`Tensor "${name}" has a wrong byte range.`);
  }
  return { name, shape, range: [begin, end] };
}

function numbersAt(data: DataView, [begin, end]: Place['range']): Float32Array {
  const numbers = new Float32Array((end - begin) / 4);
  for (let k = 0; k < numbers.length; k += 1) numbers[k] = data.getFloat32(begin + 4 * k, true);
  return numbers;
}

/** The numbers are used once each, all of them: so a small file cannot name a large memory. */
function checkCover(ranges: readonly (readonly [begin: number, end: number])[], length: number): void {
  let at = 0;
  for (const [begin, end] of ranges.toSorted(([a, x], [b, y]) => a - b || x - y)) {
    if (begin !== at) throw new SafetensorsError('The tensors overlap, or leave a gap.');
    at = end;
  }
  if (at !== length) throw new SafetensorsError(`${length - at} bytes at the end belong to no tensor.`);
}

/** Total: any bytes give tensors or a @throws {SafetensorsError}. Tensors come in header order. */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const { header, start } = parseHeader(bytes);
  const data = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
  const metadata: Record<string, string> = {};
  const places: Place[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name !== METADATA) {
      places.push(parseTensor(name, entry, data.byteLength));
    } else if (isRecord(entry)) {
      for (const [key, value] of Object.entries(entry)) {
        if (typeof value === 'string') metadata[key] = value;
      }
    }
  }
  checkCover(
    places.map(({ range }) => range),
    data.byteLength,
  );
  const tensors = places.map(({ name, shape, range }) => ({ name, shape, data: numbersAt(data, range) }));
  return { tensors, metadata };
}
