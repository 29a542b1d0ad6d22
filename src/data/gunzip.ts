/**
 * A gzip file unpacked within a limit, chunk by chunk, so that a small file cannot fill the memory. Browsers
 * and Node both unpack gzip by themselves, and check its checksum.
 */
import { DataError } from './dataset.ts';

/** Whether bytes begin as gzip does (RFC 1952, section 2.3.1). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** @throws {DataError} for what is damaged, cut short, or longer than `limit` bytes. */
export async function gunzip(name: string, packed: Uint8Array, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const source = new Blob([new Uint8Array(packed)]).stream();
    const reader = source.pipeThrough(new DecompressionStream('gzip')).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > limit) {
        await reader.cancel();
        throw new DataError(`${name} unpacks to more than ${limit} bytes, which is more than is read.`);
      }
      chunks.push(value);
    }
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const sound = length === 0 ? 'from its beginning' : `after ${length} unpacked bytes`;
    throw new DataError(`${name} is damaged or cut short ${sound}; get it once more.`, { cause });
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
