/**
 * A quick exponential for inner loops, in double precision and with the same bits in every engine.
 *
 * `exp` of math/portable.ts sums seventeen terms with a division each; here the argument is reduced by a
 * table of 2^(j/64), made by that function once, and six terms without division are enough (Tang,
 * "Table-driven implementation of the exponential function", 1989). Relative error below 1e-15. Results
 * that would be subnormal are 0.
 */
import { exp as slowExp } from '../../math/portable.ts';

const STEPS = 64;
const STEPS_OVER_LN2 = STEPS / Math.LN2;
// ln 2 / 64 in two parts; the first has zeros at its end, so that its products with whole numbers are exact.
const STEP_HIGH = 0.6931471803691238 / STEPS;
const STEP_LOW = 1.9082149292705877e-10 / STEPS;
const FRACTIONS = Float64Array.from({ length: STEPS }, (_, j) => slowExp((j * Math.LN2) / STEPS));
/** 2^k for k from -1022 to 1023. */
const POWERS = Float64Array.from({ length: 2046 }, (_, at) => powerOfTwo(at - 1022));

/** By doubling and halving, which is exact. */
function powerOfTwo(k: number): number {
  let power = 1;
  for (let i = 0; i < Math.abs(k); i++) power *= k > 0 ? 2 : 0.5;
  return power;
}

/** e^x. */
export function exp(x: number): number {
  if (!(x > -708 && x < 709)) return Number.isNaN(x) || x > 0 ? slowExp(x) : 0;
  const steps = Math.floor(x * STEPS_OVER_LN2 + 0.5);
  const r = x - steps * STEP_HIGH - steps * STEP_LOW; // |r| <= 0.0055
  const series = 1 + r * (1 + r * (0.5 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720))))));
  const j = steps & (STEPS - 1);
  return series * (FRACTIONS[j] as number) * (POWERS[(steps - j) / STEPS + 1022] as number);
}
