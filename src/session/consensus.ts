/**
 * Consensus distance Ξ = sqrt((1/n) Σ‖x_i − x̄‖²) of one round, from whatever is at hand: the parameters
 * themselves when every worker is in this tab (exact), else sketches of them (an unbiased estimate of Ξ²,
 * since sketching is linear and keeps squared norms in expectation).
 */
export interface ConsensusResult {
  readonly round: number;
  readonly value: number;
  readonly exact: boolean;
  /** ‖x_i − x̄‖ by seat. */
  readonly distances: Readonly<Record<number, number>>;
  /** x̄, in exact measurements. */
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

/** Summed first and then divided: of vectors that are all the same it is that vector, to the last bit. */
function meanOf(vectors: readonly Float32Array[]): Float64Array {
  const mean = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) {
    for (let k = 0; k < mean.length; k += 1) mean[k] = (mean[k] ?? 0) + (vector[k] ?? 0);
  }
  return mean.map((sum) => sum / vectors.length);
}

/** Distances of vectors (in seat order) to their mean, and Ξ; sums in double precision, fixed order. */
export function distancesToMean(vectors: readonly Float32Array[]): {
  mean: Float64Array;
  distances: number[];
  value: number;
} {
  const mean = meanOf(vectors);
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

export class Consensus {
  readonly #open = new Map<number, Map<number, Float32Array>>();

  /** Starts over: another view or epoch. */
  clear(): void {
    this.#open.clear();
  }

  /**
   * Adds one worker's parameters (`exact`) or sketch for a round; gives the result once all `seats` are in.
   */
  add(
    round: number,
    seat: number,
    vector: Float32Array,
    seats: readonly number[],
    exact: boolean,
  ): ConsensusResult | null {
    const known = this.#open.get(round) ?? new Map<number, Float32Array>();
    this.#open.set(round, known);
    known.set(seat, vector);
    let bytes = 0;
    for (const each of this.#open.values()) bytes += each.size * vector.byteLength;
    for (const [oldest, { size }] of this.#open) {
      if (this.#open.size <= MAX_OPEN || (this.#open.size <= MAX_LATE && bytes <= MAX_BYTES)) break;
      this.#open.delete(oldest);
      bytes -= size * vector.byteLength;
    }
    const vectors: Float32Array[] = [];
    for (const each of seats) {
      const held = known.get(each);
      if (held === undefined) return null;
      vectors.push(held);
    }
    this.#open.delete(round);
    const { mean, distances, value } = distancesToMean(vectors);
    return {
      round,
      value,
      exact,
      distances: Object.fromEntries(seats.map((each, index) => [each, distances[index] ?? 0])),
      mean: exact ? Float32Array.from(mean) : null,
    };
  }
}
