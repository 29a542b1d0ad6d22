import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../base/options.ts';
import { BatchSampler, rowsOfSeat } from './deal.ts';
import { PARTITIONS } from './index.ts';
import { splitRows } from './split.ts';

describe('splitRows', () => {
  it('sets the test rows aside: every row once, by seed', () => {
    const { train, test } = splitRows(10_000, 2000, 1);
    expect([train.length, test.length]).toEqual([8000, 2000]);
    expect(new Set([...train, ...test]).size).toBe(10_000);
    expect(splitRows(10_000, 2000, 1)).toEqual({ train, test });
    expect(splitRows(10_000, 2000, 2).test).not.toEqual(test);
  });

  it('refuses to set aside more than there is', () => {
    expect(() => splitRows(10, 11, 1)).toThrow(RangeError);
    expect(() => splitRows(10, -1, 1)).toThrow(RangeError);
  });

  it('leaves the rows in the file’s order where none are set aside', () => {
    expect([...splitRows(5, 0, 1).train]).toEqual([0, 1, 2, 3, 4]);
    expect(splitRows(5, 0, 1).test).toHaveLength(0);
  });
});

describe.each(PARTITIONS.map((entry) => [entry.id, entry] as const))('seats of %s', (_id, entry) => {
  const labels = Uint8Array.from({ length: 1000 }, (_, row) => row % 10);
  const { train } = splitRows(1000, 200, 1);
  const options = completeOptions(entry.id, entry.options);
  const seat = (index: number) => rowsOfSeat(entry, train, labels, 4, index, 7, options);

  it('deals the first seats as the partitioner does, and late ones an independent draw', () => {
    const parts = entry.deal(train, labels, 4, 7, options);
    for (let i = 0; i < 4; i++) expect(seat(i)).toEqual(parts[i]);
    if (entry.fixed) {
      expect([0, 1, 2, 3].map((i) => seat(8 + i))).toEqual(parts);
      return;
    }
    for (const draw of [1, 2]) {
      const late = [0, 1, 2, 3].map((i) => [...seat(4 * draw + i)]);
      expect(Uint32Array.from(late.flat()).sort()).toEqual(train.slice().sort());
      expect(late).not.toEqual(parts.map((part) => [...part]));
      // Not the same sets in another order either.
      const first = [...(parts[0] ?? [])].sort().join();
      expect(late.map((rows) => [...rows].sort().join())).not.toContain(first);
    }
    expect(seat(4)).not.toEqual(seat(8));
  });

  it('refuses seats that make no sense', () => {
    for (const [dealt, index] of [
      [0, 0],
      [4, -1],
      [4, 0.5],
      [1.5, 0],
    ] as const) {
      expect(() => rowsOfSeat(entry, train, labels, dealt, index, 7, options)).toThrow(RangeError);
    }
  });
});

describe('batches', () => {
  it('of epochs by themselves go through all rows once in each, and the last has what is left', () => {
    const rows = Uint32Array.from({ length: 23 }, (_, i) => 100 + i);
    const sampler = new BatchSampler(rows, 10, 1, 2);
    expect(sampler.batches).toBe(3);
    const epochOf = (epoch: number) => [0, 1, 2].map((index) => [...sampler.ofEpoch(epoch, index)]);
    for (const epoch of [0, 1, 7]) {
      expect(epochOf(epoch).map(({ length }) => length)).toEqual([10, 10, 3]);
      expect(epochOf(epoch).flat().sort()).toEqual([...rows]);
    }
    expect(epochOf(0)).not.toEqual(epochOf(1));
    // Any may be asked for again.
    expect(epochOf(0)).toEqual(epochOf(0));
    const whole = new BatchSampler(rows, 0, 1, 2);
    expect([whole.batches, [...whole.ofEpoch(3, 0)]]).toEqual([1, [...rows]]);
  });

  const rows = Uint32Array.from({ length: 103 }, (_, i) => 1000 + 3 * i);

  it('always have their size, and go through all rows once an epoch', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 103 }),
        fc.integer({ min: 0, max: 5 }),
        (batch, held, epoch) => {
          const mine = rows.slice(0, held);
          const sampler = new BatchSampler(mine, batch, 1, 2);
          const drawn: number[] = [];
          for (let round = 0; drawn.length < (epoch + 1) * held; round++) {
            const next = sampler.at(round);
            expect(next).toHaveLength(batch);
            drawn.push(...next);
          }
          const one = Uint32Array.from(drawn.slice(epoch * held, (epoch + 1) * held)).sort();
          expect(one).toEqual(mine);
        },
      ),
    );
  });

  it('depend on seed, seat and round, not on what was asked before', () => {
    const batchRows = (size: number, seed: number, seat: number, round: number) =>
      new BatchSampler(rows, size, seed, seat).at(round);
    const sampler = new BatchSampler(rows, 32, 1, 2);
    for (const round of [0, 1, 7, 3, 3, 100_000, 0, 4_000_000_000]) {
      expect(sampler.at(round)).toEqual(batchRows(32, 1, 2, round));
    }
    expect(batchRows(32, 2, 2, 0)).not.toEqual(batchRows(32, 1, 2, 0));
    expect(batchRows(32, 1, 3, 0)).not.toEqual(batchRows(32, 1, 2, 0));
    expect(batchRows(103, 1, 2, 0)).not.toEqual(batchRows(103, 1, 2, 1));
  });

  it('refuse to come from nothing', () => {
    expect(() => new BatchSampler(new Uint32Array(0), 32, 1, 2)).toThrow('Seat 2 holds no rows');
    expect(() => new BatchSampler(rows, -1, 1, 2)).toThrow(RangeError);
    expect(() => new BatchSampler(rows, 1.5, 1, 2)).toThrow(RangeError);
  });

  it('are all rows in the order dealt, every round, where the batch is 0', () => {
    const sampler = new BatchSampler(rows, 0, 1, 2);
    expect(sampler.size).toBe(103);
    for (const round of [0, 1, 4_000_000_000]) expect(sampler.at(round)).toEqual(rows);
    expect(new BatchSampler(rows, 32, 1, 2).size).toBe(32);
  });
});
