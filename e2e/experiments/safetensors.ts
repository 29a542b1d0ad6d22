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

function parseTensor(name: string, entry: unknown, data: DataView): NamedTensor {
  if (!isRecord(entry) || entry.dtype !== 'F32') {
    throw new SafetensorsError(`Tensor "${name}" is not F32.`);
  }
  const { shape, data_offsets: range } = entry;
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw new SafetensorsError(`Tensor "${name}" has no shape.`);
  }
  const [begin, end, ...rest]: unknown[] = Array.isArray(range) ? range : [];
  const fits = isCount(begin) && isCount(end) && rest.length === 0 && end <= data.byteLength;
  if (!fits || end - begin !== elements(shape) * 4) {
    throw new SafetensorsError(`Tensor "${name}" has a wrong byte range.`);
  }
  const values = Float32Array.from({ length: (end - begin) / 4 }, (_, index) =>
    data.getFloat32(begin + index * 4, true),
  );
  return { name, shape, data: values };
}

/** Total: any bytes give tensors or a @throws {SafetensorsError}. Tensors come in header order. */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const { header, start } = parseHeader(bytes);
  const data = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
  const metadata: Record<string, string> = {};
  const tensors: NamedTensor[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name !== METADATA) {
      tensors.push(parseTensor(name, entry, data));
    } else if (isRecord(entry)) {
      for (const [key, value] of Object.entries(entry)) {
        if (typeof value === 'string') metadata[key] = value;
      }
    }
  }
  return { tensors, metadata };
}
