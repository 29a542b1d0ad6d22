/**
 * Where things stand in the picture of the flock. Every length here is a measured quantity: the distance
 * of a disc from its home says how far that worker is from the average model, a line's width says bytes a
 * second. Pure numbers in the picture's own units; drawing is in `flock.tsx`.
 */

/** Size of the picture, in its own units: wider than high, for the names at its sides. */
export const WIDTH = 820;
export const HEIGHT = 680;
const CENTRE = { x: WIDTH / 2, y: HEIGHT / 2 } as const;
/** Homes lie on this circle. */
export const HOME_RADIUS = 240;
/** A worker that agrees exactly stands at this part of the way from the centre to its home. */
const AGREEMENT = 0.6;

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Home of position `index` of `count` on the circle, the first at the top, clockwise. */
export function home(index: number, count: number, radius = HOME_RADIUS): Spot {
  // A ring of one sits in the middle; two face each other across the wider side.
  if (count <= 1) return { ...CENTRE };
  const turn = index / count + (count === 2 ? -0.25 : 0);
  const angle = turn * 2 * Math.PI - Math.PI / 2;
  return { x: CENTRE.x + radius * Math.cos(angle), y: CENTRE.y + radius * Math.sin(angle) };
}

/**
 * Where a disc stands: at home when its distance to the average model is the largest of the run (or not
 * known), and nearer the centre in proportion to agreement.
 */
export function spot(index: number, count: number, distance: number | null, farthest: number): Spot {
  const there = home(index, count);
  if (distance === null || !(farthest > 0)) return there;
  const apart = Math.min(1, Math.max(0, distance / farthest));
  const part = AGREEMENT + (1 - AGREEMENT) * apart;
  return { x: CENTRE.x + (there.x - CENTRE.x) * part, y: CENTRE.y + (there.y - CENTRE.y) * part };
}

/** Radius of the discs: as large as leaves room between neighbours standing at agreement. */
export function discRadius(count: number): number {
  const between = (2 * Math.PI * HOME_RADIUS * AGREEMENT) / Math.max(1, count);
  return Math.max(7, Math.min(48, between * 0.36));
}

/** Width of an edge in picture units: 1.2 when idle, then a step for every tenfold of bytes a second. */
export function edgeWidth(bytesPerSecond: number): number {
  if (!(bytesPerSecond > 0)) return 1.2;
  return 1.2 + 1.9 * Math.log10(1 + bytesPerSecond / 300);
}

/** Losses at the two ends of the colour scale, in nats. Beyond them the colour stays. */
export const LOSS_SCALE = { high: 3, low: 0.03 } as const;

/** Place of a loss on the one sequential scale: 0 is untrained (high), 1 is trained (low). Logarithmic. */
export function learned(loss: number): number {
  const { high, low } = LOSS_SCALE;
  const place = Math.log(high / Math.max(loss, Number.MIN_VALUE)) / Math.log(high / low);
  return Math.min(1, Math.max(0, place));
}

/** The line between two discs, from rim to rim. */
export function between(from: Spot, to: Spot, radius: number): { from: Spot; to: Spot } {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length <= 2 * radius) return { from, to };
  const step = { x: ((to.x - from.x) * radius) / length, y: ((to.y - from.y) * radius) / length };
  return { from: { x: from.x + step.x, y: from.y + step.y }, to: { x: to.x - step.x, y: to.y - step.y } };
}

/** Direction from the centre through a spot, for labels that stand outside their disc. */
export function outward(there: Spot): Spot {
  const length = Math.hypot(there.x - CENTRE.x, there.y - CENTRE.y);
  if (length < 1) return { x: 0, y: 1 };
  return { x: (there.x - CENTRE.x) / length, y: (there.y - CENTRE.y) / length };
}
