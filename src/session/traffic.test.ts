/** Rates of edges: what passes, from the first look; and nothing once nothing passes. */
import { expect, test } from 'vitest';
import { Traffic } from './traffic.ts';

/** Looks every `every` ms from `from` to `until` at a total that grows by `speed` bytes a second. */
function watch(
  traffic: Traffic,
  from: number,
  until: number,
  every: number,
  speed: number,
  start = 0,
): number {
  let total = start;
  for (let now = from; now <= until; now += every) {
    total = start + Math.floor((speed * (now - from)) / 1000);
    traffic.observe(0, 1, total, now);
  }
  return total;
}

test.each([50, 250, 1000, 16_000])('a steady flow has its rate, with news every %i ms', (every) => {
  const traffic = new Traffic();
  watch(traffic, 0, 40_000, every, 10_000);
  for (let later = 0; later <= every; later += every / 4) {
    expect(traffic.rate(0, 1, 40_000 - (40_000 % every) + later)).toBeCloseTo(10_000, -1);
  }
});

test('what was sent before an edge was looked at is no rate', () => {
  const traffic = new Traffic();
  traffic.observe(0, 1, 5_000_000, 0);
  expect(traffic.rate(0, 1, 0)).toBe(0);
  traffic.observe(0, 1, 5_000_000, 60_000);
  watch(traffic, 60_000, 61_000, 250, 1000, 5_000_000);
  expect(traffic.rate(0, 1, 61_000)).toBeCloseTo(1000, -1);
});

test.each([250, 1000])(
  'a flow that ends has none within seconds, whether it is looked at or not',
  (every) => {
    for (const looking of [true, false]) {
      const traffic = new Traffic();
      const total = watch(traffic, 0, 20_000, every, 100_000_000);
      if (looking) for (let now = 20_000; now < 25_000; now += every) traffic.observe(0, 1, total, now);
      expect(traffic.rate(0, 1, 23_000 + every)).toBe(0);
      // Where it is known that no round is under way, sooner.
      expect(traffic.rate(0, 1, 21_600, false)).toBe(0);
    }
  },
);

test('after a rest the rate is that of what passes, not of the rest', () => {
  for (const looking of [true, false]) {
    const traffic = new Traffic();
    const total = watch(traffic, 0, 10_000, 250, 10_000);
    if (looking) for (let now = 10_000; now < 600_000; now += 250) traffic.observe(0, 1, total, now);
    watch(traffic, 600_000, 601_000, 250, 10_000, total + 1);
    expect(traffic.rate(0, 1, 601_000)).toBeGreaterThan(7500);
    expect(traffic.rate(0, 1, 601_000)).toBeLessThan(11_000);
  }
});

test('a total that falls belongs to another worker: no rate is made of the difference', () => {
  const traffic = new Traffic();
  watch(traffic, 0, 5000, 250, 10_000);
  traffic.observe(0, 1, 10, 5250);
  expect(traffic.rate(0, 1, 5250)).toBe(0);
});
