/**
 * Quantiles of the standard normal distribution, from the two series of its distribution function.
 *
 * Φ(z) - 1/2 = φ(z) · Σ z^(2n+1) / (1·3·5···(2n+1)): all terms positive, so nothing cancels. Inverted by
 * bisection: slow, short, and with the same bits in every engine. For |z| up to 8.
 */
import { exp } from './portable.ts';

const MOST = 8;
const SQRT_TWO_PI = 2.5066282746310002;

/** P(|Z| < z) of a standard normal Z, z >= 0. */
function withinProbability(z: number): number {
  let term = z;
  let sum = 0;
  for (let odd = 3; term > sum * 1e-17; odd += 2) {
    sum += term;
    term *= (z * z) / odd;
  }
  return (2 * sum * exp((-z * z) / 2)) / SQRT_TWO_PI;
}

/** The z >= 0 that |Z| exceeds with probability `tail` in (0, 1], to about 1e-9 for tails above 1e-8. */
export function normalTail(tail: number): number {
  let low = 0;
  let high = MOST;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (1 - withinProbability(middle) > tail) low = middle;
    else high = middle;
  }
  return tail >= 1 ? 0 : high;
}
