/**
 * A picture as the features of a row: scaled to a square, in grey or colour. Every pixel of the square is
 * the mean of the area of the picture that falls on it, so small details are averaged rather than lost;
 * sides are stretched alike or not, nothing is cut off. What is transparent is white, as paper is.
 */
import type { Picture } from './images-picture.ts';

/** Luma of red, green and blue (ITU-R BT.601, section 2.5.1). */
const LUMA = [0.299, 0.587, 0.114] as const;

/** For each of `size` places: which of `length` pixels fall on it, and with which share (sum 1). */
function sharesOf(length: number, size: number): readonly (readonly (readonly [number, number])[])[] {
  const span = length / size;
  return Array.from({ length: size }, (_, place) => {
    const [from, to] = [place * span, (place + 1) * span];
    const shares: [number, number][] = [];
    for (let pixel = Math.floor(from); pixel < Math.min(length, Math.ceil(to)); pixel++) {
      const share = (Math.min(to, pixel + 1) - Math.max(from, pixel)) / span;
      if (share > 0) shares.push([pixel, share]);
    }
    return shares;
  });
}

/** Writes size × size × channels bytes (channels 1: grey, 3: colour) into `out` from `at` on. */
export function scalePicture(
  { width, height, rgba }: Picture,
  size: number,
  channels: 1 | 3,
  out: Uint8Array,
  at: number,
): void {
  const columns = sharesOf(width, size);
  const rows = sharesOf(height, size);
  const sums = [0, 0, 0];
  rows.forEach((inRow, y) => {
    columns.forEach((inColumn, x) => {
      sums.fill(0);
      for (const [row, down] of inRow) {
        for (const [column, across] of inColumn) {
          const from = 4 * (row * width + column);
          const opacity = (rgba[from + 3] ?? 255) / 255;
          const share = down * across;
          for (let c = 0; c < 3; c++) {
            sums[c] = (sums[c] ?? 0) + share * (opacity * (rgba[from + c] ?? 0) + (1 - opacity) * 255);
          }
        }
      }
      const to = at + (y * size + x) * channels;
      if (channels === 3) for (let c = 0; c < 3; c++) out[to + c] = Math.round(sums[c] ?? 0);
      else out[to] = Math.round(LUMA.reduce((luma, weight, c) => luma + weight * (sums[c] ?? 0), 0));
    });
  });
}
