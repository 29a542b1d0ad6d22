/** Quantiles of the normal distribution: against printed values, and against its density. */
import { describe, expect, it } from 'vitest';
import { normalTail } from './normal-quantile.ts';

describe('normalTail', () => {
  it.each([
    [1, 0],
    [0.5, 0.6744897501960817],
    [0.317310507862914, 1],
    [0.05, 1.959963984540054],
    [0.01, 2.5758293035489004],
    [0.0455002638963584, 2],
    [0.00269979606326019, 3],
  ])('is exceeded in magnitude with probability %f at %f', (tail, z) => {
    expect(normalTail(tail)).toBeCloseTo(z, 9);
  });

  it('has the density of the distribution as its slope, far into the tail', () => {
    for (const z of [0.3, 1.7, 3.1, 4.8]) {
      // Simpson's rule for twice the density from z up.
      const steps = 20_000;
      const width = 8 / steps;
      let tail = 0;
      for (let i = 0; i <= steps; i++) {
        const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
        tail += weight * Math.exp(-((z + i * width) ** 2) / 2);
      }
      tail *= (2 / Math.sqrt(2 * Math.PI)) * (width / 3);
      expect(Math.abs(normalTail(tail) - z)).toBeLessThan(1e-8);
    }
  });
});
