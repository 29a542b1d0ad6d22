import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { snapshotOf, workerAt } from '../../store/fixtures/snapshot.ts';
import { History } from '../../store/history.ts';
import {
  consensusChart,
  contraction,
  endOf,
  extent,
  LINE_LIMIT,
  latestMean,
  predicted,
  workerChart,
} from './data.ts';
import { linearDomain, linearTicks, logDomain, logTicks, spread } from './scale.ts';

describe('axes', () => {
  test('have ticks at round numbers within the domain', () => {
    expect(linearTicks(0, 424, 4)).toEqual([0, 200, 400]);
    expect(linearTicks(0.2, 1, 4)).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearDomain(0, 2.6)).toEqual([0, 3]);
    expect(linearDomain(1, 1)).toEqual([1, 2]);
    expect(logDomain(0.13, 0.9)).toEqual([0.1, 1]);
    expect(logTicks([0.1, 1])).toEqual([0.1, 0.2, 0.5, 1]);
    expect(logTicks([1e-3, 10])).toHaveLength(5);
  });

  test('labels keep their order and their distance where there is room', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 8 }), (places) => {
        const moved = spread(places, 12, 0, 100);
        const order = places.map((_, index) => index).sort((a, b) => (moved[a] ?? 0) - (moved[b] ?? 0));
        order.forEach((index, rank) => {
          const before = order[rank - 1];
          if (before === undefined) return;
          expect((moved[index] ?? 0) - (moved[before] ?? 0)).toBeGreaterThanOrEqual(12 - 1e-9);
          expect(places[before] ?? 0).toBeLessThanOrEqual(places[index] ?? 0);
        });
      }),
    );
  });
});

function historyOf(seats: number): History {
  const history = new History();
  for (let round = 1; round <= 20; round += 1) {
    for (let seat = 0; seat < seats; seat += 1) {
      history.addPoints([{ kind: 'loss', epoch: 0, seat, round, value: seat + 1 / round }]);
    }
    history.addPoints([
      {
        kind: 'consensus',
        epoch: 0,
        round,
        value: round < 5 ? round : 5 / round,
        exact: true,
        distances: {},
      },
    ]);
  }
  return history;
}

describe('what charts draw', () => {
  test('a line for each of up to eight workers, beyond that mean and band', () => {
    const few = workerChart('rounds', historyOf(LINE_LIMIT), historyOf(LINE_LIMIT).loss, null);
    expect(few.lines).toHaveLength(LINE_LIMIT);
    expect(few.band).toBe(false);
    const many = historyOf(LINE_LIMIT + 1);
    const chart = workerChart('rounds', many, many.loss, null);
    expect(chart.lines.map(({ key }) => key)).toEqual(['mean']);
    expect(extent(chart)).toEqual([1 / 20, LINE_LIMIT + 1]);
  });

  test('against bytes, x is what this tab had sent by that round', () => {
    const history = historyOf(1);
    for (const round of [0, 20]) {
      const totals = { ...snapshotOf().totals, bytesSent: round * 1000 };
      history.addSnapshot(snapshotOf({ round, totals }));
    }
    const { rows } = workerChart('bytes', history, history.loss, null);
    expect(rows[0]?.x).toBe(1000);
    expect(rows.at(-1)?.x).toBe(20_000);
    expect(endOf('bytes', history)).toBe(20_000);
  });

  test('the predicted line falls from the peak by the rate of gossip, only where that rate applies', () => {
    const history = historyOf(2);
    const spectrum = { kind: 'eigenvalues', lambda2: 0.8, lambdaN: -0.2, rho: 0.8, gap: 0.2 } as const;
    const [peak, low] = predicted(snapshotOf({ spectrum }), history.consensus.samples);
    expect(peak).toEqual({ x: 4, y: 4 });
    const rounds = (low?.x ?? 0) - 4;
    expect(rounds).toBeGreaterThan(0);
    expect(low?.y).toBeCloseTo(4 * 0.8 ** rounds, 10);
    const recipe = { ...snapshotOf().recipe, compressor: { id: 'top-k', options: {} } };
    expect(predicted(snapshotOf({ spectrum, recipe }), history.consensus.samples)).toEqual([]);
    expect(consensusChart('rounds', history, snapshotOf()).lines).toHaveLength(1);
  });

  test('the measured contraction is the mean factor a round between the last two measurements', () => {
    expect(
      contraction([
        { x: 0, y: 9 },
        { x: 10, y: 8 },
        { x: 12, y: 2 },
      ]),
    ).toBeCloseTo(0.5, 12);
    expect(
      contraction([
        { x: 0, y: 0 },
        { x: 10, y: 8 },
      ]),
    ).toBeNull();
    expect(contraction([{ x: 10, y: 8 }])).toBeNull();
  });
});

test('a mean is of the workers that are there', () => {
  const at = (y: number) => ({ last: { round: 1, x: 1, y } });
  const series = new Map([0.8, 0.6, 0.1].map((y, seat) => [seat, at(y)] as const));
  const workers = [workerAt(0), workerAt(1), workerAt(2, { health: 'gone' }), workerAt(3)];
  expect(latestMean(series, { workers })).toBeCloseTo(0.7, 12);
  expect(latestMean(series, { workers: [workerAt(3)] })).toBe(null);
  expect(latestMean(series, null)).toBe(null);
});
