/**
 * The choice of a next token from a model's logits: softmax with a temperature, drawn by one uniform number
 * (inversion of the distribution function, in order of the tokens). Same logits, same number, same token.
 */
import { exp } from '../math/portable.ts';

/**
 * @param temperature divides the logits; 0 takes the largest (ties: the lower token).
 * @param uniform in [0, 1).
 * @throws {RangeError} for a temperature below 0, or logits that are no numbers.
 */
export function chooseToken(logits: ArrayLike<number>, temperature: number, uniform: number): number {
  if (!(temperature >= 0)) throw new RangeError(`A temperature of ${temperature}; it must be 0 or more.`);
  let best = 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token] ?? Number.NaN;
    if (Number.isNaN(logit)) throw new RangeError('The model has lost its numbers (NaN) and writes nothing.');
    if (logit > largest) {
      largest = logit;
      best = token;
    }
  }
  if (temperature === 0 || !Number.isFinite(largest)) return best;
  const weights = Float64Array.from(logits, (logit) => exp((logit - largest) / temperature));
  let left = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  for (let token = 0; token < weights.length; token++) {
    left -= weights[token] ?? 0;
    if (left < 0) return token;
  }
  return best;
}
