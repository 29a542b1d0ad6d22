import { expect, test } from 'vitest';
import { encodeQr } from './qr.ts';
import { errorCorrection } from './reed-solomon.ts';

const textOf = (text: string, mask?: number) =>
  encodeQr(text, mask)
    ?.map((row) => row.map((dark) => (dark ? '#' : '.')).join(''))
    .join('\n');

test('a small code is exactly the one that other encoders make', () => {
  // "hi", byte mode, version 1-M, mask 3.
  expect(textOf('hi', 3)).toBe(
    [
      '#######.#####.#######',
      '#.....#.#.##..#.....#',
      '#.###.#...##..#.###.#',
      '#.###.#.##..#.#.###.#',
      '#.###.#..#....#.###.#',
      '#.....#...#...#.....#',
      '#######.#.#.#.#######',
      '........###..........',
      '#.##.###.##...#..#.##',
      '.###.#.#..#.#..#....#',
      '#....####...#####..##',
      '..##...#..#.##.....#.',
      '###.#.#....#.#..#.#.#',
      '........##...#.#..#..',
      '#######.##...##.#.#..',
      '#.....#.#######..#..#',
      '#.###.#..#.#..#..#..#',
      '#.###.#.#....#..#..#.',
      '#.###.#.#..#.#..###..',
      '#.....#...###.#.##..#',
      '#######.##.##..#.#...',
    ].join('\n'),
  );
});

test('check words are those of the standard’s own example', () => {
  // ISO/IEC 18004, annex I: version 1-M, "01234567".
  const data = Uint8Array.of(16, 32, 12, 86, 97, 128, 236, 17, 236, 17, 236, 17, 236, 17, 236, 17);
  expect([...errorCorrection(data, 10)]).toEqual([165, 36, 212, 193, 237, 54, 199, 135, 44, 85]);
});

test('sizes grow with the text up to 213 bytes, and no further', () => {
  expect(encodeQr('x'.repeat(14))).toHaveLength(21);
  expect(encodeQr('x'.repeat(15))).toHaveLength(25);
  expect(encodeQr('x'.repeat(213))).toHaveLength(57);
  expect(encodeQr('x'.repeat(214))).toBeNull();
});

test('the chosen mask is one of the eight', () => {
  const all = Array.from({ length: 8 }, (_, mask) => textOf('http://localhost:8080/#room=abc', mask));
  expect(all).toContain(textOf('http://localhost:8080/#room=abc'));
});
