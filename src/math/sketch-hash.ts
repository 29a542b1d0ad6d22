/**
 * The integer hash behind the count sketch (`Compute.sketch`): the same bits in TypeScript and WGSL.
 *
 * A 32-bit finaliser in the xor-shift-multiply style (constants of Chris Wellons' "lowbias32" search)
 * over index and seed. It spreads signs and shifts; it is no source of randomness for training.
 */
export function sketchHash(seed: number, index: number): number {
  let x = (index ^ Math.imul(seed, 0x9e3779b9)) >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  x ^= x >>> 16;
  return x >>> 0;
}

/** Sign of coordinate i: -1 where the top bit of its hash is set. */
export function sketchSign(seed: number, coordinate: number): 1 | -1 {
  return sketchHash(seed, coordinate) >>> 31 === 1 ? -1 : 1;
}

/** Rotation of group g of `buckets` coordinates. */
export function sketchShift(seed: number, group: number, buckets: number): number {
  return sketchHash((seed ^ 0x5bd1e995) >>> 0, group) % buckets;
}
