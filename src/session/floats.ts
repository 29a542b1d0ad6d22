/** Plain f32 vectors as little-endian bytes, outside any compressor: sketches, and parameters for newcomers. */

export function bytesOfFloats(numbers: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * numbers.length);
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < numbers.length; k += 1) view.setFloat32(4 * k, numbers[k] ?? 0, true);
  return bytes;
}

/** The `length` numbers, or null if the size is wrong or any of them is not finite. */
export function floatsOfBytes(bytes: Uint8Array, length: number): Float32Array | null {
  if (bytes.length !== 4 * length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Float32Array(length);
  for (let k = 0; k < length; k += 1) {
    const value = view.getFloat32(4 * k, true);
    if (!Number.isFinite(value)) return null;
    numbers[k] = value;
  }
  return numbers;
}
