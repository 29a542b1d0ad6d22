/**
 * The two families of matrix products, and which one an adapter takes. `direct` keeps tiles in registers and
 * uses no workgroup memory, which software adapters run fastest; `tiled` shares tiles in workgroup memory,
 * as real GPUs want it. Which is faster here is measured, not guessed; how to time is `tuning.ts`'s work.
 */
export type ProductFamily = 'direct' | 'tiled';

/** The family for small and for large results; it stays the same as long as its Compute lives. */
export interface ProductFamilies {
  readonly small: ProductFamily;
  readonly large: ProductFamily;
}

export type ProductSize = keyof ProductFamilies;

/** From so many numbers on, sixteen tiles of the tiled family, a result is large. */
const LARGE = 65_536;

export function familyOf(families: ProductFamilies, rows: number, columns: number): ProductFamily {
  return rows * columns >= LARGE ? families.large : families.small;
}

/** Milliseconds that so many products of a size take, one after another, waiting for them included. */
export type Stopwatch = (family: ProductFamily, size: ProductSize, products: number) => Promise<number>;

/**
 * Milliseconds for one small product of the direct family from which on it is a processor that computes. There
 * register tiles win (by 4 times and more, measured), and compiling the other family's kernel takes a second:
 * it is not even tried. A GPU takes some hundredths of a millisecond, a slow one tenths; an adapter that calls
 * itself software is believed sooner.
 */
const PROCESSOR_MS = { software: 0.05, unknown: 2 } as const;
/** A turn is worth comparing when the slower family takes so many milliseconds: clocks and waits are coarse. */
const CLEAR_MS = 3;
/** At most so many products a turn. */
const MOST_PRODUCTS = 64;
/** Turns of each family, alternating; the quickest counts. */
const TURNS = 2;

/** Chooses by timing. A family that can hardly be told from the other, by a coarse clock, is `tiled`. */
export async function chooseFamilies(time: Stopwatch, isSoftware: boolean): Promise<ProductFamilies> {
  const most = isSoftware ? PROCESSOR_MS.software : PROCESSOR_MS.unknown;
  if ((await timeOfOne(time)) > most) return { small: 'direct', large: 'direct' };
  return { small: await fasterFamily(time, 'small'), large: await fasterFamily(time, 'large') };
}

/** Of a small product of the direct family, without what a turn costs whatever it holds. */
async function timeOfOne(time: Stopwatch): Promise<number> {
  // The first turn compiles.
  await time('direct', 'small', 1);
  let one = Number.POSITIVE_INFINITY;
  let four = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < TURNS; turn++) {
    one = Math.min(one, await time('direct', 'small', 1));
    four = Math.min(four, await time('direct', 'small', 4));
  }
  return (four - one) / 3;
}

async function fasterFamily(time: Stopwatch, size: ProductSize): Promise<ProductFamily> {
  // Compiles, and wakes a GPU that slept.
  await time('direct', size, 1);
  await time('tiled', size, 1);
  for (let products = 1; ; products = Math.min(4 * products, MOST_PRODUCTS)) {
    let direct = Number.POSITIVE_INFINITY;
    let tiled = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < TURNS; turn++) {
      direct = Math.min(direct, await time('direct', size, products));
      tiled = Math.min(tiled, await time('tiled', size, products));
    }
    const isClear = Math.max(direct, tiled) >= CLEAR_MS || products === MOST_PRODUCTS;
    if (isClear) return direct < 0.9 * tiled ? 'direct' : 'tiled';
  }
}
