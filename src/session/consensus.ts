/**
 * Consensus distance Ξ = sqrt((1/n) Σ‖x_i − x̄‖²) of one round, from whatever is at hand: the parameters
 * themselves when every worker is in this tab (exact), else sketches of them (an unbiased estimate of Ξ²,
 * since sketching is linear and keeps squared norms in expectation). x̄ is the average model; of push-sum the
 * de-biased one. Where a server's model is reported nobody has to agree, and there is no consensus distance.
 */
import { combined } from '../algorithms/reported.ts';

export interface ConsensusResult {
  readonly round: number;
  readonly value: number;
  readonly exact: boolean;
  /** ‖x_i − x̄‖ by seat. */
  readonly distances: Readonly<Record<number, number>>;
  /** x̄, in exact measurements: the average model, or the de-biased one. */
  readonly mean: Float32Array | null;
}

/** Seed of the sketch: the same for all, so that sketches can be subtracted. */
export const SKETCH_SEED = 0x6d75726d;
/** Numbers in a sketch: relative error of an estimated Ξ² about sqrt(2 / 256) = 9 %. */
export const SKETCH_LENGTH = 256;
/** Rounds waiting for the last worker's numbers; as many as stragglers may need within so many bytes. */
const MAX_OPEN = 8;
const MAX_LATE = 128;
const MAX_BYTES = 67_108_864;

/**
 * Distances of vectors (in seat order) to their mean, in which each has this weight (all the same if none are
 * given), and Ξ; sums in double precision, fixed order.
 */
export function distancesToMean(
  vectors: readonly Float32Array[],
  weights: readonly number[] = vectors.map(() => 1),
): {
  mean: Float64Array;
  distances: number[];
  value: number;
} {
  const mean = combined(vectors, weights);
  const squares = vectors.map((vector) => {
    let sum = 0;
    for (let k = 0; k < mean.length; k += 1) sum += ((vector[k] ?? 0) - (mean[k] ?? 0)) ** 2;
    return sum;
  });
  const total = squares.reduce((sum, square) => sum + square, 0);
  return {
    mean,
    distances: squares.map(Math.sqrt),
    value: Math.sqrt(total / Math.max(1, vectors.length)),
  };
}

/** Ξ of distances to the mean. */
export function rootMeanSquare(distances: ArrayLike<number>): number {
  const squares = Array.from(distances).reduce((sum, distance) => sum + distance ** 2, 0);
  return Math.sqrt(squares / Math.max(1, distances.length));
}

/** What one worker is for a round: its parameters or their sketch, and its weight in the mean. */
interface Held {
  readonly vector: Float32Array;
  readonly weight: number;
}

export class Consensus {
  readonly #open = new Map<number, Map<number, Held>>();

  /** Starts over: another view or epoch. */
  clear(): void {
    this.#open.clear();
  }

  /**
   * Adds one worker's parameters (`exact`) or sketch for a round, with its weight in the mean; gives the result
   * once all `seats` are in.
   */
  add(
    round: number,
    seat: number,
    vector: Float32Array,
    seats: readonly number[],
    exact: boolean,
    weight = 1,
  ): ConsensusResult | null {
    const known = this.#open.get(round) ?? new Map<number, Held>();
    this.#open.set(round, known);
    known.set(seat, { vector, weight });
    let bytes = 0;
    for (const each of this.#open.values()) bytes += each.size * vector.byteLength;
    for (const [oldest, { size }] of this.#open) {
      if (this.#open.size <= MAX_OPEN || (this.#open.size <= MAX_LATE && bytes <= MAX_BYTES)) break;
      this.#open.delete(oldest);
      bytes -= size * vector.byteLength;
    }
    const all: Held[] = [];
    for (const each of seats) {
      const held = known.get(each);
      if (held === undefined) return null;
      all.push(held);
    }
    this.#open.delete(round);
    const {
      mean,
      distances: given,
      value: whole,
    } = distancesToMean(
      all.map((each) => each.vector),
      all.map((each) => each.weight),
    );
    // Estimates go to the other tabs as f32; all are to have the same.
    const distances = exact ? given : given.map(Math.fround);
    const value = exact ? whole : rootMeanSquare(distances);
    return {
      round,
      value,
      exact,
      distances: Object.fromEntries(seats.map((each, index) => [each, distances[index] ?? 0])),
      mean: exact ? Float32Array.from(mean) : null,
    };
  }
}
