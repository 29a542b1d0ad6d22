/**
 * From a picture of any size to the small one that a model sees, the way MNIST was made (LeCun, Cortes and
 * Burges, "The MNIST database of handwritten digits"): what is written is scaled, keeping its proportions,
 * into 20 × 20 of 28 × 28 pixels, averaging as it shrinks, and shifted by whole pixels so that its centre
 * of mass is the centre of the picture (or as near as the paper allows). For other sizes the same with the same share. Pure.
 */

/** Grey pixels, row-major, 0 (paper) to 1 (ink). */
export interface Ink {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
}

/** Share of the picture that the writing may take. */
const SHARE = 20 / 28;
/** Fainter than this is paper. */
const FAINT = 0.02;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The smallest box around all ink, or null for blank paper. */
export function boundsOf({ width, height, pixels }: Ink): Box | null {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if ((pixels[y * width + x] ?? 0) <= FAINT) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** How much of each source pixel from `start` on a target pixel of length `scale` covers, along one axis. */
function cover(start: number, end: number): { at: number; share: number }[] {
  const parts: { at: number; share: number }[] = [];
  for (let at = Math.floor(start); at < end; at += 1) {
    const share = Math.min(at + 1, end) - Math.max(at, start);
    if (share > 1e-9) parts.push({ at, share });
  }
  return parts;
}

/** A part of a picture at another size: every pixel is the mean of what it covers. */
export function resample(ink: Ink, box: Box, width: number, height: number): Ink {
  const [sx, sy] = [box.width / width, box.height / height];
  const pixels = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const rows = cover(box.top + y * sy, box.top + (y + 1) * sy);
    for (let x = 0; x < width; x += 1) {
      let sum = 0;
      for (const column of cover(box.left + x * sx, box.left + (x + 1) * sx)) {
        for (const row of rows) {
          sum += (ink.pixels[row.at * ink.width + column.at] ?? 0) * row.share * column.share;
        }
      }
      pixels[y * width + x] = sum / (sx * sy);
    }
  }
  return { width, height, pixels };
}

/** Where the ink's centre of mass is, with the centre of the first pixel at 0; null for blank paper. */
export function centreOfMass({ width, height, pixels }: Ink): { x: number; y: number } | null {
  let [mass, x, y] = [0, 0, 0];
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const ink = pixels[row * width + column] ?? 0;
      mass += ink;
      x += ink * column;
      y += ink * row;
    }
  }
  return mass === 0 ? null : { x: x / mass, y: y / mass };
}

/** `ink` on paper of another size, its top left corner at (left, top); what is outside is cut off. */
export function place(ink: Ink, width: number, height: number, left: number, top: number): Ink {
  const pixels = new Float32Array(width * height);
  for (let y = 0; y < ink.height; y += 1) {
    for (let x = 0; x < ink.width; x += 1) {
      const [toX, toY] = [x + left, y + top];
      if (toX < 0 || toX >= width || toY < 0 || toY >= height) continue;
      pixels[toY * width + toX] = ink.pixels[y * ink.width + x] ?? 0;
    }
  }
  return { width, height, pixels };
}

/** What was written, as the training set shows it; blank for blank paper. */
export function asTrained(ink: Ink, width: number, height: number): Ink {
  const box = boundsOf(ink);
  if (box === null) return place(ink, width, height, width, height);
  const room = SHARE * Math.min(width, height);
  const scale = room / Math.max(box.width, box.height);
  const small = resample(
    ink,
    box,
    Math.max(1, Math.round(box.width * scale)),
    Math.max(1, Math.round(box.height * scale)),
  );
  const centre = centreOfMass(small) ?? { x: 0, y: 0 };
  // What is heavy on one side stops at the edge of the paper: nothing of it is cut off.
  const within = (at: number, most: number) => Math.max(0, Math.min(most, Math.round(at)));
  const left = within((width - 1) / 2 - centre.x, width - small.width);
  const top = within((height - 1) / 2 - centre.y, height - small.height);
  return place(small, width, height, left, top);
}

/** A whole picture, fitted in the middle with its proportions kept: for pictures that are no writing. */
export function fitted(ink: Ink, width: number, height: number): Ink {
  const scale = Math.min(width / ink.width, height / ink.height);
  const [w, h] = [Math.max(1, Math.round(ink.width * scale)), Math.max(1, Math.round(ink.height * scale))];
  const whole = { left: 0, top: 0, width: ink.width, height: ink.height };
  return place(resample(ink, whole, w, h), width, height, (width - w) >> 1, (height - h) >> 1);
}

/** Dark writing on light paper turned around: light paper is told by the picture's edge. */
export function inked(grey: Ink): Ink {
  const { width, height, pixels } = grey;
  let [edge, count] = [0, 0];
  for (let y = 0; y < height; y += 1) {
    const step = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1);
    for (let x = 0; x < width; x += step) {
      edge += pixels[y * width + x] ?? 0;
      count += 1;
    }
  }
  const paper = edge / Math.max(1, count);
  return paper > 0.5 ? { width, height, pixels: pixels.map((value) => 1 - value) } : grey;
}
