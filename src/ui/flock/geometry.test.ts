import { expect, test } from 'vitest';
import type { Options } from '../../base/options.ts';
import { DEFAULT_RECIPE } from '../../recipe/schema.ts';
import { workerAt } from '../../store/fixtures/snapshot.ts';
import { TOPOLOGIES } from '../../topology/index.ts';
import { optionsFor } from '../../topology/testing.ts';
import { arrangementOf, hasDirection } from './arrangement.ts';
import { describeWorker } from './flock.tsx';
import {
  arrowHead,
  circle,
  discRadius,
  edgeWidth,
  HEIGHT,
  HOME_RADIUS,
  home,
  LOSS_SCALE,
  learned,
  pattern,
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
  const at = (distance: number | null) => fromCentre(spot(home(1, 5), distance, 2));
  expect(at(2)).toBeCloseTo(HOME_RADIUS, 9);
  expect(at(null)).toBeCloseTo(HOME_RADIUS, 9);
  expect(at(1)).toBeCloseTo((at(0) + at(2)) / 2, 9);
  expect(at(0)).toBeLessThan(at(1));
  expect(fromCentre(spot(home(1, 5), 0.5, 0))).toBeCloseTo(HOME_RADIUS, 9);
});

test('discs never overlap, even in full agreement', () => {
  for (const count of [2, 8, 24, 32]) {
    const [first, second] = [spot(home(0, count), 0, 1), spot(home(1, count), 0, 1)];
    expect(Math.hypot(first.x - second.x, first.y - second.y)).toBeGreaterThan(2 * discRadius(count));
  }
});

/** Recipe with this topology. */
const on = (id: string, options: Options = {}) => ({ ...DEFAULT_RECIPE, topology: { id, options } });
const flockOf = (count: number) => Array.from({ length: count }, (_, seat) => workerAt(seat));

test('in every pattern discs stay apart from one another, and inside, wherever agreement takes them', () => {
  for (const entry of TOPOLOGIES) {
    for (let n = 1; n <= 33; n += 1) {
      const { homes, radius, agreement } = arrangementOf(on(entry.id, optionsFor(entry, n)), flockOf(n));
      expect(homes).toHaveLength(n);
      const nearest = (index: number, far: number) => {
        const here = spot(homes[index] ?? { x: 0, y: 0 }, far, 1, agreement);
        expect(here.x > 0 && here.x < WIDTH && here.y > 0 && here.y < HEIGHT).toBe(true);
        return here;
      };
      // One agrees, its neighbour in the list does not, and the other way round.
      for (let index = 1; index < n; index += 1) {
        for (const [one, other] of [
          [0, 1],
          [1, 0],
          [1, 1],
          [0, 0],
        ] as const) {
          const [a, b] = [nearest(index, one), nearest(index - 1, other)];
          expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(Math.min(2 * radius, 14));
        }
      }
    }
  }
});

test('the pattern is the graph’s, of those who are there; who left stands below', () => {
  const four = arrangementOf(on('star'), flockOf(4));
  expect(four.homes[0]).toEqual({ x: WIDTH / 2, y: HEIGHT / 2 });
  const left = flockOf(5).map((worker) =>
    worker.seat === 2 ? { ...worker, health: 'gone' as const } : worker,
  );
  const now = arrangementOf(on('star'), left);
  expect(now.homes.filter((_, index) => index !== 2)).toEqual(four.homes);
  expect(now.homes[2]?.y).toBeGreaterThan(HEIGHT - 50);
  expect(now.labels).toHaveLength(5);
  // A circle where the graph has no pattern, or does not exist.
  expect(arrangementOf(on('ring'), flockOf(6))).toEqual(circle(6));
  expect(arrangementOf(on('hypercube'), flockOf(6))).toEqual(circle(6));
  expect(hasDirection(on('exponential'))).toBe(true);
  expect(hasDirection(on('ring'))).toBe(false);
});

test('a label stands outward, or below where another disc would be under it', () => {
  const row = pattern([
    [0, 0.5],
    [0.5, 0.5],
    [0.7, 0.5],
    [1, 0.5],
  ]);
  expect(row.labels[2]).toEqual({ x: 0, y: 1 });
  expect(row.labels[3]).toEqual({ x: 1, y: 0 });
});

test('an arrow head ends where the line does and points along it', () => {
  const [tip, left, right] = arrowHead({ x: 10, y: 20 }, { x: 110, y: 20 }, 2);
  expect(tip).toEqual({ x: 110, y: 20 });
  expect(left.x).toBe(right.x);
  expect(left.x).toBeLessThan(tip.x);
  expect(left.y + right.y).toBeCloseTo(40, 9);
  expect(Math.abs(left.y - right.y)).toBeGreaterThan(4);
  // No longer than half of a short line, and a point where there is no line.
  expect(arrowHead({ x: 0, y: 0 }, { x: 4, y: 0 }, 5)[1].x).toBe(2);
  expect(arrowHead({ x: 1, y: 1 }, { x: 1, y: 1 }, 5)[1]).toEqual({ x: 1, y: 1 });
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
