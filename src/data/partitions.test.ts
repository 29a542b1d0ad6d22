/** One contract suite over every partitioner of the registry, and what each promises beyond it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeOptions, OptionError, type Options } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import type { PartitionEntry } from './dataset.ts';
import { dirichlet, dirichletDraw } from './dirichlet.ts';
import { labelHeterogeneity } from './heterogeneity.ts';
import { iid } from './iid.ts';
import { PARTITIONS } from './index.ts';
import { parsePartition, partitionText } from './partition-text.ts';
import { shards } from './shards.ts';
import { splitRows } from './split.ts';

/** Ten classes of unequal size, in shuffled rows, as the real data has them. */
function labelled(rows: number, seed = 1): { train: Uint32Array; labels: Uint8Array } {
  const stream = randomStream(seed, PURPOSE.simulation, 0, 0);
  const labels = Uint8Array.from({ length: rows }, () => Math.min(stream.integer(10), stream.integer(12)));
  return { train: splitRows(rows, Math.floor(rows / 5), seed).train, labels };
}
const sorted = (parts: readonly Uint32Array[]) => Uint32Array.from(parts.flatMap((part) => [...part])).sort();
const plain = (parts: readonly Uint32Array[]) => parts.map((part) => [...part]);
const withOptions = (entry: PartitionEntry, given: Record<string, number> = {}): Options =>
  completeOptions(entry.id, entry.options, given);

