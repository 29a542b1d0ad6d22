/**
 * Which model the figures of a run are of. Every algorithm says it (`reports`), and everything that speaks of
 * "the model" of a run follows: evaluations, charts, files, the target accuracy, the consensus distance.
 *
 *   server      x of the worker that plays the server; the others hold copies of it, and older ones
 *   replica     x of any worker: all hold the same bits
 *   average     x̄ = (1/n) Σ x_i                   what gossip converges to
 *   de-biased   Σ u_i / Σ w_i = Σ w_i z_i / Σ w_i   of push-sum, whose workers hold z_i = u_i / w_i
 *
 * All of them are one thing: a mean of the workers' models with weights that say how much of each is in it.
 */
import type { Graph } from '../topology/graph.ts';

export type Reported = 'server' | 'replica' | 'average' | 'de-biased';

/** What a figure is of, to be said after it: "91.2 % (the server’s model)". */
export const REPORTED_MODEL: Readonly<Record<Reported, string>> = {
  server: 'the server’s model',
  replica: 'the model that all workers hold',
  average: 'the average of all workers’ models',
  'de-biased': 'the de-biased average of all workers’ models',
};

/** Rank of the worker that plays the server: the centre of the star, or the first where all are connected. */
export function serverOf({ isStar }: Pick<Graph, 'isStar'>): number {
  return isStar ?? 0;
}

/**
 * How much of each worker's model is in the reported one, by rank; to be divided by their sum. `weights` are
 * the workers' own (w_i of push-sum), which only a de-biased average asks for.
 */
export function partsOf(
  reported: Reported,
  graph: Pick<Graph, 'isStar'>,
  weights: readonly number[],
): readonly number[] {
  if (reported === 'average') return weights.map(() => 1);
  if (reported === 'de-biased') return weights;
  const rank = reported === 'server' ? serverOf(graph) : 0;
  return weights.map((_, index) => (index === rank ? 1 : 0));
}

/**
 * The mean of vectors of one length with these parts. Summed first, in double precision and in the order
 * given, and then divided: of vectors that are all the same it is that vector, to the last bit.
 */
export function combined(vectors: readonly Float32Array[], parts: readonly number[]): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0);
  let whole = 0;
  for (const [index, vector] of vectors.entries()) {
    const part = parts[index] ?? 0;
    if (part === 0) continue;
    whole += part;
    for (let k = 0; k < sum.length; k += 1) sum[k] = (sum[k] ?? 0) + part * (vector[k] ?? 0);
  }
  return sum.map((value) => value / whole);
}
