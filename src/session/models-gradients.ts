/**
 * How different the workers' data make their gradients, at the point where all begin:
 *
 *     ζ² = (1/n) Σ ‖∇f_i(x_0) - ∇f(x_0)‖²,   ∇f = (1/n) Σ ∇f_i,
 *
 * f_i being the mean loss over the rows that worker i holds. The number that bounds what data which are not
 * alike cost D-PSGD, and that D² does without (Lian et al. 2017, assumption 1; Tang et al. 2018).
 */
import type { Clock } from '../base/clock.ts';
import type { Assets } from './assets.ts';

/** Rows looked at, of all workers together; an even choice of each worker's where there are more. */
const MAX_ROWS = 10_000;
/** Longest time without letting messages and timers through, in ms. */
const BREATH_MS = 12;

export interface GradientDifference {
  /** ζ². */
  readonly difference: number;
  /** ‖∇f(x_0)‖². */
  readonly gradient: number;
  readonly rows: number;
  readonly available: number;
}

/** Every so many of these rows, so that at most `most` are left, wherever the others lie. */
function evenly(rows: Uint32Array, most: number): Uint32Array {
  if (rows.length <= most) return rows;
  return Uint32Array.from({ length: most }, (_, at) => rows[Math.floor((at * rows.length) / most)] ?? 0);
}

/**
 * @param parts rows of each worker; those without rows do not count.
 * @param start x_0.
 */
export async function gradientDifference(
  assets: Assets,
  parts: readonly Uint32Array[],
  start: Float32Array,
  clock: Clock,
): Promise<GradientDifference> {
  const { compute, layout, data } = assets;
  const held = parts.filter(({ length }) => length > 0);
  const looked = held.map((rows) => evenly(rows, Math.floor(MAX_ROWS / held.length)));
  const [x, step, sum] = [0, 1, 2].map(() => compute.vector(layout.length));
  const losses = compute.vector(2);
  if (x === undefined || step === undefined || sum === undefined) throw new RangeError('Three vectors.');
  const mean = new Float64Array(layout.length);
  let squares = 0;
  let breathed = clock.now();
  try {
    compute.upload(x, start);
    for (const rows of looked) {
      const batch = assets.capacity;
      for (let at = 0; at < rows.length; at += batch) {
        const chunk = rows.subarray(at, at + batch);
        // The program may have been replaced by a larger one meanwhile.
        assets.program.gradient(x, data, chunk, step, losses, 0);
        const share = [chunk.length / rows.length, step] as const;
        compute.linear(sum, at === 0 ? [share] : [[1, sum], share]);
        if (clock.now() - breathed < BREATH_MS) continue;
        await compute.finish();
        await clock.sleep(0);
        breathed = clock.now();
      }
      (await compute.read(sum)).forEach((value, k) => {
        squares += value ** 2 / held.length;
        mean[k] = (mean[k] ?? 0) + value / held.length;
      });
    }
  } finally {
    compute.free(x, step, sum, losses);
  }
  const gradient = mean.reduce((total, value) => total + value ** 2, 0);
  const count = (all: readonly Uint32Array[]) => all.reduce((total, { length }) => total + length, 0);
  // The mean square about the mean; a difference of rounding errors is none.
  return {
    difference: Math.max(0, squares - gradient),
    gradient,
    rows: count(looked),
    available: count(held),
  };
}