describe.each(PARTITIONS.map((entry) => [entry.id, entry] as const))('partition %s', (_id, entry) => {
  it('deals every row to exactly one seat, for any sizes and seeds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 600 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        (rows, seats, seed) => {
          const { train, labels } = labelled(rows);
          const before = [...train];
          const parts = entry.deal(train, labels, seats, seed, withOptions(entry));
          expect(parts).toHaveLength(seats);
          expect(sorted(parts)).toEqual(train.slice().sort());
          expect([...train]).toEqual(before);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('depends on the seed and on nothing else', () => {
    const { train, labels } = labelled(1000);
    const deal = (seed: number) => plain(entry.deal(train, labels, 7, seed, withOptions(entry)));
    expect(deal(5)).toEqual(deal(5));
    expect(deal(5)).not.toEqual(deal(6));
  });
});

describe('iid', () => {
  it('gives sizes that differ by at most one, and nearly the same mix to all', () => {
    const { train, labels } = labelled(10_000);
    const parts = iid.deal(train, labels, 7, 1, {});
    const sizes = parts.map((part) => part.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    expect(labelHeterogeneity(parts, labels, 10)).toBeLessThan(0.06);
  });
});

describe('shards', () => {
  it.each([1, 2, 5, 10])(
    'gives %i pieces of nearly equal size, so at most as many classes and borders',
    (c) => {
      const { train, labels } = labelled(10_000);
      for (const seats of [2, 3, 8, 20]) {
        const parts = shards.deal(train, labels, seats, 3, withOptions(shards, { labels: c }));
        const sizes = parts.map((part) => part.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(c);
        // seats·c pieces have at most 9 borders between classes inside them, all in all.
        const extra = parts.map((part) => new Set([...part].map((row) => labels[row])).size - c);
        expect(extra.reduce((sum, more) => sum + Math.max(0, more), 0)).toBeLessThanOrEqual(9);
      }
    },
  );

  it('is far from iid with two labels each', () => {
    const { train, labels } = labelled(10_000);
    const parts = shards.deal(train, labels, 8, 3, withOptions(shards));
    expect(labelHeterogeneity(parts, labels, 10)).toBeGreaterThan(0.5);
  });
});

describe('dirichlet', () => {
  const { train, labels } = labelled(10_000);
  const dealt = (alpha: number, seats = 8, seed = 1) =>
    dirichlet.deal(train, labels, seats, seed, withOptions(dirichlet, { alpha }));

  it('is nearly iid for a large α and ever more different for smaller ones', () => {
    const at = (alpha: number) =>
      [1, 2, 3, 4].reduce((sum, seed) => sum + labelHeterogeneity(dealt(alpha, 8, seed), labels, 10), 0) / 4;
    const [large, middle, small] = [at(1000), at(1), at(0.05)];
    expect(large).toBeLessThan(0.03);
    expect(middle).toBeGreaterThan(5 * large);
    expect(small).toBeGreaterThan(middle + 0.2);
  });

  it('leaves nobody with less than ten rows, whatever α', () => {
    for (const alpha of [0.01, 0.1, 1]) {
      for (const seats of [2, 16, 64]) {
        const sizes = dealt(alpha, seats).map((part) => part.length);
        expect(Math.min(...sizes)).toBeGreaterThanOrEqual(10);
      }
    }
  });

  it('draws proportions with the mean 1/n and the variance of the distribution', () => {
    for (const alpha of [0.02, 0.3, 1, 4]) {
      const n = 5;
      const stream = randomStream(9, PURPOSE.simulation, 0, 0);
      const draws = Array.from({ length: 20_000 }, () => dirichletDraw(stream, alpha, n));
      for (const draw of draws.slice(0, 200)) {
        expect(draw.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      }
      const first = draws.map((draw) => draw[0] ?? Number.NaN);
      const mean = first.reduce((a, b) => a + b, 0) / first.length;
      const variance = first.reduce((a, b) => a + (b - mean) ** 2, 0) / first.length;
      const expected = ((1 / n) * (1 - 1 / n)) / (n * alpha + 1);
      expect(Math.abs(mean - 1 / n)).toBeLessThan(5 * Math.sqrt(expected / first.length));
      expect(variance / expected).toBeGreaterThan(0.93);
      expect(variance / expected).toBeLessThan(1.07);
    }
  });
});

describe('label heterogeneity', () => {
  it('is 0 for equal mixes, 1/2 for two workers with classes of their own', () => {
    const labels = Uint8Array.from([0, 1, 0, 1]);
    expect(labelHeterogeneity([Uint32Array.of(0, 1), Uint32Array.of(2, 3)], labels, 2)).toBe(0);
    expect(labelHeterogeneity([Uint32Array.of(0, 2), Uint32Array.of(1, 3)], labels, 2)).toBe(0.5);
    expect(labelHeterogeneity([new Uint32Array(0)], labels, 2)).toBe(0);
  });
});

describe('a partition in one word', () => {
  it.each([
    ['iid', 'iid', {}],
    ['shards', 'shards', { labels: 2 }],
    ['shards:3', 'shards', { labels: 3 }],
    ['dirichlet:0.05', 'dirichlet', { alpha: 0.05 }],
    ['dirichlet', 'dirichlet', { alpha: 0.3 }],
  ])('reads %s', (text, id, options) => {
    const choice = parsePartition(text);
    expect(choice).toEqual({ id, options });
    expect(parsePartition(partitionText(choice))).toEqual(choice);
  });

  it('writes what it reads', () => {
    expect(['iid', 'shards:2', 'dirichlet:0.3'].map((text) => partitionText(parsePartition(text)))).toEqual([
      'iid',
      'shards:2',
      'dirichlet:0.3',
    ]);
  });

  it.each([
    ['', 'There is no partition ""; there are iid, shards, dirichlet.'],
    ['sharts:2', 'There is no partition "sharts"; there are iid, shards, dirichlet.'],
    ['iid:2', 'partition: iid takes no value; write just "iid".'],
    ['shards:', 'partition.labels: "" is not allowed; it must be a whole number from 1 to 10.'],
    ['shards:2.5', 'partition.labels: "2.5" is not allowed; it must be a whole number from 1 to 10.'],
    ['dirichlet:-1', 'partition.alpha: "-1" is not allowed; it must be a number from 0.01 to 1000.'],
    ['dirichlet:0.1:2', 'partition.alpha: "0.1:2" is not allowed; it must be a number from 0.01 to 1000.'],
  ])('refuses %j in one line', (text, message) => {
    expect(() => parsePartition(text)).toThrow(new OptionError(message));
  });
});
