/** IDX pictures: round trips, names of every kind, and files that are not what they seem. */

import fc from 'fast-check';
import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { completeOptions, type OptionValue } from '../base/options.ts';
import { DataError } from './dataset.ts';
import { idx } from './idx.ts';
import { readIdx, writeIdx } from './idx-format.ts';
import { pairsOf } from './idx-pairs.ts';
import { packZip } from './zip.ts';

const values = (length: number, modulus = 251) =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + 3) % modulus);
const pictures = (rows: number, height: number, width: number, channels = 0) =>
  writeIdx({
    dimensions: [rows, height, width, ...(channels > 0 ? [channels] : [])],
    values: values(rows * height * width * Math.max(1, channels)),
  });
const labels = (rows: number, classes: number) =>
  writeIdx({ dimensions: [rows], values: Uint8Array.from({ length: rows }, (_, i) => i % classes) });

/** A data set over these files, completed unless told otherwise. */
async function load(
  files: Readonly<Record<string, Uint8Array>>,
  given: Readonly<Record<string, OptionValue>> = {},
) {
  const archive = await packZip(Object.entries(files).map(([path, bytes]) => ({ path, bytes })));
  return loadBytes(archive, given);
}
async function loadBytes(archive: Uint8Array, given: Readonly<Record<string, OptionValue>> = {}) {
  const fetchBytes = async () => archive;
  const options = completeOptions('dataset', idx.options, { file: 'mine', ...given });
  const complete = (await idx.complete?.(options, fetchBytes)) ?? options;
  return { options: complete, data: await idx.load(complete, fetchBytes, 1) };
}
const complaint = async (files: Readonly<Record<string, Uint8Array>>, given = {}) => {
  const error = await load(files, given).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataError);
  return String(error);
};

describe('the IDX format', () => {
  it('gives back what was written, whatever its shape', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }), (dimensions) => {
        const written = { dimensions, values: values(dimensions.reduce((a, b) => a * b, 1)) };
        expect(readIdx('a', writeIdx(written))).toEqual(written);
      }),
    );
  });

  it('is total: any bytes are an array or a sentence that names the file', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, header) => {
        if (header) bytes.set([0, 0, 8, 1].slice(0, bytes.length));
        try {
          const { dimensions, values: held } = readIdx('odd', bytes);
          expect(held.length).toBe(dimensions.reduce((a, b) => a * b, 1));
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
          expect(String(error)).toMatch(/^DataError: odd[ ,].*\.$/);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [[0, 0, 8], 'ends at byte 3'],
    [[1, 0, 8, 1], 'byte 0'],
    [[0, 9, 8, 1], 'byte 1'],
    [[0, 0, 13, 1], '32-bit floats'],
    [[0, 0, 8, 9], '9 dimensions'],
    [[0, 0, 8, 1, 0, 0], 'ends at byte 6'],
    [[0, 0, 8, 1, 0, 0, 0, 0], 'is none'],
    [[0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255], 'at most'],
    [[0, 0, 8, 1, 0, 0, 0, 2, 7], 'end at byte 10'],
    [[0, 0, 8, 1, 0, 0, 0, 1, 7, 7], 'ends at byte 10'],
  ])('says where %j goes wrong', (bytes, words) => {
    expect(() => readIdx('bad', Uint8Array.from(bytes))).toThrow(words);
  });
});

describe('names of IDX files', () => {
  it.each([
    [
      'train-images-idx3-ubyte.gz',
      'train-labels-idx1-ubyte.gz',
      't10k-images-idx3-ubyte',
      't10k-labels-idx1-ubyte',
    ],
    [
      'a/train-images.idx3-ubyte',
      'a/train-labels.idx1-ubyte',
      'a/t10k-images.idx3-ubyte',
      'a/t10k-labels.idx1-ubyte',
    ],
    [
      'gzip/emnist-letters-train-images-idx3-ubyte.gz',
      'gzip/emnist-letters-train-labels-idx1-ubyte.gz',
      'gzip/emnist-letters-test-images-idx3-ubyte.gz',
      'gzip/emnist-letters-test-labels-idx1-ubyte.gz',
    ],
  ])('pair %s', (images, labelled, testImages, testLabels) => {
    const pair = { images, labels: labelled };
    const test = { images: testImages, labels: testLabels };
    const all = [testLabels, images, 'mapping.txt', labelled, testImages];
    expect(pairsOf('x', all)).toEqual({ train: pair, test });
    expect(pairsOf('x', [images, labelled])).toEqual({ train: pair, test: null });
    expect(pairsOf('x', [testImages, testLabels])).toEqual({ train: test, test: null });
  });

  it('prefer a file to the same one packed, and say what is missing or too much', () => {
    const packed = ['train-images.gz', 'train-images', 'train-labels', 'train-labels.gz'];
    expect(pairsOf('x', packed).train).toEqual({ images: 'train-images', labels: 'train-labels' });
    expect(() => pairsOf('x', ['train-images'])).toThrow('not the labels');
    expect(() => pairsOf('x', ['train-images', 'train-labels', 't10k-labels'])).toThrow('not the pictures');
    expect(() => pairsOf('x', ['emnist-a-train-images', 'emnist-b-train-labels'])).toThrow(
      '2 data sets (emnista, emnistb)',
    );
    expect(() => pairsOf('x', ['readme.txt'])).toThrow('no pair');
  });
});

