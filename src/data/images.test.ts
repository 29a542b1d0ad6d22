/** Pictures in class folders: formats, scaling, what is refused. */

import fc from 'fast-check';
import { zipSync } from 'fflate';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { completeOptions, type OptionValue } from '../base/options.ts';
import { DataError } from './dataset.ts';
import { images } from './images.ts';
import { type Picture, type PictureDecoder, readPicture } from './images-picture.ts';
import { scalePicture } from './images-scale.ts';

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const join = (...parts: readonly ArrayLike<number>[]) =>
  Uint8Array.from(parts.flatMap((part) => [...Array.from(part)]));
const pgm = (width: number, height: number, grey: number) =>
  join(ascii(`P5\n# made here\n${width} ${height}\n255\n`), new Uint8Array(width * height).fill(grey));
const ppm = (pixels: readonly number[], width: number) =>
  join(ascii(`P6 ${width} ${pixels.length / 3 / width} 255\n`), pixels);

/** BMP of 24 bits, rows from the bottom. */
function bmp(
  width: number,
  height: number,
  colour: (x: number, y: number) => readonly [number, number, number],
) {
  const stride = 4 * Math.ceil((width * 24) / 32);
  const bytes = new Uint8Array(54 + stride * height);
  const view = new DataView(bytes.buffer);
  bytes.set(ascii('BM'));
  view.setUint32(10, 54, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(28, 24, true);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [r, g, b] = colour(x, y);
      bytes.set([b, g, r], 54 + stride * (height - 1 - y) + 3 * x);
    }
  }
  return bytes;
}
const png = (width: number, height: number, rgba: readonly number[]) =>
  new Uint8Array(PNG.sync.write({ width, height, data: Buffer.from(rgba) }));
const decoder: PictureDecoder = {
  formats: ['png'],
  async decode(bytes) {
    const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
    return { width, height, rgba: data };
  },
};

const scaled = (picture: Picture, size: number, channels: 1 | 3) => {
  const out = new Uint8Array(size * size * channels);
  scalePicture(picture, size, channels, out, 0);
  return [...out];
};
const complaint = async (work: Promise<unknown>) => {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataError);
  return String(error);
};
async function load(
  files: Readonly<Record<string, Uint8Array>>,
  given: Readonly<Record<string, OptionValue>> = {},
) {
  const fetchBytes = async () => zipSync(files);
  const options = completeOptions('dataset', images.options, { file: 'mine', size: 4, ...given });
  const complete = (await images.complete?.(options, fetchBytes)) ?? options;
  return { options: complete, data: await images.load(complete, fetchBytes, 1, decoder) };
}

describe('one picture', () => {
  it('is read from every format, the right way up and in the right colours', async () => {
    const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7];
    const rgba = [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 9, 8, 7, 255];
    const at = (x: number, y: number): [number, number, number] => {
      const from = 3 * (2 * y + x);
      return [colours[from] ?? 0, colours[from + 1] ?? 0, colours[from + 2] ?? 0];
    };
    for (const bytes of [ppm(colours, 2), bmp(2, 2, at), png(2, 2, rgba)]) {
      const picture = await readPicture('a', bytes, decoder);
      expect([picture.width, picture.height, ...picture.rgba]).toEqual([2, 2, ...rgba]);
    }
    const grey = await readPicture('a', pgm(3, 1, 7), null);
    expect([...grey.rgba]).toEqual([7, 7, 7, 255, 7, 7, 7, 255, 7, 7, 7, 255]);
  });

  it('is refused with its name and the reason', async () => {
    const read = (bytes: Uint8Array, by: PictureDecoder | null = decoder) =>
      complaint(readPicture('p.png', bytes, by));
    expect(await read(ascii('<!doctype html>'))).toMatch(/p\.png, byte 0/);
    expect(await read(new Uint8Array())).toMatch(/byte 0/);
    expect(await read(pgm(4, 4, 0).subarray(0, 30))).toMatch(/ends at byte 30/);
    expect(await read(ascii('P5 100000 100000 255\n'))).toMatch(/at most 33554432/);
    expect(await read(ascii('P5 2 2 65535\n'))).toMatch(/up to 65535/);
    expect(await read(bmp(2, 2, () => [0, 0, 0]).subarray(0, 60))).toMatch(/ends at byte 60/);
    expect(await read(bmp(2, 2, () => [0, 0, 0]).subarray(0, 20))).toMatch(/before it says its size/);
    const sound = png(2, 2, new Array(16).fill(9));
    expect(await read(sound.subarray(0, 40))).toMatch(/damaged/);
    const huge = sound.slice();
    new DataView(huge.buffer).setUint32(16, 60_000);
    new DataView(huge.buffer).setUint32(20, 60_000);
    expect(await read(huge)).toMatch(/60000 × 60000 pixels/);
    expect(await read(sound, null)).toMatch(/PNG, which is read in a browser only/);
    // The frame header of a JPEG: 2 × 3 pixels, after a comment.
    const jpeg = [0xff, 0xd8, 0xff, 0xfe, 0, 4, 1, 2, 0xff, 0xc0, 0, 17, 8, 0, 3, 0, 2, 3, 0, 0];
    expect(await read(Uint8Array.from(jpeg))).toMatch(/JPEG, which is read in a browser only/);
    expect(await read(Uint8Array.from(jpeg.slice(0, 8)))).toMatch(/before it says its size/);
  });

  it('is total over damaged files', async () => {
    const sound = [png(3, 2, new Array(24).fill(99)), pgm(3, 2, 5), bmp(3, 2, () => [1, 2, 3])];
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.nat(), fc.nat(255), fc.nat(), async (which, at, value, cut) => {
        const bytes = (sound[which] ?? new Uint8Array()).slice();
        bytes[at % bytes.length] = value;
        const picture = await readPicture('p', bytes.subarray(0, 1 + (cut % bytes.length)), decoder).catch(
          (error: unknown) => {
            expect(error).toBeInstanceOf(DataError);
            return null;
          },
        );
        if (picture !== null) expect(picture.rgba.length).toBe(4 * picture.width * picture.height);
      }),
      { numRuns: 300 },
    );
  });
});

