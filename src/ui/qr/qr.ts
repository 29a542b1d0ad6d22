/**
 * QR codes (ISO/IEC 18004), as much as a link needs: byte mode, error correction level M, versions 1 to
 * 10, which is up to 213 bytes. Pure: text in, a square of dark and light modules out.
 */
import { errorCorrection } from './reed-solomon.ts';

/** Rows of modules; true is dark. No quiet zone. */
export type Modules = readonly (readonly boolean[])[];

/** Error correction codewords in a block, and number of blocks, for versions 1 to 10 at level M. */
const CORRECTION = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5];
/** Centres of the alignment patterns, along each side. */
const ALIGNMENT = [
  [],
  [6, 18],
  [6, 22],
  [6, 26],
  [6, 30],
  [6, 34],
  [6, 22, 38],
  [6, 24, 42],
  [6, 26, 46],
  [6, 28, 50],
];
export const MAX_VERSION = 10;

const MASKS: readonly ((row: number, column: number) => boolean)[] = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
];

/** Codewords, data and correction together, that fit into a version. */
function capacity(version: number): number {
  const side = version * 4 + 17;
  const patterns = ALIGNMENT[version - 1]?.length ?? 0;
  let bits = side * side - 3 * 64 - 31 - 2 * (side - 16);
  if (patterns > 0) bits -= 25 * (patterns * patterns - 3) - 10 * (patterns - 2);
  if (version >= 7) bits -= 36;
  return bits >> 3;
}

function dataCapacity(version: number): number {
  return capacity(version) - (CORRECTION[version - 1] ?? 0) * (BLOCKS[version - 1] ?? 0);
}

/** Mode, length, bytes, terminator and padding. */
function dataWords(bytes: Uint8Array, version: number): Uint8Array {
  const words = new Uint8Array(dataCapacity(version));
  let at = 0;
  const write = (value: number, count: number) => {
    for (let bit = count - 1; bit >= 0; bit -= 1) {
      const index = at >> 3;
      words[index] = (words[index] ?? 0) | (((value >> bit) & 1) << (7 - (at & 7)));
      at += 1;
    }
  };
  write(0b0100, 4);
  write(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) write(byte, 8);
  const used = Math.ceil((at + Math.min(4, words.length * 8 - at)) / 8);
  for (let index = used; index < words.length; index += 1) {
    words[index] = (index - used) % 2 === 0 ? 0xec : 0x11;
  }
  return words;
}

/** Data and correction blocks, interleaved. */
function interleave(data: Uint8Array, version: number): number[] {
  const count = BLOCKS[version - 1] ?? 1;
  const correction = CORRECTION[version - 1] ?? 0;
  const short = Math.floor(data.length / count);
  const longFrom = count - (data.length % count);
  const blocks: Uint8Array[] = [];
  let at = 0;
  for (let block = 0; block < count; block += 1) {
    const length = short + (block >= longFrom ? 1 : 0);
    blocks.push(data.slice(at, at + length));
    at += length;
  }
  const checks = blocks.map((block) => errorCorrection(block, correction));
  const result: number[] = [];
  for (const group of [blocks, checks]) {
    const longest = Math.max(...group.map((block) => block.length));
    for (let index = 0; index < longest; index += 1) {
      for (const block of group) {
        const word = block[index];
        if (word !== undefined) result.push(word);
      }
    }
  }
  return result;
}

/** Remainder of `value` shifted by `degree`, modulo the generator: the BCH check bits. */
function checkBits(value: number, generator: number, degree: number): number {
  let rest = value << degree;
  for (let bit = 31 - Math.clz32(rest); bit >= degree; bit -= 1) {
    if ((rest >> bit) & 1) rest ^= generator << (bit - degree);
  }
  return rest;
}

class Grid {
  readonly side: number;
  readonly dark: boolean[][];
  /** Function patterns, which carry no data and are not masked. */
  readonly fixed: boolean[][];

  constructor(side: number) {
    this.side = side;
    this.dark = Array.from({ length: side }, () => new Array<boolean>(side).fill(false));
    this.fixed = Array.from({ length: side }, () => new Array<boolean>(side).fill(false));
  }

  fix(row: number, column: number, dark: boolean): void {
    const line = this.dark[row];
    const held = this.fixed[row];
    if (line === undefined || held === undefined || column < 0 || column >= this.side) return;
    line[column] = dark;
    held[column] = true;
  }

  /** A square of rings around a centre: finder (reach 4, with its light rim) or alignment (reach 2). */
  rings(row: number, column: number, reach: number, light: readonly number[]): void {
    for (let down = -reach; down <= reach; down += 1) {
      for (let right = -reach; right <= reach; right += 1) {
        const ring = Math.max(Math.abs(down), Math.abs(right));
        this.fix(row + down, column + right, !light.includes(ring));
      }
    }
  }
}