describe('IDX pictures as a data set', () => {
  it('has test files as its last rows, gzipped or not', async () => {
    const { options, data } = await load({
      'train-images-idx3-ubyte.gz': gzipSync(pictures(9, 5, 4)),
      'train-labels-idx1-ubyte': labels(9, 3),
      't10k-images-idx3-ubyte': pictures(4, 5, 4),
      't10k-labels-idx1-ubyte.gz': gzipSync(labels(4, 2)),
    });
    expect(options).toMatchObject({ height: 5, width: 4, channels: 1, classes: 3, transpose: false });
    expect(idx.refuses?.(options)).toBeNull();
    expect(idx.shape(options)).toEqual({
      width: 20,
      classes: 3,
      image: { height: 5, width: 4, channels: 1 },
    });
    expect(data).toMatchObject({ rows: 13, width: 20, classes: 3, testRows: 4 });
    expect(data.labels).toEqual(Uint8Array.from([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 0, 1]));
    expect(data.features).toEqual(Uint8Array.from([...values(180), ...values(80)]));
  });

  it('splits by itself without test files, reads colour, and turns EMNIST upright', async () => {
    const colour = await load({ 'train-images': pictures(10, 3, 2, 3), 'train-labels': labels(10, 2) });
    expect(idx.shape(colour.options).image).toEqual({ height: 3, width: 2, channels: 3 });
    expect(colour.data.testRows).toBeUndefined();
    expect(idx.testRows(10, colour.options)).toBe(1);
    const turned = await load(
      { 'emnist-images': pictures(1, 2, 3), 'emnist-labels': labels(1, 1) },
      { classes: 2 },
    );
    expect(turned.options).toMatchObject({ transpose: true, height: 3, width: 2 });
    const stored = values(6);
    expect([...turned.data.features]).toEqual([0, 3, 1, 4, 2, 5].map((at) => stored[at]));
  });

  it('names file and place of everything that does not fit', async () => {
    const good = { 'train-images': pictures(6, 4, 4), 'train-labels': labels(6, 3) };
    expect(await complaint({ ...good, 'train-labels': labels(5, 3) })).toMatch(
      /6 rows and train-labels has 5/,
    );
    expect(await complaint({ ...good, 'train-labels': labels(6, 3).subarray(0, 9) })).toMatch(
      /ends at byte 9/,
    );
    expect(await complaint({ 'train-images': labels(6, 3), 'train-labels': labels(6, 3) })).toMatch(
      /3 dimensions/,
    );
    expect(await complaint({ ...good, 'train-labels': pictures(6, 1, 1) })).toMatch(/1 dimension, not 3/);
    expect(
      await complaint({ ...good, 'test-images': pictures(2, 4, 5), 'test-labels': labels(2, 3) }),
    ).toMatch(/test-images has pictures of 4 × 5/);
    const agreed = { height: 4, width: 4, classes: 2 };
    expect(await complaint(good, agreed)).toMatch(/train-labels, row 3: the label is 2/);
    expect(await complaint(good, { ...agreed, classes: 3, height: 5 })).toMatch(
      /pictures of 4 × 4 × 1; the run has 5 × 4 × 1/,
    );
    const cut = gzipSync(pictures(6, 4, 4));
    expect(await complaint({ ...good, 'train-images': cut.subarray(0, cut.length - 9) })).toMatch(
      /damaged or cut short/,
    );
    const single = await loadBytes(pictures(2, 2, 2)).catch(String);
    expect(single).toMatch(/mine is one file/);
  });

  it('unpacks no more than it reads of a gzip that holds gigabytes', async () => {
    const bomb = gzipSync(new Uint8Array(140_000_000), { level: 9 });
    const zipped = zipSync({ 'train-images.gz': bomb, 'train-labels': labels(6, 3) }, { level: 0 });
    expect(await loadBytes(zipped).catch(String)).toMatch(/train-images.gz unpacks to more than/);
  });
});
