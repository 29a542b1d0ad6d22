/**
 * Logarithm, exponential, sine and cosine with the same bits in every JavaScript engine.
 *
 * `Math.log` and its kin may differ in the last bit from browser to browser, while + - * / and sqrt are
 * exact everywhere. Every peer computes the whole data partition by itself and keeps its part, so what
 * feeds it must agree to the bit between a Chrome and a Firefox. Textbook series on reduced arguments;
 * accurate to a few units in the last place, and no replacement for `Math` where bits do not matter.
 */

const LN2_HIGH = 0.6931471803691238; // low 32 bits zero: k * LN2_HIGH is exact for |k| < 2^20
const LN2_LOW = 1.9082149292705877e-10;
const LN2 = Math.LN2;

const cell = new DataView(new ArrayBuffer(8));

/** 2^k for any integer k (0 or Infinity outside the range of doubles). */
function powerOfTwo(k: number): number {
  if (k > 1023) return Number.POSITIVE_INFINITY;
  if (k < -1074) return 0;
  if (k < -1022) return powerOfTwo(k + 100) * powerOfTwo(-100);
  cell.setUint32(0, (k + 1023) << 20);
  cell.setUint32(4, 0);
  return cell.getFloat64(0);
}

/** Natural logarithm of x > 0. -Infinity for 0, NaN below. */
export function ln(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  if (x < 2.2250738585072014e-308) return ln(x * 18014398509481984) - 54 * LN2; // subnormal
  cell.setFloat64(0, x);
  const high = cell.getUint32(0);
  let exponent = ((high >>> 20) & 0x7ff) - 1023;
  cell.setUint32(0, (high & 0x000fffff) | 0x3ff00000);
  let mantissa = cell.getFloat64(0); // in [1, 2)
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  // ln m = 2 artanh s with s = (m - 1)/(m + 1), |s| <= 0.1716
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let series = 0;
  for (let k = 23; k >= 3; k -= 2) series = (series + 1 / k) * square;
  return exponent * LN2_HIGH + (2 * s + (2 * s * series + exponent * LN2_LOW));
}

/** e^x. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.79) return Number.POSITIVE_INFINITY;
  if (x < -745.14) return 0;
  const k = Math.round(x / LN2);
  const r = x - k * LN2_HIGH - k * LN2_LOW; // |r| <= 0.3466
  let series = 1;
  for (let term = 17; term >= 1; term--) series = 1 + (series * r) / term;
  // Split in two, so that results near the ends of the range do not pass through Infinity or 0.
  const half = Math.trunc(k / 2);
  return series * powerOfTwo(half) * powerOfTwo(k - half);
}

const HALF_PI = Math.PI / 2;

function quarterSine(r: number): number {
  const square = r * r;
  let series = 1;
  for (let k = 20; k >= 2; k -= 2) series = 1 - (series * square) / (k * (k + 1));
  return r * series;
}

function quarterCosine(r: number): number {
  const square = r * r;
  let series = 1;
  for (let k = 20; k >= 2; k -= 2) series = 1 - (series * square) / (k * (k - 1));
  return series;
}

/** [cos 2πu, sin 2πu] for u in [0, 1]. */
export function unitCircle(u: number): [number, number] {
  const quarter = Math.round(u * 4);
  const r = (u * 4 - quarter) * HALF_PI; // |r| <= π/4
  const c = quarterCosine(r);
  const s = quarterSine(r);
  switch (quarter & 3) {
    case 0:
      return [c, s];
    case 1:
      return [-s, c];
    case 2:
      return [-c, -s];
    default:
      return [s, -c];
  }
}
