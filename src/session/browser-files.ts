/** What only browsers have for files: their decoders of pictures, and addresses of the web. */
import { DataError } from '../data/dataset.ts';
import type { PictureDecoder } from '../data/images-picture.ts';
import { MAX_ARCHIVE_BYTES } from '../data/zip.ts';

export const browserDecoder: PictureDecoder = {
  formats: ['png', 'jpeg'],
  async decode(bytes, format) {
    const blob = new Blob([new Uint8Array(bytes)], { type: `image/${format}` });
    // Colours as they are in the file, the same on every screen.
    const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
    try {
      const { width, height } = bitmap;
      const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      if (context === null) throw new Error('This browser draws no pictures in workers.');
      context.drawImage(bitmap, 0, 0);
      return { width, height, rgba: context.getImageData(0, 0, width, height).data };
    } finally {
      bitmap.close();
    }
  },
};

/** @throws {DataError} in one sentence that names the address and the problem. */
export async function fetchUrl(
  url: string,
  progress: (done: number, total: number | null) => void,
): Promise<Blob> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer' });
  } catch (cause) {
    throw new DataError(
      `${url} cannot be fetched from a page: its server is away, or does not let other pages read it; download the file and drop it here.`,
      { cause },
    );
  }
  if (!response.ok || response.body === null) {
    throw new DataError(`${url} answered ${response.status} ${response.statusText}.`);
  }
  const announced = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isFinite(announced) && announced > 0 ? announced : null;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done: ended, value } = await reader.read();
    if (ended) break;
    done += value.length;
    if (done > MAX_ARCHIVE_BYTES) {
      await reader.cancel();
      throw new DataError(
        `${url} has more than ${MAX_ARCHIVE_BYTES} bytes (256 MiB), which is more than is read.`,
      );
    }
    chunks.push(value);
    progress(done, total);
  }
  return new Blob(chunks);
}
