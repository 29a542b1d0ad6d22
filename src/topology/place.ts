/**
 * Where workers stand in a picture, for graphs that a circle would hide: on a line, in a grid, in two
 * columns, around a centre. Places are x and y from 0 to 1, y downwards, in the order of positions.
 */
import type { Place } from './topology.ts';

/** `index` of `count` between two ends, 0 to 1; one alone stands in the middle. */
function along(index: number, count: number): number {
  return count <= 1 ? 0.5 : index / (count - 1);
}

/** More than this on one line would be too small to see. */
const LINE = 8;

/** One line, or rows walked to and fro, so that the next is always beside. */
export function line(n: number): readonly Place[] {
  const columns = n <= LINE ? n : Math.ceil(Math.sqrt(n));
  const rows = Math.ceil(n / columns);
  return Array.from({ length: n }, (_, i): Place => {
    const row = Math.floor(i / columns);
    const column = row % 2 === 0 ? i % columns : columns - 1 - (i % columns);
    return [along(column, columns), along(row, rows)];
  });
}

/**
 * A grid of `rows` × `columns`, bent a little, so that an edge from one end of a row (or column) to its
 * other end does not run through what stands between.
 */
export function grid(rows: number, columns: number): readonly Place[] {
  const bend = (count: number, across: number) =>
    count < 3 ? 0 : 0.3 * Math.sqrt(2 / (count - 1)) * (1 - (2 * across - 1) ** 2);
  const [mostDown, mostRight] = [bend(columns, 0.5), bend(rows, 0.5)];
  return Array.from({ length: rows * columns }, (_, i): Place => {
    const x = along(i % columns, columns);
    const y = along(Math.floor(i / columns), rows);
    return [(x + bend(rows, y)) / (1 + mostRight), (y + bend(columns, x)) / (1 + mostDown)];
  });
}

/** Two columns: on the right those for which `right` holds, each from top to bottom in order. */
export function columns(n: number, right: (position: number) => boolean): readonly Place[] {
  const sides: [number[], number[]] = [[], []];
  for (let i = 0; i < n; i++) sides[right(i) ? 1 : 0].push(i);
  return Array.from({ length: n }, (_, i): Place => {
    const side = right(i) ? 1 : 0;
    const column = sides[side];
    return [side, along(column.indexOf(i), column.length)];
  });
}

/** Position 0 in the middle, the others on a circle around it, the first at the top, clockwise. */
export function aroundCentre(n: number): readonly Place[] {
  return Array.from({ length: n }, (_, i): Place => {
    if (i === 0) return [0.5, 0.5];
    const angle = (2 * Math.PI * (i - 1)) / (n - 1) - Math.PI / 2;
    return [0.5 + 0.5 * Math.cos(angle), 0.5 + 0.5 * Math.sin(angle)];
  });
}

/** How far each dimension of a cube is drawn: a square, set off to one side, doubled, doubled again. */
const DIMENSIONS: readonly Place[] = [
  [1, 0],
  [0, 1],
  [0.42, 0.34],
  [1.75, 0.2],
  [0.2, 1.75],
];

/** Corners of a cube of some dimension in parallel projection; null beyond what can be told apart. */
export function cube(dimension: number): readonly Place[] | null {
  const axes = DIMENSIONS.slice(0, dimension);
  if (axes.length < dimension) return null;
  const width = axes.reduce((sum, [x]) => sum + x, 0);
  const height = axes.reduce((sum, [, y]) => sum + y, 0);
  return Array.from({ length: 2 ** dimension }, (_, corner): Place => {
    let [x, y] = [0, 0];
    axes.forEach(([right, down], bit) => {
      if ((corner & (1 << bit)) === 0) return;
      x += right;
      y += down;
    });
    return [width === 0 ? 0.5 : x / width, height === 0 ? 0.5 : y / height];
  });
}
