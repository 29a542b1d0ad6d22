/**
 * Half precision (IEEE 754 binary16) in integer arithmetic, as in `shaders/half-*.wgsl`: pack2x16float may
 * round either way, so neither backend uses it.
 */
import type { WriteMode } from '../compute.ts';
import type { Numbers } from './handles.ts';

const INFINITY = 0x7f800000;
/** 65504, the largest half, as f32 bits; and 2^-14, the smallest normal one. */
const LARGEST = 0x477fe000;
const SMALLEST_NORMAL = 0x38800000;

/** The half nearest to the number with these f32 bits, ties to even; finite numbers stay finite. */
export function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= INFINITY) return sign | (magnitude > INFINITY ? 0x7e00 : 0x7c00);
  if (magnitude >= LARGEST) return sign | 0x7bff;
  if (magnitude >= SMALLEST_NORMAL) {
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // In units of 2^-24, the smallest subnormal half; below half a unit there is nothing left.
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const whole = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (whole + (rest > half || (rest === half && (whole & 1) === 1) ? 1 : 0));
}

/** One unit of the mantissa under each of the 32 exponents. */
const UNITS = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

/** The number that a finite half stands for, without its sign. */
export function magnitudeOfHalf(half: number): number {
  const exponent = (half >>> 10) & 31;
  return ((half & 0x3ff) + (exponent === 0 ? 0 : 1024)) * (UNITS[exponent] as number);
}

export function packHalves(source: Float32Array<ArrayBuffer>, out: Uint32Array<ArrayBuffer>): void {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let k = 0; k < bits.length; k += 2) {
    const low = halfOf(bits[k] as number);
    const high = k + 1 < bits.length ? halfOf(bits[k + 1] as number) : 0;
    out[k >>> 1] = low | (high << 16);
  }
}

/** The product with the weight is rounded to f32 before it is added. */
export function unpackHalves(
  source: Uint32Array<ArrayBuffer>,
  dest: Numbers,
  weight: number,
  mode: WriteMode,
): void {
  const factor = Math.fround(weight);
  for (let k = 0; k < dest.length; k++) {
    const half = ((source[k >>> 1] as number) >>> (16 * (k & 1))) & 0xffff;
    const product = Math.fround(factor * magnitudeOfHalf(half));
    const value = half >= 0x8000 ? -product : product;
    dest[k] = mode === 'set' ? value : (dest[k] as number) + value;
  }
}