function drawPatterns(grid: Grid, version: number): void {
  const { side } = grid;
  for (let index = 0; index < side; index += 1) {
    grid.fix(6, index, index % 2 === 0);
    grid.fix(index, 6, index % 2 === 0);
  }
  for (const [row, column] of [
    [3, 3],
    [3, side - 4],
    [side - 4, 3],
  ] as const) {
    grid.rings(row, column, 4, [2, 4]);
  }
  const centres = ALIGNMENT[version - 1] ?? [];
  const last = centres.at(-1);
  for (const row of centres) {
    for (const column of centres) {
      const corner = (row === 6 && (column === 6 || column === last)) || (row === last && column === 6);
      if (!corner) grid.rings(row, column, 2, [1]);
    }
  }
  if (version >= 7) {
    const bits = (version << 12) | checkBits(version, 0x1f25, 12);
    for (let index = 0; index < 18; index += 1) {
      const dark = ((bits >> index) & 1) === 1;
      const far = side - 11 + (index % 3);
      const near = Math.floor(index / 3);
      grid.fix(far, near, dark);
      grid.fix(near, far, dark);
    }
  }
}

/** Level M and the mask's number, twice. */
function drawFormat(grid: Grid, mask: number): void {
  const { side } = grid;
  // Level M has the bits 00, so the data is the mask's number alone.
  const bits = ((mask << 10) | checkBits(mask, 0x537, 10)) ^ 0x5412;
  const dark = (index: number) => ((bits >> index) & 1) === 1;
  for (let index = 0; index < 15; index += 1) {
    const along = index < 6 ? index : index < 8 ? index + 1 : side - 15 + index;
    grid.fix(along, 8, dark(index));
    const across = index < 8 ? side - 1 - index : index === 8 ? 7 : 14 - index;
    grid.fix(8, across, dark(index));
  }
  grid.fix(side - 8, 8, true);
}

function drawData(grid: Grid, words: readonly number[]): void {
  let at = 0;
  const { side } = grid;
  for (let right = side - 1; right >= 1; right -= 2) {
    const column = right <= 6 ? right - 1 : right;
    const upward = ((right + 1) & 2) === 0;
    for (let step = 0; step < side; step += 1) {
      const row = upward ? side - 1 - step : step;
      for (const place of [column, column - 1]) {
        const line = grid.dark[row];
        if (line === undefined || grid.fixed[row]?.[place]) continue;
        line[place] = (((words[at >> 3] ?? 0) >> (7 - (at & 7))) & 1) === 1;
        at += 1;
      }
    }
  }
}

function applyMask(grid: Grid, mask: number): void {
  const flips = MASKS[mask];
  grid.dark.forEach((line, row) => {
    line.forEach((dark, column) => {
      if (!grid.fixed[row]?.[column] && flips?.(row, column)) line[column] = !dark;
    });
  });
}

/** The standard's penalties for long runs, blocks and imbalance. Any mask can be read; this picks well. */
function penalty(modules: Modules): number {
  let total = 0;
  let darkCount = 0;
  const side = modules.length;
  for (let first = 0; first < side; first += 1) {
    for (const along of [true, false]) {
      let run = 0;
      let before: boolean | undefined;
      for (let second = 0; second < side; second += 1) {
        const dark = along ? modules[first]?.[second] : modules[second]?.[first];
        run = dark === before ? run + 1 : 1;
        before = dark;
        if (run === 5) total += 3;
        else if (run > 5) total += 1;
        if (along && dark) darkCount += 1;
        const next = modules[first + 1];
        if (along && next && second + 1 < side) {
          const same = dark === modules[first]?.[second + 1] && dark === next[second];
          if (same && dark === next[second + 1]) total += 3;
        }
      }
    }
  }
  const share = (darkCount * 20) / (side * side);
  return total + Math.floor(Math.abs(share - 10)) * 10;
}

/** The modules for one mask (0 to 7), or for the best of them; null if the text is longer than 213 bytes. */
export function encodeQr(text: string, mask?: number): Modules | null {
  const bytes = new TextEncoder().encode(text);
  let version = 1;
  while (version <= MAX_VERSION && bytes.length + (version < 10 ? 2 : 3) > dataCapacity(version))
    version += 1;
  if (version > MAX_VERSION) return null;
  const words = interleave(dataWords(bytes, version), version);
  const draw = (number: number): Modules => {
    const grid = new Grid(version * 4 + 17);
    drawPatterns(grid, version);
    drawFormat(grid, number);
    drawData(grid, words);
    applyMask(grid, number);
    return grid.dark;
  };
  if (mask !== undefined) return draw(mask);
  const candidates = MASKS.map((_, number) => draw(number));
  return candidates.reduce((best, next) => (penalty(next) < penalty(best) ? next : best));
}
