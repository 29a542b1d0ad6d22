/** One contract suite over every partitioner of the registry, and what each promises beyond it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeOptions, OptionError, type Options } from '../base/options.ts';
import { PURPOSE, randomStream } from '../math/random.ts';
import { contiguous } from './contiguous.ts';
import type { PartitionEntry } from './dataset.ts';
import { dirichlet, dirichletDraw } from './dirichlet.ts';
import { dirichletEqual } from './dirichlet-equal.ts';
import { labelHeterogeneity } from './heterogeneity.ts';
import { iid } from './iid.ts';
import { PARTITIONS } from './index.ts';
import { parsePartition, partitionText } from './partition-text.ts';
import { quantity } from './quantity.ts';
import { shards } from './shards.ts';
import { sorted as byLabel } from './sorted.ts';
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
    if (entry.fixed) expect(deal(5)).toEqual(deal(6));
    else expect(deal(5)).not.toEqual(deal(6));
  });

  it('deals rows with numbers to predict, or refuses them with what to choose instead', () => {
    const { train } = labelled(300);
    const stream = randomStream(3, PURPOSE.simulation, 0, 0);
    const numbers = Float32Array.from({ length: 300 }, () => stream.normal());
    const refusal = entry.refuses?.({ width: 2, classes: 0 }) ?? null;
    if (refusal === null) {
      const parts = entry.deal(train, numbers, 7, 1, withOptions(entry));
      expect(sorted(parts)).toEqual(train.slice().sort());
    } else {
      expect(refusal).toMatch(/^The partition .* deals by class.* Choose /);
    }
    expect(entry.refuses?.({ width: 2, classes: 3 }) ?? null).toBe(null);
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

describe('contiguous', () => {
  it('gives the i-th block of the file’s order, the larger blocks first', () => {
    const rows = Uint32Array.from({ length: 23 }, (_, row) => row);
    const parts = contiguous.deal(rows, new Uint8Array(23), 5, 1, {});
    expect(parts.map((part) => part.length)).toEqual([5, 5, 5, 4, 4]);
    expect(parts.flatMap((part) => [...part])).toEqual([...rows]);
  });

  it('orders training rows of a random split before it cuts them', () => {
    const { train, labels } = labelled(100);
    const parts = contiguous.deal(train, labels, 3, 1, {});
    expect(parts.map((part) => part.length)).toEqual([27, 27, 26]);
    expect(parts.flatMap((part) => [...part])).toEqual([...train].sort((a, b) => a - b));
  });
});

describe('sorted by label', () => {
  it('is a stable sort cut into blocks, whatever order the split gives', () => {
    const { train, labels } = labelled(1000);
    const parts = byLabel.deal(train, labels, 7, 1, {});
    const expected = [...train].sort((a, b) => a - b).sort((a, b) => (labels[a] ?? 0) - (labels[b] ?? 0));
    expect(parts.flatMap((part) => [...part])).toEqual(expected);
    const sizes = parts.map((part) => part.length);
    expect(sizes).toEqual(sizes.slice().sort((a, b) => b - a));
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    expect(labelHeterogeneity(parts, labels, 10)).toBeGreaterThan(0.7);
  });

  it('sorts by the number to predict', () => {
    const numbers = Float32Array.of(3, -1, 2.5, -1, 0);
    const parts = byLabel.deal(Uint32Array.of(4, 3, 2, 1, 0), numbers, 2, 1, {});
    expect(plain(parts)).toEqual([
      [1, 3, 4],
      [2, 0],
    ]);
  });
});

describe('dirichlet-equal', () => {
  const { train, labels } = labelled(10_000);
  const dealt = (alpha: number, seed = 1) =>
    dirichletEqual.deal(train, labels, 8, seed, withOptions(dirichletEqual, { alpha }));

  it('gives equal sizes whatever α', () => {
    for (const alpha of [0.01, 1, 1000]) {
      expect(dealt(alpha).map((part) => part.length)).toEqual(new Array(8).fill(1000));
    }
    const odd = dirichletEqual.deal(train.subarray(0, 23), labels, 5, 1, withOptions(dirichletEqual));
    expect(odd.map((part) => part.length)).toEqual([5, 5, 5, 4, 4]);
  });

  it('is nearly iid for a large α and ever more different for smaller ones', () => {
    const at = (alpha: number) => labelHeterogeneity(dealt(alpha), labels, 10);
    expect(at(10_000)).toBeLessThan(0.06);
    expect(at(10)).toBeGreaterThan(2 * at(10_000));
    expect(at(0.1)).toBeGreaterThan(at(10) + 0.2);
  });

  it('draws mixes whose mean is the mix of all', () => {
    const global = new Float64Array(10);
    for (const row of train) global[labels[row] ?? 0] = (global[labels[row] ?? 0] ?? 0) + 1 / train.length;
    const first = new Float64Array(10);
    const draws = 400;
    for (let seed = 0; seed < draws; seed++) {
      for (const row of dealt(20, seed)[0] ?? []) {
        first[labels[row] ?? 0] = (first[labels[row] ?? 0] ?? 0) + 1 / 1000 / draws;
      }
    }
    // Five standard errors of the mean of a Dirichlet share.
    global.forEach((share, k) => {
      const bound = 5 * Math.sqrt((share * (1 - share)) / 21 / draws);
      expect(Math.abs((first[k] ?? 0) - share)).toBeLessThan(bound);
    });
  });
});

describe('quantity', () => {
  const { train, labels } = labelled(10_000);
  const sizes = (alpha: number, seats = 8, seed = 1) =>
    quantity.deal(train, labels, seats, seed, withOptions(quantity, { alpha })).map((part) => part.length);

  it('gives amounts that are nearly equal for a large α, and far from it for a small one', () => {
    const spread = (alpha: number) => Math.max(...sizes(alpha)) / Math.min(...sizes(alpha));
    expect(spread(1000)).toBeLessThan(1.5);
    expect(spread(0.5)).toBeGreaterThan(3);
  });

  it('leaves nobody without a row while there are enough', () => {
    for (const seed of [1, 2, 3, 4]) expect(Math.min(...sizes(0.01, 64, seed))).toBeGreaterThanOrEqual(1);
    const few = quantity.deal(Uint32Array.of(5, 6), labels, 3, 1, withOptions(quantity));
    expect(few.reduce((sum, part) => sum + part.length, 0)).toBe(2);
  });

  it('keeps the mix', () => {
    const parts = quantity.deal(train, labels, 4, 3, withOptions(quantity, { alpha: 5 }));
    expect(labelHeterogeneity(parts, labels, 10)).toBeLessThan(0.06);
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
    ['contiguous', 'contiguous', {}],
    ['dirichlet-equal:0.3', 'dirichlet-equal', { alpha: 0.3 }],
    ['quantity:0.5', 'quantity', { alpha: 0.5 }],
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
    [
      '',
      'There is no partition ""; there are iid, contiguous, sorted, shards, dirichlet, dirichlet-equal, quantity.',
    ],
    [
      'sharts:2',
      'There is no partition "sharts"; there are iid, contiguous, sorted, shards, dirichlet, dirichlet-equal, quantity.',
    ],
    ['iid:2', 'partition: iid takes no value; write just "iid".'],
    ['shards:', 'partition.labels: "" is not allowed; it must be a whole number from 1 to 10.'],
    ['shards:2.5', 'partition.labels: "2.5" is not allowed; it must be a whole number from 1 to 10.'],
    ['dirichlet:-1', 'partition.alpha: "-1" is not allowed; it must be a number from 0.01 to 1000.'],
    ['dirichlet:0.1:2', 'partition.alpha: "0.1:2" is not allowed; it must be a number from 0.01 to 1000.'],
  ])('refuses %j in one line', (text, message) => {
    expect(() => parsePartition(text)).toThrow(new OptionError(message));
  });
});
