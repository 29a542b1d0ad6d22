import { expect, test } from 'vitest';
import { workerAt } from '../../store/fixtures/snapshot.ts';
import { describeWorker } from './flock.tsx';
import {
  discRadius,
  edgeWidth,
  HEIGHT,
  HOME_RADIUS,
  home,
  LOSS_SCALE,
  learned,
  spot,
  WIDTH,
} from './geometry.ts';

const fromCentre = ({ x, y }: { x: number; y: number }) => Math.hypot(x - WIDTH / 2, y - HEIGHT / 2);

test('homes stand on one circle; a ring of one in the middle', () => {
  expect(fromCentre(home(0, 1))).toBe(0);
  for (const count of [2, 3, 24]) {
    for (let index = 0; index < count; index += 1) {
      expect(fromCentre(home(index, count))).toBeCloseTo(HOME_RADIUS, 9);
    }
  }
});

test('agreement draws towards the centre, in proportion; what is not known stays at home', () => {
  const at = (distance: number | null) => fromCentre(spot(1, 5, distance, 2));
  expect(at(2)).toBeCloseTo(HOME_RADIUS, 9);
  expect(at(null)).toBeCloseTo(HOME_RADIUS, 9);
  expect(at(1)).toBeCloseTo((at(0) + at(2)) / 2, 9);
  expect(at(0)).toBeLessThan(at(1));
  expect(fromCentre(spot(1, 5, 0.5, 0))).toBeCloseTo(HOME_RADIUS, 9);
});

test('discs never overlap, even in full agreement', () => {
  for (const count of [2, 8, 24, 32]) {
    const [first, second] = [spot(0, count, 0, 1), spot(1, count, 0, 1)];
    expect(Math.hypot(first.x - second.x, first.y - second.y)).toBeGreaterThan(2 * discRadius(count));
  }
});

test('an edge grows by the same step for every tenfold of traffic', () => {
  expect(edgeWidth(0)).toBe(edgeWidth(Number.NaN));
  const step = edgeWidth(1e6) - edgeWidth(1e5);
  expect(edgeWidth(1e7) - edgeWidth(1e6)).toBeCloseTo(step, 2);
  expect(step).toBeGreaterThan(1);
});

test('the loss scale is one sequence from untrained to trained', () => {
  expect([10, LOSS_SCALE.high, 0.3, LOSS_SCALE.low, 0].map(learned)).toEqual([
    0,
    0,
    expect.closeTo(0.5, 9),
    1,
    1,
  ]);
});

test('a worker is described in words, its state included', () => {
  const worker = workerAt(3, { name: 'Ada 1', mine: true, hidden: true, round: 12, trainLoss: 0.5 });
  expect(describeWorker(worker)).toBe('Ada 1, you, active, hidden, Round 12, Training loss 0.500');
});
