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
/** Discs that stand in another pattern than a circle come near one another by this part of their gap. */
const APPROACH = 0.3;

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Where the discs of a flock are at home, and how much room they have. */
export interface Arrangement {
  /** Home of every position. */
  readonly homes: readonly Spot[];
  /** Where exact agreement stands, as a part of the way from the centre to a home. */
  readonly agreement: number;
  /** Radius of the discs. */
  readonly radius: number;
  /** For every position, the direction in which its label stands. */
  readonly labels: readonly Spot[];
}

/** Home of position `index` of `count` on the circle, the first at the top, clockwise. */
export function home(index: number, count: number): Spot {
  // A ring of one sits in the middle; two face each other across the wider side.
  if (count <= 1) return { ...CENTRE };
  const turn = index / count + (count === 2 ? -0.25 : 0);
  const angle = turn * 2 * Math.PI - Math.PI / 2;
  return { x: CENTRE.x + HOME_RADIUS * Math.cos(angle), y: CENTRE.y + HOME_RADIUS * Math.sin(angle) };
}

/** Everybody on the circle. */
export function circle(count: number): Arrangement {
  const homes = Array.from({ length: count }, (_, index) => home(index, count));
  return { homes, agreement: AGREEMENT, radius: discRadius(count), labels: homes.map(outward) };
}

/** A pattern of a topology's own, its square laid into the circle's; see `Place`. */
export function pattern(places: readonly (readonly [number, number])[]): Arrangement {
  const homes = places.map(([x, y]) => ({
    x: CENTRE.x + (2 * x - 1) * HOME_RADIUS,
    y: CENTRE.y + (2 * y - 1) * HOME_RADIUS,
  }));
  const gap = homes.reduce(
    (least, here, index) =>
      homes.slice(0, index).reduce((near, there) => Math.min(near, apart(here, there)), least),
    2 * HOME_RADIUS,
  );
  const farthest = homes.reduce((most, here) => Math.max(most, apart(here, CENTRE)), 1);
  // Nobody moves further than this part of the gap, or a disc could come to stand on another.
  const agreement = Math.max(AGREEMENT, 1 - (APPROACH * gap) / farthest);
  const radius = clamp(0.45 * (1 - APPROACH) * gap);
  return { homes, agreement, radius, labels: homes.map((here) => labelled(here, homes)) };
}

/** Homes below a pattern, side by side. */
export function rowBelow(count: number): Spot[] {
  return Array.from({ length: count }, (_, index) => ({
    x: CENTRE.x + ((2 * (index + 1)) / (count + 1) - 1) * HOME_RADIUS,
    y: HEIGHT - 30,
  }));
}

function apart(a: Spot, b: Spot): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** Room that a label beside its disc takes. */
const LABEL = { width: 190, height: 50 } as const;

/** Outward, or below where a label to the side would lie over another disc. */
function labelled(here: Spot, homes: readonly Spot[]): Spot {
  const out = outward(here);
  const taken = homes.some(
    ({ x, y }) =>
      Math.abs(y - here.y) < LABEL.height && (x - here.x) * out.x > 0 && Math.abs(x - here.x) < LABEL.width,
  );
  return Math.abs(out.x) > 0.3 && taken ? { x: 0, y: 1 } : out;
}

/** The same label above or below its disc, where there is no room at the sides. */
export function upright({ y }: Spot): Spot {
  return { x: 0, y: y < -0.3 ? -1 : 1 };
}

/**
 * Where a disc stands: at home when its distance to the average model is the largest of the run (or not
 * known), and nearer the centre in proportion to agreement.
 */
export function spot(there: Spot, distance: number | null, farthest: number, agreement = AGREEMENT): Spot {
  if (distance === null || !(farthest > 0)) return there;
  const part = agreement + (1 - agreement) * Math.min(1, Math.max(0, distance / farthest));
  return { x: CENTRE.x + (there.x - CENTRE.x) * part, y: CENTRE.y + (there.y - CENTRE.y) * part };
}

/** Radius of discs on the circle: as large as leaves room between neighbours standing at agreement. */
export function discRadius(count: number): number {
  return clamp(((2 * Math.PI * HOME_RADIUS * AGREEMENT) / Math.max(1, count)) * 0.36);
}

function clamp(radius: number): number {
  return Math.max(7, Math.min(48, radius));
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

/** Corners of an arrow head of a line's width that points from `from` and ends at `to`. */
export function arrowHead(from: Spot, to: Spot, width: number): readonly [Spot, Spot, Spot] {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const size = Math.min(6 + 1.5 * width, length / 2);
  const [dx, dy] = [((to.x - from.x) / length) * size, ((to.y - from.y) / length) * size];
  const foot = { x: to.x - dx, y: to.y - dy };
  return [to, { x: foot.x - dy / 2, y: foot.y + dx / 2 }, { x: foot.x + dy / 2, y: foot.y - dx / 2 }];
}