describe('scaling', () => {
  it('keeps one colour as it is, at any size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(255),
        (width, height, size, value) => {
          const rgba = new Uint8Array(4 * width * height)
            .fill(value)
            .map((each, at) => (at % 4 === 3 ? 255 : each));
          expect(new Set(scaled({ width, height, rgba }, size, 3))).toEqual(new Set([value]));
          expect(new Set(scaled({ width, height, rgba }, size, 1))).toEqual(new Set([value]));
        },
      ),
    );
  });

  it('averages areas, weighs colours by luma, and puts paper behind what is transparent', () => {
    const grey = (...values: number[]) =>
      Uint8Array.from(values.flatMap((value) => [value, value, value, 255]));
    expect(scaled({ width: 4, height: 2, rgba: grey(0, 100, 0, 0, 100, 200, 0, 8) }, 2, 1)).toEqual([
      50, 0, 150, 4,
    ]);
    expect(scaled({ width: 3, height: 1, rgba: grey(0, 90, 180) }, 2, 1)).toEqual([30, 150, 30, 150]);
    expect(scaled({ width: 1, height: 1, rgba: Uint8Array.from([255, 0, 0, 255]) }, 1, 1)).toEqual([76]);
    expect(scaled({ width: 1, height: 1, rgba: Uint8Array.from([0, 0, 0, 0]) }, 1, 3)).toEqual([
      255, 255, 255,
    ]);
  });
});

describe('pictures in folders', () => {
  const files = {
    'pets/dog/1.pgm': pgm(4, 4, 10),
    'pets/cat/1.png': png(1, 1, [20, 20, 20, 255]),
    'pets/cat/2.pgm': pgm(8, 2, 30),
    'pets/readme.txt': ascii('hello'),
  };

  it('take their classes from the folders', async () => {
    const { options, data } = await load(files);
    expect(options.classes).toBe('cat,dog');
    expect(images.shape(options)).toEqual({
      width: 16,
      classes: 2,
      image: { height: 4, width: 4, channels: 1 },
    });
    expect([...data.labels]).toEqual([0, 0, 1]);
    expect([0, 16, 32].map((at) => data.features[at])).toEqual([20, 30, 10]);
    expect(data.testRows).toBeUndefined();
    const colour = await load(files, { colour: 'colour' });
    expect(colour.data.features.length).toBe(3 * 48);
  });

  it('have their test pictures last', async () => {
    const { data } = await load({
      'test/dog/1.pgm': pgm(4, 4, 1),
      'train/dog/1.pgm': pgm(4, 4, 2),
      'train/cat/1.pgm': pgm(4, 4, 3),
    });
    expect(data.testRows).toBe(1);
    expect([...data.labels]).toEqual([0, 1, 1]);
    expect(data.features[32]).toBe(1);
  });

  it('say what is wrong with them', async () => {
    expect(await complaint(load({ 'cat/1.pgm': pgm(1, 1, 1) }))).toMatch(/one folder only/);
    expect(await complaint(load({ '1.pgm': pgm(1, 1, 1) }))).toMatch(/in no folder/);
    expect(await complaint(load({ 'readme.txt': ascii('x') }))).toMatch(/no pictures/);
    expect(
      await complaint(load({ ...files, 'pets/owl/1.pgm': pgm(1, 1, 1) }, { classes: 'cat,dog' })),
    ).toMatch(/owl.*no class of the run/);
    expect(await complaint(load({ ...files, 'pets/cat/3.png': ascii('GIF89a') }))).toMatch(
      /mine: pets\/cat\/3\.png, byte 0/,
    );
    const one = { file: 'mine', size: 4, classes: 'a,b' };
    const options = completeOptions('dataset', images.options, one);
    expect(await complaint(images.load(options, async () => pgm(1, 1, 1), 1))).toMatch(
      /no folder and no zip/,
    );
  });
});
