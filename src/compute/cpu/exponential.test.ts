/** The quick exponential against the careful one, over its whole range. */
import { expect, it } from 'vitest';
import { exp as careful } from '../../math/portable.ts';
import { randomStream } from '../../math/random.ts';
import { exp } from './exponential.ts';

it('agrees with the careful exponential to 1e-15, relatively', () => {
  const stream = randomStream(1, 0, 0, 0);
  let worst = 0;
  for (const range of [1e-9, 0.02, 1, 50, 707]) {
    for (let i = 0; i < 20_000; i++) {
      const x = (2 * stream.uniform() - 1) * range;
      const expected = careful(x);
      worst = Math.max(worst, Math.abs(exp(x) - expected) / expected);
    }
  }
  expect(worst).toBeLessThan(1e-15);
});

it('is exact at 0, and has the limits of an exponential', () => {
  expect(exp(0)).toBe(1);
  expect(exp(-0)).toBe(1);
  expect(exp(-709)).toBe(0);
  expect(exp(Number.NEGATIVE_INFINITY)).toBe(0);
  expect(exp(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  expect(exp(710)).toBe(Number.POSITIVE_INFINITY);
  expect(exp(709.5)).toBe(careful(709.5));
  expect(exp(Number.NaN)).toBeNaN();
});
