import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exp, ln, unitCircle } from './portable.ts';

/** Distance relative to the true value, in units of 2^-52. */
const ulps = (value: number, truth: number) => Math.abs(value - truth) / (Math.abs(truth) * 2 ** -52);

describe('portable elementary functions', () => {
  it('has logarithms within a few units in the last place', () => {
    fc.assert(
      fc.property(fc.double({ min: 5e-324, max: 1e308, noNaN: true }), (x) => {
        if (x !== 1) expect(ulps(ln(x), Math.log(x))).toBeLessThan(4);
      }),
      { numRuns: 5000, seed: 1 },
    );
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (x) => {
        if (x !== 1) expect(ulps(ln(x), Math.log(x))).toBeLessThan(4);
      }),
      { numRuns: 5000, seed: 2 },
    );
    expect(ln(1)).toBe(0);
    expect(ln(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(ln(-1)).toBeNaN();
    expect(ln(Number.NaN)).toBeNaN();
    expect(ln(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  it('has exponentials within a few units in the last place', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 709, noNaN: true }), (x) => {
        expect(ulps(exp(x), Math.exp(x))).toBeLessThan(4);
      }),
      { numRuns: 5000, seed: 3 },
    );
    expect(exp(0)).toBe(1);
    expect(exp(-1000)).toBe(0);
    expect(exp(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(exp(1000)).toBe(Number.POSITIVE_INFINITY);
    expect(exp(Number.NaN)).toBeNaN();
    expect(exp(-740) / Math.exp(-740)).toBeCloseTo(1, 2); // subnormal: few bits left
  });

  it('goes round the unit circle', () => {
    for (let i = 0; i <= 4096; i++) {
      const u = i / 4096;
      const [c, s] = unitCircle(u);
      expect(Math.abs(c - Math.cos(2 * Math.PI * u))).toBeLessThan(1e-15);
      expect(Math.abs(s - Math.sin(2 * Math.PI * u))).toBeLessThan(1e-15);
      expect(Math.abs(c * c + s * s - 1)).toBeLessThan(1e-15);
    }
  });
});
