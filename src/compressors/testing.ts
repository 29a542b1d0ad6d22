/**
 * What the tests of compressors share: layouts and vectors to compress, keys of messages, and comparisons
 * by bits that say where two results part. Not part of the lab.
 */
import { randomStream } from '../math/random.ts';
import { packLayout } from '../models/layout.ts';
import type { Layout } from '../models/model.ts';
import type { MessageKey } from './compressor.ts';

/** Lengths around words and blocks, as tensors of a model. */
export const LAYOUTS: readonly Layout[] = [
  packLayout([['a', [1]]]),
  packLayout([
    ['a', [3, 7]],
    ['b', [10]],
  ]),
  packLayout([
    ['a', [4, 8]],
    ['b', [1]],
  ]),
  packLayout([
    ['a', [64, 64]],
    ['b', [1]],
  ]),
  packLayout([
    ['a', [97, 101]],
    ['b', [97]],
    ['c', [5, 97]],
    ['d', [5]],
  ]),
];

/** Where a message takes milliseconds: a few lengths, and the vectors that kernels get wrong, if any. */
export const FEWER_LAYOUTS: readonly Layout[] = LAYOUTS.filter((_, at) => at % 2 === 0);
const FEWER_SAMPLES: readonly string[] = ['normal', 'heavy-tailed', 'mostly zero', 'tied'];

export const SEED = 19_780_321;

export const KEY: MessageKey = { seed: 11, round: 3, seat: 2, tag: 5 };

/** Keys that part from `KEY` in one place each. */
export const OTHER_KEYS: readonly MessageKey[] = [
  { ...KEY, seed: 12 },
  { ...KEY, seed: KEY.seed + 2 ** 32 },
  { ...KEY, round: 4 },
  { ...KEY, seat: 3 },
  { ...KEY, tag: 6 },
];

const made = new Map<number, ReadonlyMap<string, Float32Array>>();

/** Vectors that algorithms produce, and some they should not: heavy tails, zeros, ties, tiny and huge. */
export function samples(length: number): ReadonlyMap<string, Float32Array> {
  const known = made.get(length) ?? makeSamples(length);
  made.set(length, known);
  return new Map([...known].map(([name, values]) => [name, values.slice()]));
}

function makeSamples(length: number): ReadonlyMap<string, Float32Array> {
  const stream = randomStream(SEED, 0, 0, length);
  const make = (value: (k: number) => number) => Float32Array.from({ length }, (_, k) => value(k));
  return new Map([
    ['normal', make(() => stream.normal())],
    ['heavy-tailed', make(() => stream.normal() ** 9)],
    [
      'mostly zero',
      make(() => (stream.integer(10) === 0 ? stream.normal() : stream.integer(2) === 0 ? 0 : -0)),
    ],
    ['tied', make(() => stream.integer(3) - 1)],
    ['one large', make((k) => (k === length >> 1 ? 10 : 0.01))],
    ['of order 1e-15', make(() => 1e-15 * stream.normal())],
    ['of order 1e15', make(() => 1e15 * stream.normal())],
    ['negative', make(() => -Math.abs(stream.normal()))],
  ]);
}

export function fewerSamples(length: number): ReadonlyMap<string, Float32Array> {
  return new Map([...samples(length)].filter(([name]) => FEWER_SAMPLES.includes(name)));
}

export function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** The first place where bytes differ, in words; null if none. (A diff of 10,000 numbers helps nobody.) */
export function byteDifference(found: Uint8Array, expected: Uint8Array): string | null {
  if (found.length !== expected.length) return `${found.length} bytes instead of ${expected.length}`;
  const k = found.findIndex((byte, place) => byte !== expected[place]);
  return k < 0 ? null : `byte ${k}: ${found[k]} instead of ${expected[k]}`;
}

/** The first coordinate where the bits differ, in words; null if none. */
export function difference(found: Float32Array, expected: Float32Array): string | null {
  const [a, b] = [bitsOf(found), bitsOf(expected)];
  const k = a.findIndex((bits, place) => bits !== b[place]);
  return k < 0 ? null : `coordinate ${k}: ${found[k]} instead of ${expected[k]}`;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function squaredDistance(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, value, k) => total + (value - (b[k] ?? Number.NaN)) ** 2, 0);
}
